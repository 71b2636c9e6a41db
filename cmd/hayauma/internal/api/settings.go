package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/recipient"
	"hayauma.example/engine"
)

// NewRecipientSettings are how a user of a channel wants to be written to.
type NewRecipientSettings struct {
	OptOut     bool     `json:"opt_out,omitempty" doc:"Nothing is sent."`
	Topics     []string `json:"topics,omitempty" maxItems:"20" doc:"Topics of which nothing is sent, each named as a channel is."`
	TimeZone   string   `json:"time_zone,omitempty" doc:"IANA name such as Asia/Tokyo; absent: that of the campaign's schedule."`
	QuietHours string   `json:"quiet_hours,omitempty" doc:"Hours of the week in which nothing is sent, such as 22:00-07:00 or mon-fri 12:00-13:00."`
}

// RecipientSettings are a user's settings as shown. Who never had any has the defaults.
type RecipientSettings struct {
	UserID     string       `json:"user_id"`
	OptOut     bool         `json:"opt_out"`
	Topics     []string     `json:"topics" nullable:"false"`
	TimeZone   string       `json:"time_zone"`
	QuietHours string       `json:"quiet_hours"`
	Suppressed *Suppression `json:"suppressed,omitempty" doc:"Present where the provider has refused the user for good."`
}

// Suppression says since when and why nothing is sent to a user.
type Suppression struct {
	Reason string     `json:"reason"`
	At     *time.Time `json:"at"`
}

// ExportedSettings is one line of an export, which an import reads: what it has of a suppression is passed over there.
type ExportedSettings struct {
	UserID       string     `json:"user_id"`
	OptOut       bool       `json:"opt_out"`
	Topics       string     `json:"topics" doc:"Joined by |."`
	TimeZone     string     `json:"time_zone"`
	QuietHours   string     `json:"quiet_hours"`
	Suppressed   string     `json:"suppressed,omitempty" doc:"Why the provider has refused the user for good."`
	SuppressedAt *time.Time `json:"suppressed_at,omitempty"`
}

type (
	settingsPath struct {
		Name string `path:"name"`
		User string `path:"user"`
	}
	settingsInput struct {
		Name string `path:"name"`
		User string `path:"user"`
		Body NewRecipientSettings
	}
	settingsOutput struct{ Body RecipientSettings }
)

func (s *server) registerSettings(mux *http.ServeMux) {
	const one = "/v1/channels/{name}/recipients/{user}"
	operation := func(id, method, summary string, errs ...int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: one, Summary: summary, Errors: append(errs, 401, 404, 422, 503), Tags: []string{"recipients"}}
	}
	huma.Register(s.api, operation("show-recipient-settings", http.MethodGet, "Show how a user wants to be written to"), s.showSettings)
	set := operation("set-recipient-settings", http.MethodPut, "Set how a user wants to be written to", 507)
	set.Description = "These are all of the user's settings from now on: what is absent is the default. A suppression stays."
	huma.Register(s.api, set, s.setSettings)
	reset := operation("reset-recipient-settings", http.MethodDelete, "Set a user back to the defaults", 507)
	reset.Description, reset.DefaultStatus = "A suppression ends too.", http.StatusNoContent
	huma.Register(s.api, reset, s.resetSettings)
	line := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[ExportedSettings](), true, "")
	huma.Register(s.api, huma.Operation{
		OperationID: "export-recipient-settings", Method: http.MethodGet, Path: settingsRoute, Tags: []string{"recipients"},
		Summary:     "Export the settings of all users who have any",
		Description: "NDJSON, one user a line, in no order, as an import reads it. What can't be read just now is tried again for 30 s; an export that can't be finished breaks the connection off.",
		Errors:      []int{401, 404, 503},
		Responses: map[string]*huma.Response{"200": {
			Description: "One line for each user whose settings are not the defaults.",
			Content:     map[string]*huma.MediaType{"application/x-ndjson": {Schema: line}},
		}},
	}, s.exportSettings)
	s.registerImport(mux)
}

const settingsRoute = "/v1/channels/{name}/recipients"

// book is where a user's settings are, after a look whether there is such a channel.
func (s *server) book(ctx context.Context, p settingsPath) (ref engine.Ref[actors.RecipientMsg], err error) {
	if !audience.LineID([]byte(p.User)) {
		return ref, huma.Error422UnprocessableEntity("the user's id is not " + recipient.IDRule)
	}
	if _, err := s.askChannel(ctx, p.Name, actors.DescribeChannel{}); err != nil {
		return ref, err
	}
	return actors.Recipients.Ref(s.System, s.Recipients.Of(p.Name, p.User)), nil
}

