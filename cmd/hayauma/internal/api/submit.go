package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/oklog/ulid/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/calendar"
	"hayauma.example/actors/template"
	"hayauma.example/engine"
)

const maxKey = 255 // bytes of an Idempotency-Key

// submission is one POST /v1/campaigns on its way.
type submission struct {
	server     *server
	id         string
	campaign   engine.Ref[actors.CampaignMsg]
	definition actors.Definition
	templates  []*template.Template // of the messages, by variant or step
	needs      []string             // variables that every row must have
	optional   []string             // … and those that it may
	parts      *multipart.Reader
	audience   audience.Source
	upload     string
	trace      engine.Trace // of the span that accepts it; not valid: nobody traces
	rc         *http.ResponseController
}

// submit answers POST /v1/campaigns. It reads no more of the body than it needs for its answer.
func (s *server) submit(w http.ResponseWriter, r *http.Request) {
	err := s.accept(w, r)
	if err == nil {
		return
	}
	writeProblem(w, s.refusal(err))
}

func (s *server) accept(w http.ResponseWriter, r *http.Request) error {
	key := r.Header.Get("Idempotency-Key")
	if key == "" || len(key) > maxKey {
		return huma.Error400BadRequest(fmt.Sprintf("Idempotency-Key is missing or over %d bytes: send one, and the same one when the request is repeated", maxKey))
	}
	body := patient{r.Body, http.NewResponseController(w), newPatience()}
	if !s.places.take(r.Context(), body) {
		w.Header().Set("Retry-After", "5")
		return huma.Error503ServiceUnavailable(fmt.Sprintf("%d submissions are being received: try again in a few seconds", maxUploads))
	}
	defer s.places.leave(body)
	id := actors.CampaignID(tokenID, key)
	sub := &submission{server: s, id: id, campaign: actors.Campaigns.Ref(s.System, id), rc: body.rc}
	r.Body = body
	over := sub.traced(w, r)
	err := sub.receive(r)
	if over(err); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Location", "/v1/campaigns/"+id)
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(Submitted{ID: id}) // a client that has gone asks again
	return nil
}

// receive returns when the campaign is accepted.
func (sub *submission) receive(r *http.Request) (err error) {
	if sub.parts, err = r.MultipartReader(); err != nil {
		return huma.Error400BadRequest("the body is not multipart/form-data with the parts campaign and audience: " + excerpt(err.Error()))
	}
	if err := sub.readCampaign(r.Context()); err != nil {
		return err
	}
	if err := sub.openAudience(); err != nil {
		return err
	}
	sub.upload = ulid.Make().String()
	ticket, err := ask[actors.UploadTicket](r.Context(), sub.server, sub.campaign, actors.CampaignMsg(actors.BeginUpload{Upload: sub.upload}))
	switch {
	case err != nil:
		return err
	case ticket.Accepted != nil:
		return sub.compare(r.Context(), *ticket.Accepted)
	}
	return sub.store(r.Context())
}

func (sub *submission) readCampaign(ctx context.Context) error {
	if err := sub.readDefinition(); err != nil {
		return err
	}
	if err := sub.checkEarlier(ctx); err != nil {
		return err
	}
	return sub.checkChannel(ctx)
}

func (sub *submission) readDefinition() error {
	part, err := sub.parts.NextPart()
	switch {
	case err != nil:
		return broken(err)
	case part.FormName() != "campaign":
		return huma.Error400BadRequest(fmt.Sprintf("the first part is %q: it must be campaign, and audience the second", excerpt(part.FormName())))
	}
	if sub.definition, err = readDefinition(part); err != nil {
		return broken(err)
	}
	return sub.checkMessages()
}

// checkMessages refuses messages that no audience could make right, and learns what they need of one.
func (sub *submission) checkMessages() error {
	d := &sub.definition
	var err error
	switch {
	case len(d.Variants) > 0:
		for i, v := range d.Variants {
			err = cmp.Or(err, sub.checkTemplate(v.Messages, fmt.Sprintf("variants[%d].", i)))
		}
	case len(d.Steps) > 0:
		for i, step := range d.Steps {
			err = cmp.Or(err, sub.checkTemplate(step.Messages, fmt.Sprintf("steps[%d].", i)))
		}
	default:
		err = sub.checkTemplate(d.Messages, "")
	}
	if c := d.ZoneColumn; c != "" && !slices.Contains(sub.needs, c) && !slices.Contains(sub.optional, c) {
		sub.optional = append(sub.optional, c)
	}
	return err
}

// rules are what is asked of an audience's values besides what the templates need.
func (sub *submission) rules() map[string]func([]byte) string {
	column := sub.definition.ZoneColumn
	if column == "" {
		return nil
	}
	var zones calendar.Zones
	return map[string]func([]byte) string{column: func(value []byte) string {
		if _, err := zones.Zone(string(value)); err != nil {
			return "is not a time zone: give an IANA name such as Asia/Tokyo, or leave it empty"
		}
		return ""
	}}
}

