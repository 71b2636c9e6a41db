package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/actors"
)

// Experiment is what has come of variants, over all campaigns of a channel that name it.
type Experiment struct {
	Channel    string              `json:"channel"`
	Experiment string              `json:"experiment"`
	Variants   []ExperimentVariant `json:"variants" nullable:"false" doc:"In the order of their names. Variants of two campaigns with one name are one."`
}

// ExperimentVariant is what has come of one of them.
type ExperimentVariant struct {
	Name       string `json:"name"`
	Campaigns  Runs   `json:"campaigns"`
	Recipients int64  `json:"recipients" doc:"The sum of the following, but for requests."`
	Outcomes
	Pending  int64 `json:"pending"`
	Requests int64 `json:"requests" doc:"Provider calls, repeats among them, as they were reported with the outcomes."`
}

type (
	experimentInput struct {
		Name       string `path:"name"`
		Experiment string `path:"experiment"`
	}
	experimentOutput struct{ Body Experiment }
)

func (s *server) registerExperiments() {
	huma.Register(s.api, huma.Operation{
		OperationID: "show-experiment", Method: http.MethodGet, Path: "/v1/channels/{name}/experiments/{experiment}", Tags: []string{"channels"},
		Summary: "Show the results of variants over all campaigns of an experiment",
		Description: "An experiment is there once a campaign that names it is planned. Figures of running campaigns are up to 10 seconds old; after a crash they " +
			"may be missing for a minute, and are never lost or counted twice. They are kept when campaigns' recipients are forgotten.",
		Errors: []int{401, 404, 503},
	}, s.experiment)
}

func (s *server) experiment(ctx context.Context, in *experimentInput) (*experimentOutput, error) {
	if !channelName.MatchString(in.Name) || !channelName.MatchString(in.Experiment) {
		return nil, notFound("experiment", in.Experiment, " in channel "+excerpt(in.Name))
	}
	ref := actors.Experiments.Ref(s.System, actors.ExperimentID(in.Name, in.Experiment))
	all, err := ask[actors.AllOfThem](ctx, s, ref, actors.TallyMsg(actors.AllFigures{}))
	switch {
	case err != nil:
		return nil, err
	case len(all.Figures) == 0:
		return nil, notFound("experiment", in.Experiment, " in channel "+in.Name)
	}
	x := Experiment{Channel: in.Name, Experiment: in.Experiment}
	for _, f := range all.Figures {
		o := f.Outcomes
		v := ExperimentVariant{
			Name: f.Month, Campaigns: Runs{Started: f.Started, Finished: f.Finished}, Requests: f.Requests, Pending: o[actors.Pending],
			Outcomes: outcomesOf(f),
		}
		for _, n := range o {
			v.Recipients += n
		}
		x.Variants = append(x.Variants, v)
	}
	return &experimentOutput{x}, nil
}
