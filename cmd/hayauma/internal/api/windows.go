package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/plan"
	"hayauma.example/engine"
)

// WindowList is a campaign's windows, the newest first.
type WindowList struct {
	Windows []Window `json:"windows" nullable:"false"`
	Total   int      `json:"total" doc:"How many there are."`
}

// Window is a stretch of a campaign that was announced on disk before the first of its calls.
type Window struct {
	Window     uint32     `json:"window" doc:"Its number, from 1."`
	Generation uint32     `json:"generation" doc:"0, or the redrive that it belongs to."`
	OpenedAt   *time.Time `json:"opened_at,omitempty"`
	Recipients uint32     `json:"recipients"`
	Returned   uint32     `json:"returned" doc:"Recipients that were given back untried: they come in a later window."`
	Suppressed uint32     `json:"suppressed" doc:"Recipients who didn't want the message when it was opened."`
	Settled    bool       `json:"settled" doc:"All of its recipients have an outcome, as far as the campaign knew when it last opened a window."`
}

// ChunkList is a stretch of a campaign's chunks.
type ChunkList struct {
	Chunks     []Chunk `json:"chunks" nullable:"false"`
	Total      int     `json:"total" doc:"How many there are."`
	Recipients uint32  `json:"recipients" doc:"Of all of them."`
}

// Chunk is up to 500 recipients who are planned alike.
type Chunk struct {
	Chunk      int      `json:"chunk" doc:"Its number, from 0."`
	First      uint32   `json:"first" doc:"Index of its first recipient in the run."`
	Recipients uint32   `json:"recipients"`
	Mode       string   `json:"mode" enum:"push,multicast,failed" doc:"Failed: nothing could be rendered for them."`
	Variant    string   `json:"variant,omitempty"`
	Outcomes   Outcomes `json:"outcomes"`
	Pending    int64    `json:"pending"`
	Reasons    []Reason `json:"reasons" nullable:"false" doc:"Why recipients have the outcomes that they have, the most frequent first."`
}

// Reason counts recipients with one outcome for one reason.
type Reason struct {
	State      string `json:"state"`
	Reason     string `json:"reason"`
	Recipients int64  `json:"recipients"`
}

// MaxChunks is how many chunks are shown at once: each is a question to the ledger.
const MaxChunks = 100

type (
	windowsInput struct {
		ID    string `path:"id"`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	}
	windowsOutput struct{ Body WindowList }
	chunksInput   struct {
		ID    string `path:"id"`
		From  int    `query:"from" minimum:"0" doc:"Number of the first one."`
		Limit int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	}
	chunksOutput struct{ Body ChunkList }
)

func (s *server) registerWindows() {
	operation := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Tags: []string{"campaigns"},
			Errors: []int{401, 404, 409, 410, 422, 503}}
	}
	huma.Register(s.api, operation("list-windows", "/v1/campaigns/{id}/windows", "List a campaign's windows, the newest first"), s.listWindows)
	huma.Register(s.api, operation("list-chunks", "/v1/campaigns/{id}/chunks", "List a campaign's chunks with their outcomes and reasons"), s.listChunks)
}

func (s *server) listWindows(ctx context.Context, in *windowsInput) (*windowsOutput, error) {
	if _, err := s.run(ctx, in.ID); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var f windowFold
	for r, err := range engine.History(ctx, s.System, actors.Campaigns, in.ID) {
		if err != nil {
			return nil, s.refusal(err)
		}
		if e, ok := r.Event.(campaign.Event); ok {
			f.apply(e)
		}
	}
	slices.Reverse(f.windows)
	return &windowsOutput{WindowList{Windows: append([]Window{}, f.windows[:min(len(f.windows), in.Limit)]...), Total: len(f.windows)}}, nil
}

// windowFold makes windows of a campaign's events.
type windowFold struct {
	windows    []Window // in their order
	generation uint32
}

func (f *windowFold) apply(e campaign.Event) {
	switch e := e.(type) {
	case campaign.WindowOpened:
		for _, number := range e.Settled {
			if w := f.window(number); w != nil {
				w.Settled = true
			}
		}
		w := Window{Window: e.Number, Generation: f.generation, OpenedAt: moment(e.At), Recipients: uint32(actors.Total(e.Paths))}
		for _, left := range e.Suppressed {
			w.Suppressed += uint32(actors.Total(left.Paths))
		}
		f.windows = append(f.windows, w)
	case campaign.WindowClosed:
		if w := f.window(e.Number); w != nil {
			w.Returned += uint32(actors.Total(e.Paths))
		}
	case campaign.RedriveAsked:
		f.generation = e.Generation
	case campaign.Finished:
		for i := range f.windows {
			f.windows[i].Settled = true
		}
	default: // it is about no window
	}
}

func (f *windowFold) window(number uint32) *Window {
	i, found := slices.BinarySearchFunc(f.windows, number, func(w Window, n uint32) int { return cmp.Compare(w.Window, n) })
	if !found {
		return nil
	}
	return &f.windows[i]
}

func (s *server) listChunks(ctx context.Context, in *chunksInput) (*chunksOutput, error) {
	layout, err := s.run(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all := layout.Table.Chunks
	out := &chunksOutput{ChunkList{Chunks: []Chunk{}, Total: len(all), Recipients: layout.Table.Recipients}}
	for n := min(in.From, len(all)); n < min(in.From+in.Limit, len(all)); n++ {
		c, err := s.chunkOutcomes(ctx, layout, n)
		if err != nil {
			return nil, err
		}
		out.Body.Chunks = append(out.Body.Chunks, c)
	}
	return out, nil
}

func (s *server) chunkOutcomes(ctx context.Context, layout actors.RunLayout, n int) (Chunk, error) {
	entry := layout.Table.Chunks[n]
	span := actors.Span{Lo: entry.First, Hi: entry.First + entry.Count}
	page, err := ask[actors.Outcomes](ctx, s, actors.Checkers.Ref(s.System, layout.Run), actors.CheckerMsg(actors.Page{Span: span}))
	if isNotFound(err) { // planned, and the ledger not yet opened
		page, err = actors.Outcomes{Outcomes: make([]actors.Outcome, entry.Count)}, nil
	}
	if err != nil {
		return Chunk{}, err
	}
	lot, _ := plan.LotOf(layout.Table, entry.First)
	c := Chunk{Chunk: n, First: entry.First, Recipients: entry.Count, Mode: modeWords[entry.Mode], Variant: at(layout.Variants, int(lot.Variant))}
	var counts [actors.Delivered + 1]int64
	why := map[Reason]int64{}
	for i, o := range page.Outcomes {
		counts[o]++
		if reason := at(page.Reasons, i); reason != "" {
			why[Reason{State: o.String(), Reason: reason}]++
		}
	}
	c.Outcomes, c.Pending, c.Reasons = outcomesOf(actors.Figures{Outcomes: counts}), counts[actors.Pending], reasonsOf(why)
	return c, nil
}

var modeWords = map[plan.Mode]string{plan.Push: "push", plan.Multicast: "multicast", plan.Failed: "failed"}

func reasonsOf(why map[Reason]int64) []Reason {
	out := make([]Reason, 0, len(why))
	for r, n := range why {
		r.Recipients = n
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Recipients, a.Recipients), cmp.Compare(a.State, b.State), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}