func (sub *submission) checkTemplate(messages json.RawMessage, where string) error {
	t, err := checkMessages(messages)
	if problem, ok := errors.AsType[actors.Problem](err); ok {
		problem.Detail = where + problem.Detail
		return problem
	} else if err != nil {
		return err
	}
	sub.templates = append(sub.templates, t)
	for _, name := range t.Variables() {
		if !slices.Contains(sub.needs, name) {
			sub.needs = append(sub.needs, name)
		}
	}
	for _, name := range t.Optional() {
		if !slices.Contains(sub.optional, name) {
			sub.optional = append(sub.optional, name)
		}
	}
	sub.optional = slices.DeleteFunc(sub.optional, func(name string) bool { return slices.Contains(sub.needs, name) })
	return nil
}

// checkEarlier refuses to wait for the end of a campaign that is not there.
func (sub *submission) checkEarlier(ctx context.Context) error {
	id := sub.definition.After
	switch id {
	case "":
		return nil
	case sub.id:
		return refused("schedule.after is this campaign itself")
	}
	_, err := ask[actors.Info](ctx, sub.server, actors.Campaigns.Ref(sub.server.System, id), actors.CampaignMsg(actors.Show{}))
	if isNotFound(err) {
		return refused("schedule.after: there is no campaign %s", id)
	}
	return err
}

// broken is the client's fault or departure, where err is not already the answer.
func broken(err error) error {
	var problem actors.Problem
	switch {
	case errors.As(err, &problem), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, errTooSlow):
		return huma.NewError(http.StatusRequestTimeout, fmt.Sprintf(
			"the body comes too slowly, nothing was accepted: send at least %d bytes a second, and more while others wait", paceRate))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return huma.Error400BadRequest("the body ends too early, nothing was accepted: " +
			"it needs the parts campaign and audience, in this order, and the final boundary")
	}
	return huma.Error400BadRequest("the body can't be read: " + excerpt(err.Error()))
}

// checkChannel refuses a channel that is not there, unless the campaign was accepted while it was.
func (sub *submission) checkChannel(ctx context.Context) error {
	s, name := sub.server, sub.definition.Channel
	if !channelName.MatchString(name) {
		return impossibleChannel(name)
	}
	_, err := s.describeChannel(ctx, name)
	if !isNotFound(err) {
		return err
	}
	if _, err := ask[actors.Info](ctx, s, sub.campaign, actors.CampaignMsg(actors.Show{})); err == nil {
		return nil
	}
	return unknownChannel(name)
}

func (s *server) describeChannel(ctx context.Context, name string) (actors.ChannelInfo, error) {
	return ask[actors.ChannelInfo](ctx, s, actors.Channels.Ref(s.System, name), actors.ChannelMsg(actors.DescribeChannel{}))
}

func impossibleChannel(name string) error {
	return refused("unknown channel %q: a channel's name is made of a-z, 0-9, _ and -; see: hayauma channel list", excerpt(name))
}

func unknownChannel(name string) error {
	return refused("unknown channel %q; add it with: hayauma channel add %s --endpoint URL --token-env VAR", name, name)
}

func (sub *submission) openAudience() error {
	part, err := sub.parts.NextPart()
	switch {
	case err != nil:
		return broken(err)
	case part.FormName() != "audience":
		return huma.Error400BadRequest(fmt.Sprintf("the second part is %q: it must be audience", excerpt(part.FormName())))
	}
	sub.audience.Reader = toItsEnd{part, sub.rc}
	given := part.Header.Get("Content-Type")
	kind, _, err := mime.ParseMediaType(given)
	switch {
	case err == nil && kind == "text/csv":
		sub.audience.Format = audience.CSV
	case err == nil && kind == "application/x-ndjson":
		sub.audience.Format = audience.NDJSON
	default:
		return huma.Error415UnsupportedMediaType(fmt.Sprintf(
			"the audience part has the Content-Type %q: it must be text/csv or application/x-ndjson", excerpt(given)))
	}
	switch encoding := part.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		sub.audience.Gzip = true
	default:
		return huma.Error415UnsupportedMediaType(fmt.Sprintf("the audience part has the Content-Encoding %q: only gzip is possible", excerpt(encoding)))
	}
	return nil
}

// nothingMore refuses what stands behind the audience: it would be lost, and its sender would not know. It is called when the audience
// is read to its end.
func (sub *submission) nothingMore() error {
	defer func() { _ = sub.rc.SetReadDeadline(time.Time{}) }() // as toItsEnd does
	part, err := sub.parts.NextPart()
	switch {
	case err == nil:
		return huma.Error400BadRequest(fmt.Sprintf("a third part %q follows the audience, nothing was accepted: "+
			"send all recipients in one audience part", excerpt(part.FormName())))
	case err == io.EOF: // a wrapped one is a body without its final boundary
		return nil
	}
	return broken(err)
}
