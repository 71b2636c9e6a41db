package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

type (
	campaignPath struct {
		ID string `path:"id"`
	}
	campaignOutput struct{ Body Campaign }
	pageInput      struct {
		Cursor  string `query:"cursor" doc:"next of the page before; absent: the first page"`
		Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		State   string `query:"state" enum:"accepted,scheduled,running,paused,finished,cancelled,expired" doc:"only campaigns in this state"`
		Channel string `query:"channel" maxLength:"63" pattern:"^[a-z0-9][a-z0-9_-]*$" doc:"only campaigns of this channel"`
	}
	pageOutput struct{ Body CampaignPage }
)

func (s *server) registerCampaigns() {
	operation := func(id, method, path, summary string, errs ...int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Errors: append(errs, 401, 503), Tags: []string{"campaigns"}}
	}
	list := operation("list-campaigns", http.MethodGet, "/v1/campaigns", "List campaigns in the order of their ids")
	list.Description = listDescription
	huma.Register(s.api, list, s.listCampaigns)
	huma.Register(s.api, operation("show-campaign", http.MethodGet, "/v1/campaigns/{id}", "Show a campaign", 404), s.showCampaign)
	huma.Register(s.api, operation("pause-campaign", http.MethodPost, "/v1/campaigns/{id}/pause", "Start no more provider calls", 404, 409),
		s.order("pause", actors.Pause{}))
	huma.Register(s.api, operation("resume-campaign", http.MethodPost, "/v1/campaigns/{id}/resume", "Go on where the pause stopped it", 404, 409),
		s.order("resume", actors.Resume{}))
	huma.Register(s.api, operation("cancel-campaign", http.MethodPost, "/v1/campaigns/{id}/cancel",
		"Send nothing more; what is in flight becomes unknown", 404, 409),
		s.order("cancel", actors.Cancel{}))
}

// campaign is the grain of an id that a client gave. Whatever is no id that we would make names no campaign, and wakes nothing.
func (s *server) campaign(id string) (engine.Ref[actors.CampaignMsg], error) {
	u, err := uuid.Parse(id)
	if err != nil || u.String() != id {
		return engine.Ref[actors.CampaignMsg]{}, notFound("campaign", id, "")
	}
	return actors.Campaigns.Ref(s.System, id), nil
}

func (s *server) showCampaign(ctx context.Context, in *campaignPath) (*campaignOutput, error) {
	info, err := s.askCampaign(ctx, in.ID, actors.Show{})
	if err != nil {
		return nil, err
	}
	return &campaignOutput{info}, nil
}

// order is an operator's command, which the log remembers.
func (s *server) order(name string, m actors.CampaignMsg) func(context.Context, *campaignPath) (*campaignOutput, error) {
	return func(ctx context.Context, in *campaignPath) (*campaignOutput, error) {
		info, err := s.askCampaign(ctx, in.ID, m)
		if err != nil {
			return nil, err
		}
		s.Log.Info("order carried out", "campaign", in.ID, "order", name, "state", info.State)
		return &campaignOutput{info}, nil
	}
}

func (s *server) askCampaign(ctx context.Context, id string, m actors.CampaignMsg) (Campaign, error) {
	ref, err := s.campaign(id)
	if err != nil {
		return Campaign{}, err
	}
	info, err := ask[actors.Info](ctx, s, ref, m)
	if err != nil {
		return Campaign{}, err
	}
	return s.shown(info), nil
}
