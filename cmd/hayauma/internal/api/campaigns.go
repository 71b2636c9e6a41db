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
	rankInput      struct {
		ID   string `path:"id"`
		Body Rank
	}
	resumeInput struct {
		ID   string `path:"id"`
		Body *ResumeOrder
	}
	pageInput struct {
		Cursor  string `query:"cursor" doc:"next of the page before; absent: the first page"`
		Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		State   string `query:"state" enum:"accepted,scheduled,running,paused,finished,cancelled,expired" doc:"only campaigns in this state"`
		Channel string `query:"channel" maxLength:"63" pattern:"^[a-z0-9][a-z0-9_-]*$" doc:"only campaigns of this channel"`
		Series  string `query:"series" maxLength:"36" doc:"only occurrences of this campaign"`
		Order   string `query:"order" enum:"id,newest" default:"id" doc:"id: by their ids, so that those that begin alike stand together; newest: what was accepted last comes first"`
	}
	pageOutput   struct{ Body CampaignPage }
	redriveInput struct {
		ID   string `path:"id"`
		Body Redrive
	}
	redriveOutput struct{ Body Redriven }
)

func (s *server) registerCampaigns() {
	operation := func(id, method, path, summary string, errs ...int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Errors: append(errs, 401, 503), Tags: []string{"campaigns"}}
	}
	list := operation("list-campaigns", http.MethodGet, "/v1/campaigns", "List campaigns")
	list.Description = listDescription
	huma.Register(s.api, list, s.listCampaigns)
	huma.Register(s.api, operation("show-campaign", http.MethodGet, "/v1/campaigns/{id}", "Show a campaign", 404), s.showCampaign)
	huma.Register(s.api, operation("pause-campaign", http.MethodPost, "/v1/campaigns/{id}/pause", "Start no more provider calls", 404, 409),
		s.order("pause", actors.Pause{}))
	huma.Register(s.api, operation("resume-campaign", http.MethodPost, "/v1/campaigns/{id}/resume", "Go on where the pause stopped it", 404, 409),
		s.resumeCampaign)
	huma.Register(s.api, operation("rank-campaign", http.MethodPatch, "/v1/campaigns/{id}", "Change a campaign's priority and weight", 404, 409, 422),
		s.rankCampaign)
	huma.Register(s.api, operation("cancel-campaign", http.MethodPost, "/v1/campaigns/{id}/cancel",
		"Send nothing more; what is in flight becomes unknown", 404, 409),
		s.order("cancel", actors.Cancel{}))
	redrive := operation("redrive-campaign", http.MethodPost, "/v1/campaigns/{id}/redrive", "Send what failed or is unknown again", 404, 409, 422)
	redrive.Description = redriveDescription
	huma.Register(s.api, redrive, s.redrive)
}

const redriveDescription = "Recipients in the state are pending again, and sent to in a new generation, under new retry keys; " +
	"a campaign that was finished runs again. In the end the greatest outcome of all generations is a recipient's: delivered, then unknown, then failed. " +
	"Recipients whose message can't be rendered are left out. Unknown recipients may have received the message already, and may receive it twice: " +
	"that has to be acknowledged each time. A cancelled campaign, and one whose expire_after has passed, is never sent again."

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
	c := s.shown(info)
	if c.Plan != nil {
		c.Plan.SecondsAtLeast = s.secondsAtLeast(ctx, info)
	}
	return &campaignOutput{c}, nil
}

// order is an operator's command, which the log remembers.
func (s *server) order(name string, m actors.CampaignMsg) func(context.Context, *campaignPath) (*campaignOutput, error) {
	return func(ctx context.Context, in *campaignPath) (*campaignOutput, error) {
		return s.carryOut(ctx, in.ID, name, m)
	}
}

func (s *server) redrive(ctx context.Context, in *redriveInput) (*redriveOutput, error) {
	ref, err := s.campaign(in.ID)
	if err != nil {
		return nil, err
	}
	state, _ := actors.ParseOutcome(in.Body.State)
	r, err := ask[actors.Redriving](ctx, s, ref, actors.CampaignMsg(actors.Redrive{State: state, Acknowledged: in.Body.Acknowledge}))
	if err != nil {
		return nil, err
	}
	engine.TraceFrom(r.Info.Trace).Log(s.Log).Info("order carried out", "campaign", in.ID, "order", "redrive", "state", string(r.Info.State),
		"recipients", r.Recipients, "generation", r.Info.Generation)
	return &redriveOutput{Redriven{Recipients: r.Recipients, LeftOut: r.Left, Campaign: s.shown(r.Info)}}, nil
}

func (s *server) carryOut(ctx context.Context, id, name string, m actors.CampaignMsg) (*campaignOutput, error) {
	info, err := s.askCampaign(ctx, id, m)
	if err != nil {
		return nil, err
	}
	engine.TraceFrom(info.Trace).Log(s.Log).Info("order carried out", "campaign", id, "order", name, "state", string(info.State))
	return &campaignOutput{s.shown(info)}, nil
}

func (s *server) resumeCampaign(ctx context.Context, in *resumeInput) (*campaignOutput, error) {
	return s.carryOut(ctx, in.ID, "resume", actors.Resume{IgnoreQuota: in.Body != nil && in.Body.Quota == QuotaIgnore})
}

func (s *server) rankCampaign(ctx context.Context, in *rankInput) (*campaignOutput, error) {
	if in.Body == (Rank{}) {
		return nil, huma.Error422UnprocessableEntity("nothing to change: give priority, weight or both")
	}
	return s.carryOut(ctx, in.ID, "rank", actors.Rank{Priority: actors.Priority(in.Body.Priority), Weight: in.Body.Weight})
}

func (s *server) askCampaign(ctx context.Context, id string, m actors.CampaignMsg) (actors.Info, error) {
	ref, err := s.campaign(id)
	if err != nil {
		return actors.Info{}, err
	}
	return ask[actors.Info](ctx, s, ref, m)
}