func (s *server) showSettings(ctx context.Context, in *settingsPath) (*settingsOutput, error) {
	book, err := s.book(ctx, *in)
	if err != nil {
		return nil, err
	}
	settings, err := ask[actors.RecipientSettings](ctx, s, book, actors.RecipientMsg(actors.Lookup{User: in.User}))
	if err != nil {
		return nil, err
	}
	return &settingsOutput{settingsOf(in.User, settings)}, nil
}

func (s *server) setSettings(ctx context.Context, in *settingsInput) (*settingsOutput, error) {
	settings, err := recipient.Normal(recipient.Settings{OptOut: in.Body.OptOut, Topics: in.Body.Topics, Zone: in.Body.TimeZone, Quiet: in.Body.QuietHours})
	if err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	change := actors.RecipientChange{User: in.User, Sets: actors.AllFields &^ actors.FieldSuppressed, Settings: settings}
	path := settingsPath{in.Name, in.User}
	if err := s.changeSettings(ctx, path, change); err != nil {
		return nil, err
	}
	return s.showSettings(ctx, &path)
}

func (s *server) resetSettings(ctx context.Context, in *settingsPath) (*struct{}, error) {
	return nil, s.changeSettings(ctx, *in, actors.RecipientChange{User: in.User, Sets: actors.AllFields})
}

func (s *server) changeSettings(ctx context.Context, p settingsPath, c actors.RecipientChange) error {
	book, err := s.book(ctx, p)
	if err != nil {
		return err
	}
	_, err = ask[actors.Done](ctx, s, book, actors.RecipientMsg(actors.Change{Entries: []actors.RecipientChange{c}}))
	return err
}

func settingsOf(user string, s recipient.Settings) RecipientSettings {
	out := RecipientSettings{UserID: user, OptOut: s.OptOut, Topics: append([]string{}, s.Topics...), TimeZone: s.Zone, QuietHours: s.Quiet}
	if s.Suppressed.Reason != "" {
		out.Suppressed = &Suppression{s.Suppressed.Reason, moment(s.Suppressed.At)}
	}
	return out
}

func exportedOf(user string, s recipient.Settings) ExportedSettings {
	out := ExportedSettings{UserID: user, OptOut: s.OptOut, Topics: strings.Join(s.Topics, recipient.TopicSeparator), TimeZone: s.Zone, QuietHours: s.Quiet}
	if s.Suppressed.Reason != "" {
		out.Suppressed, out.SuppressedAt = s.Suppressed.Reason, moment(s.Suppressed.At)
	}
	return out
}

func (s *server) exportSettings(ctx context.Context, in *channelPath) (*huma.StreamResponse, error) {
	if _, err := s.askChannel(ctx, in.Name, actors.DescribeChannel{}); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "application/x-ndjson")
		out := newStream(w)
		defer out.end()
		if err := s.writeSettings(r.Context(), in.Name, out); err != nil {
			if r.Context().Err() == nil {
				s.Log.Error("export of settings broke off", "channel", in.Name, "error", err)
			}
			panic(http.ErrAbortHandler) // the client must not take a part for the whole
		}
	}}, nil
}

// writeSettings writes book by book, so it holds one of them.
func (s *server) writeSettings(ctx context.Context, channel string, out stream) error {
	const atOnce = 64 << 10 // bytes of one write
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for n := range recipient.BookCount {
		book := actors.Recipients.Ref(s.System, s.Recipients.Book(channel, n))
		users, err := recipient.Read(func(m actors.Since) (actors.RecipientDelta, error) {
			return again(ctx, func() (actors.RecipientDelta, error) {
				return ask[actors.RecipientDelta](ctx, s, book, actors.RecipientMsg(m))
			})
		})
		if err != nil {
			return err
		}
		for user, settings := range users {
			if err := enc.Encode(exportedOf(user, settings)); err != nil {
				return err
			}
			if lines.Len() < atOnce {
				continue
			}
			if err := out.write(lines.Bytes()); err != nil {
				return err
			}
			lines.Reset()
		}
	}
	return out.write(lines.Bytes())
}
