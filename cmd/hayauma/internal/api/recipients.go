package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/oklog/ulid/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/plan"
	"hayauma.example/engine"
)

type (
	recipientsInput struct {
		ID     string   `path:"id"`
		State  []string `query:"state,explode" nullable:"false" doc:"Only recipients in these states, joined by commas or given several times; absent: all."`
		Format string   `query:"format" enum:"ndjson,csv" doc:"Goes before Accept; absent: as Accept says, which is NDJSON unless it prefers text/csv."`
		Accept string   `header:"Accept" hidden:"true"` // OpenAPI has it that this is no parameter
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
		Summary: "Export a campaign's recipients",
		Description: "NDJSON, one recipient a line, or CSV (RFC 4180) with the header user_id,index,state,reason, and variant of a campaign with variants. In CSV, a cell that a spreadsheet would " +
			"run as a formula, because it begins with =, +, -, @, a tab or a carriage return, has a ' before it. " +
			"What can't be read just now is tried again for 30 s; an export that can't be finished breaks the connection off.",
		Errors: []int{401, 404, 409, 422, 503},
		Responses: map[string]*huma.Response{"200": {
			Description: "One line for each recipient.",
			Content:     map[string]*huma.MediaType{"application/x-ndjson": {Schema: line}, "text/csv": {Schema: text("One line for each recipient.")}},
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

func (s *server) listRecipients(ctx context.Context, in *recipientsInput) (*huma.StreamResponse, error) {
	only, err := statesOf(in.State)
	if err != nil {
		return nil, err
	}
	layout, err := s.run(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		rows := newRecipientRows(in.Format == formatCSV || in.Format == "" && prefersCSV(in.Accept), len(layout.Variants) > 0)
		w.Header().Set("Content-Type", rows.kind())
		w.Header().Set("Vary", "Accept")
		out := newStream(w)
		defer out.end()
		if err := s.export(r.Context(), exported{layout, only, rows}, out); err != nil {
			if r.Context().Err() == nil {
				engine.TraceFrom(layout.Trace).Log(s.Log).Error("export broke off", "campaign", in.ID, "error", err)
			}
			panic(http.ErrAbortHandler) // the client must not take a part for the whole
		}
	}}, nil
}

// states are outcomes that are asked for; none: all.
type states []actors.Outcome

// statesOf reads lists of states; what is empty stands for all.
func statesOf(lists []string) (all states, err error) {
	for _, list := range lists {
		if list == "" {
			continue
		}
		for name := range strings.SplitSeq(list, ",") {
			o, ok := actors.ParseOutcome(name)
			if !ok {
				return nil, huma.Error422UnprocessableEntity(fmt.Sprintf(
					"state %q is no recipient's state: pending, delivered, failed, unknown, suppressed, expired, cancelled", excerpt(name)))
			}
			all = append(all, o)
		}
	}
	return all, nil
}

func (s states) have(o actors.Outcome) bool { return len(s) == 0 || slices.Contains(s, o) }

// exported is what of a run is exported, and how.
type exported struct {
	layout actors.RunLayout
	only   states
	rows   *recipientRows
}

// export writes chunk by chunk, so it holds one of them.
func (s *server) export(ctx context.Context, x exported, out stream) error {
	if err := out.write(x.rows.head()); err != nil {
		return err
	}
	for n, entry := range x.layout.Table.Chunks {
		span := actors.Span{Lo: entry.First, Hi: entry.First + entry.Count}
		page, err := again(ctx, func() (actors.Outcomes, error) {
			return ask[actors.Outcomes](ctx, s, actors.Checkers.Ref(s.System, x.layout.Run), actors.CheckerMsg(actors.Page{Span: span}))
		})
		if isNotFound(err) { // planned, and the ledger not yet opened
			page, err = actors.Outcomes{Outcomes: make([]actors.Outcome, entry.Count)}, nil
		}
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(page.Outcomes, x.only.have) {
			continue
		}
		chunk, err := again(ctx, func() (plan.Chunk, error) { return campaign.LoadChunk(ctx, s.Objects, x.layout.Chunks, uint32(n)) })
		if err != nil {
			return err
		}
		for i, planned := range chunk.Recipients {
			r := Recipient{UserID: planned.User, Index: entry.First + uint32(i), State: page.Outcomes[i].String(), Reason: at(page.Reasons, i),
				Variant: at(x.layout.Variants, int(chunk.Variant))}
			if chunk.Mode == plan.Failed {
				r.Reason = notRendered(planned)
			}
			if !x.only.have(page.Outcomes[i]) {
				continue
			}
			if err := x.rows.add(r); err != nil {
				return err
			}
		}
		if err := out.write(x.rows.take()); err != nil {
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
	w.TraceID = engine.TraceFrom(layout.Trace).TraceID()
	if w.Variant = at(layout.Variants, int(place.lot.Variant)); place.lot.Local {
		w.Due = moment(layout.Due.Add(place.lot.Delay))
	}
	if place.mode == plan.Failed {
		w.State = actors.Failed.String()
		w.Entries = slices.Insert(w.Entries, 0, failedAtPlanning(layout.Run, place))
	}
	if e, waits := deferredUntil(layout.Later, place.index); waits && account.Outcome == actors.Pending {
		w.Entries = append(w.Entries, e)
	}
	return &whyOutput{w}, nil
}

// deferredUntil is the entry for a recipient who waits for the end of his quiet hours.
func deferredUntil(later []actors.Deferral, index uint32) (e WhyEntry, waits bool) {
	for _, d := range later {
		for _, p := range d.Paths {
			if p.Lo <= index && index < p.Hi {
				e := WhyEntry{Event: "deferred", Path: actors.Span{Lo: index, Hi: index + 1}.String(), State: actors.Pending.String(), Reason: "quiet_hours"}
				e.Until = moment(d.Until)
				return e, true
			}
		}
	}
	return e, false
}

// place is where a plan has a recipient.
type place struct {
	index   uint32
	mode    plan.Mode
	planned plan.Recipient
	lot     plan.Lot
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
		chunk, err := campaign.LoadChunk(ctx, s.Objects, layout.Chunks, uint32(n))
		if err != nil {
			return place{}, false, err
		}
		if i := slices.IndexFunc(chunk.Recipients, func(r plan.Recipient) bool { return r.User == user }); i >= 0 {
			return place{index: entry.First + uint32(i), mode: chunk.Mode, planned: chunk.Recipients[i], lot: chunk.Lot}, true, nil
		}
	}
	return place{}, false, nil
}
