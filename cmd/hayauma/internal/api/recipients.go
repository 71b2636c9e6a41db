package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/oklog/ulid/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/plan"
)

type (
	recipientsInput struct {
		ID    string `path:"id"`
		State string `query:"state" doc:"Only recipients in this state; absent: all."`
	}
	whyInput struct {
		ID   string `path:"id"`
		User string `path:"user"`
	}
	whyOutput struct{ Body Why }
)

// maxUser bounds a user id in bytes: LINE's have 33.
const maxUser = 100

func (s *server) registerRecipients() {
	line := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Recipient](), true, "")
	huma.Register(s.api, huma.Operation{
		OperationID: "list-recipients", Method: http.MethodGet, Path: "/v1/campaigns/{id}/recipients", Tags: []string{"campaigns"},
		Summary:     "Export a campaign's recipients",
		Description: "NDJSON, one recipient a line. An export that can't be finished breaks the connection off.",
		Errors:      []int{401, 404, 409, 422, 503},
		Responses: map[string]*huma.Response{"200": {
			Description: "One line for each recipient.",
			Content:     map[string]*huma.MediaType{"application/x-ndjson": {Schema: line}},
		}},
	}, s.listRecipients)
	huma.Register(s.api, huma.Operation{
		OperationID: "explain-recipient", Method: http.MethodGet, Path: "/v1/campaigns/{id}/recipients/{user}/why", Tags: []string{"campaigns"},
		Summary: "Tell what became of one recipient", Errors: []int{401, 404, 409, 503},
	}, s.why)
}

// run is a planned run of a campaign, with where its recipients are.
func (s *server) run(ctx context.Context, id string) (actors.RunLayout, error) {
	ref, err := s.campaign(id)
	if err != nil {
		return actors.RunLayout{}, err
	}
	return ask[actors.RunLayout](ctx, s, ref, actors.CampaignMsg(actors.Layout{}))
}

func (s *server) chunk(ctx context.Context, chunks string, n int) (plan.Chunk, error) {
	data, err := s.Objects.Get(ctx, campaign.ChunkName(chunks, uint32(n)))
	if err != nil {
		return plan.Chunk{}, fmt.Errorf("chunk %d of %s: %w", n, chunks, err)
	}
	return plan.DecodeChunk(data)
}

func (s *server) listRecipients(ctx context.Context, in *recipientsInput) (*huma.StreamResponse, error) {
	var only *actors.Outcome
	if in.State != "" {
		o, ok := actors.ParseOutcome(in.State)
		if !ok {
			return nil, huma.Error422UnprocessableEntity(fmt.Sprintf(
				"state %q is no recipient's state: pending, delivered, failed, unknown, suppressed, expired, cancelled", excerpt(in.State)))
		}
		only = &o
	}
	layout, err := s.run(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "application/x-ndjson")
		out := newStream(w)
		defer out.end()
		if err := s.export(r.Context(), layout, only, out); err != nil {
			if r.Context().Err() == nil {
				s.Log.Error("export broke off", "campaign", in.ID, "error", err)
			}
			panic(http.ErrAbortHandler) // the client must not take a part for the whole
		}
	}}, nil
}

// export writes chunk by chunk, so it holds one of them.
func (s *server) export(ctx context.Context, layout actors.RunLayout, only *actors.Outcome, out stream) error {
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for n, entry := range layout.Table.Chunks {
		span := actors.Span{Lo: entry.First, Hi: entry.First + entry.Count}
		page, err := ask[actors.Outcomes](ctx, s, actors.Checkers.Ref(s.System, layout.Run), actors.CheckerMsg(actors.Page{Span: span}))
		if isNotFound(err) { // planned, and the ledger not yet opened
			page, err = actors.Outcomes{Outcomes: make([]actors.Outcome, entry.Count)}, nil
		}
		if err != nil {
			return err
		}
		if only != nil && !slices.Contains(page.Outcomes, *only) {
			continue
		}
		chunk, err := s.chunk(ctx, layout.Chunks, n)
		if err != nil {
			return err
		}
		lines.Reset()
		for i, planned := range chunk.Recipients {
			r := Recipient{UserID: planned.User, Index: entry.First + uint32(i), State: page.Outcomes[i].String(), Reason: at(page.Reasons, i)}
			if chunk.Mode == plan.Failed {
				r.Reason = notRendered(planned)
			}
			if only != nil && page.Outcomes[i] != *only {
				continue
			}
			if err := enc.Encode(r); err != nil {
				return err
			}
		}
		if err := out.write(lines.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// notRendered says why a recipient's message could not be made; the ledger knows only that.
func notRendered(r plan.Recipient) string {
	return "could not be rendered: " + cmp.Or(r.Reason, "see the template")
}

func (s *server) why(ctx context.Context, in *whyInput) (*whyOutput, error) {
	if len(in.User) > maxUser {
		return nil, notFound("recipient", in.User, "")
	}
	layout, err := s.run(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	place, found, err := s.find(ctx, layout, in.User)
	switch {
	case err != nil:
		return nil, s.refusal(err)
	case !found:
		return nil, notFound("recipient", in.User, " in campaign "+in.ID)
	}
	account, err := ask[actors.Account](ctx, s, actors.Checkers.Ref(s.System, layout.Run), actors.CheckerMsg(actors.Story{Index: place.index}))
	if err != nil && !isNotFound(err) { // planned, and the ledger not yet opened: pending
		return nil, err
	}
	w := whyOf(in.ID, in.User, place.index, account)
	if place.mode == plan.Failed {
		w.State = actors.Failed.String()
		w.Entries = slices.Insert(w.Entries, 0, failedAtPlanning(layout.Run, place))
	}
	return &whyOutput{w}, nil
}

// place is where a plan has a recipient.
type place struct {
	index   uint32
	mode    plan.Mode
	planned plan.Recipient
}

// failedAtPlanning is the entry for a recipient that no event tells of: the plan has failed it. Its time is that of the run's
// beginning, which the run's id holds.
func failedAtPlanning(run string, p place) WhyEntry {
	e := WhyEntry{Event: "planned", Path: actors.Span{Lo: p.index, Hi: p.index + 1}.String(), State: actors.Failed.String(), Reason: notRendered(p.planned)}
	if id, err := ulid.ParseStrict(run); err == nil {
		e.At = id.Timestamp().UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	return e
}

// find reads the run's chunks until one has the user: there is no index by user, and the question is rare.
func (s *server) find(ctx context.Context, layout actors.RunLayout, user string) (where place, found bool, err error) {
	for n, entry := range layout.Table.Chunks {
		chunk, err := s.chunk(ctx, layout.Chunks, n)
		if err != nil {
			return place{}, false, err
		}
		if i := slices.IndexFunc(chunk.Recipients, func(r plan.Recipient) bool { return r.User == user }); i >= 0 {
			return place{index: entry.First + uint32(i), mode: chunk.Mode, planned: chunk.Recipients[i]}, true, nil
		}
	}
	return place{}, false, nil
}
