package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/catalog"
	"hayauma.example/engine"
)

const listDescription = "Each node keeps its own list, from the stored events of all campaigns. " +
	"It is eventually consistent: a campaign that was just accepted, paused or finished may be missing, or be shown as it was, for a moment, " +
	"and another node may show another moment. " +
	"The campaign itself (GET /v1/campaigns/{id}) is always up to date. " +
	"Figures of running campaigns are asked of them; where one gives no answer within a second, its recipients are shown as pending."

const orderNewest = "newest"

// errNoCursor refuses a cursor that no page has given.
func errNoCursor() error {
	return huma.Error422UnprocessableEntity("the cursor is none: take it from the page before")
}

// Times of a list.
const (
	listFor     = 3 * time.Second // a node that has just started may be reading still
	refreshFor  = time.Second
	refreshMost = 16 // questions at once
)

// listCampaigns answers from this node's list, a few at a time, until the page is full.
func (s *server) listCampaigns(ctx context.Context, in *pageInput) (*pageOutput, error) {
	if err := s.listComplete(ctx); err != nil {
		return nil, err
	}
	out := &pageOutput{CampaignPage{Campaigns: []Campaign{}}}
	q := catalog.Query{Newest: in.Order == orderNewest, Channel: in.Channel, Series: in.Series, State: actors.State(in.State)}
	if !q.Newest {
		q.After = in.Cursor
	} else if in.Cursor != "" {
		var ok bool
		if q.Behind, ok = catalog.ParsePlace(in.Cursor); !ok {
			return nil, errNoCursor()
		}
	}
	for {
		q.Limit = in.Limit - len(out.Body.Campaigns)
		items, more := s.List.Page(q, time.Now())
		s.refresh(ctx, items)
		for _, i := range items {
			q.After, q.Behind = i.ID, catalog.PlaceOf(i)
			if q.State == "" || i.State == q.State {
				out.Body.Campaigns = append(out.Body.Campaigns, s.shown(i.Info))
			}
		}
		switch {
		case !more:
			return out, nil
		case len(out.Body.Campaigns) == in.Limit:
			if out.Body.Next = q.After; q.Newest {
				out.Body.Next = q.Behind.String()
			}
			return out, nil
		case ctx.Err() != nil:
			return nil, s.refusal(ctx.Err())
		}
	}
}

func (s *server) listComplete(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, listFor)
	defer cancel()
	if err := s.List.Wait(ctx); err != nil {
		return huma.ErrorWithHeaders(
			huma.Error503ServiceUnavailable("the list of campaigns is still being read from the store: try again, or ask for one campaign by its id"),
			http.Header{"Retry-After": {"1"}})
	}
	return nil
}

// refresh asks running campaigns for what only they know.
func (s *server) refresh(ctx context.Context, items []catalog.Item) {
	ctx, cancel := context.WithTimeout(ctx, refreshFor)
	defer cancel()
	var asking sync.WaitGroup
	slots := make(chan struct{}, refreshMost)
	for i := range items {
		if !items[i].Running {
			continue
		}
		slots <- struct{}{}
		asking.Go(func() {
			defer func() { <-slots }()
			info, err := engine.Ask[actors.Info](ctx, actors.Campaigns.Ref(s.System, items[i].ID), actors.CampaignMsg(actors.Show{}))
			if err == nil { // otherwise what the list has is shown, as its description says
				items[i].Info = info
			}
		})
	}
	asking.Wait()
}
