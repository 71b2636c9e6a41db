package api

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// Statistics is what became of a channel's campaigns in one month.
type Statistics struct {
	Channel    string   `json:"channel"`
	Month      string   `json:"month" doc:"YYYY-MM, of UTC."`
	Campaigns  Runs     `json:"campaigns"`
	Recipients Outcomes `json:"recipients" doc:"Recipients by the outcome that was recorded in this month, and is still theirs."`
	Requests   int64    `json:"requests" doc:"Provider calls, repeats among them, as they were reported with the outcomes; calls of a process that was killed are not known."`
}

// Runs counts campaigns.
type Runs struct {
	Started  int64 `json:"started" doc:"Planned, and due in this month. One that was cancelled before it was planned is not counted."`
	Finished int64 `json:"finished" doc:"The last recipient got an outcome in this month, be it cancelled or expired."`
}

// Outcomes counts recipients by outcome.
type Outcomes struct {
	Delivered  int64 `json:"delivered" doc:"The provider accepted it. LINE gives no receipt."`
	Failed     int64 `json:"failed"`
	Unknown    int64 `json:"unknown" doc:"May have been accepted."`
	Suppressed int64 `json:"suppressed"`
	Expired    int64 `json:"expired"`
	Cancelled  int64 `json:"cancelled"`
}

// Usage is what a channel's messages of one month cost.
type Usage struct {
	Channel   string `json:"channel"`
	Month     string `json:"month" doc:"YYYY-MM, of UTC+9, in which LINE counts sent messages."`
	Delivered int64  `json:"delivered" doc:"Messages that the provider accepted in this month: one per recipient, however many message objects it has. LINE does not bill those for users who have blocked the account, which only LINE knows, so this is the most that it bills."`
	Unknown   int64  `json:"unknown" doc:"Messages that may have been accepted, and so may be billed."`
}

type (
	monthInput struct {
		Name  string `path:"name"`
		Month string `query:"month" doc:"YYYY-MM; absent: the current one"`
	}
	statisticsOutput struct{ Body Statistics }
	usageOutput      struct{ Body Usage }
)

const figuresLag = " Figures of a running campaign are up to 10 seconds old; " +
	"after a crash they may be missing for a minute, and are never lost or counted twice. " +
	"A month may still change when it is over: an outcome counts in the month in which the provider answered."

func (s *server) registerFigures() {
	operation := func(id, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Description: description + figuresLag,
			Errors: []int{401, 404, 422, 503}, Tags: []string{"channels"}}
	}
	huma.Register(s.api, operation("channel-statistics", "/v1/channels/{name}/statistics", "Show a channel's statistics of a month", "Months are of UTC."),
		s.statistics)
	huma.Register(s.api, operation("channel-usage", "/v1/channels/{name}/usage",
		"Show what a channel's messages of a month cost", "Months are of UTC+9, as LINE's counts of sent messages."),
		s.usage)
}

func (s *server) statistics(ctx context.Context, in *monthInput) (*statisticsOutput, error) {
	f, err := s.figures(ctx, in, actors.Statistics, actors.StatisticsMonth(time.Now()))
	if err != nil {
		return nil, err
	}
	return &statisticsOutput{Statistics{
		Channel: in.Name, Month: f.Month, Campaigns: Runs{Started: f.Started, Finished: f.Finished}, Requests: f.Requests, Recipients: outcomesOf(f),
	}}, nil
}

func outcomesOf(f actors.Figures) Outcomes {
	o := f.Outcomes
	return Outcomes{
		Delivered: o[actors.Delivered], Failed: o[actors.Failed], Unknown: o[actors.Unknown],
		Suppressed: o[actors.Suppressed], Expired: o[actors.Expired], Cancelled: o[actors.Cancelled],
	}
}

func (s *server) usage(ctx context.Context, in *monthInput) (*usageOutput, error) {
	f, err := s.figures(ctx, in, actors.Usages, actors.BillingMonth(time.Now()))
	if err != nil {
		return nil, err
	}
	return &usageOutput{Usage{Channel: in.Name, Month: f.Month, Delivered: f.Outcomes[actors.Delivered], Unknown: f.Outcomes[actors.Unknown]}}, nil
}

var monthName = regexp.MustCompile(`^[0-9]{4}-(0[1-9]|1[0-2])$`)

// figures asks for a month, and whether there is such a channel where it had none: what a removed channel cost can still be read.
func (s *server) figures(ctx context.Context, in *monthInput, kind *engine.Kind[actors.TallyMsg], current string) (actors.Figures, error) {
	switch {
	case in.Month == "":
		in.Month = current
	case !monthName.MatchString(in.Month):
		return actors.Figures{}, s.refusal(actors.Problem{Status: http.StatusUnprocessableEntity, Title: "month refused",
			Detail: fmt.Sprintf("month %q is not a month as YYYY-MM, such as %s", excerpt(in.Month), current)})
	}
	if !channelName.MatchString(in.Name) {
		return actors.Figures{}, notFound("channel", in.Name, "")
	}
	f, err := ask[actors.Figures](ctx, s, kind.Ref(s.System, in.Name), actors.TallyMsg(actors.MonthOf{Month: in.Month}))
	if err != nil || f != (actors.Figures{Month: in.Month}) {
		return f, err
	}
	_, err = s.askChannel(ctx, in.Name, actors.DescribeChannel{})
	return f, err
}
