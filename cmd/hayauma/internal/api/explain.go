package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/calendar"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/explain"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/recipient"
	"hayauma.example/engine"
)

const (
	maxExplains  = 2        // at once
	maxSample    = 100      // rendered messages in one answer
	maxEpilogue  = 64 << 10 // bytes behind the final boundary that are read, to be told when the client goes
	quotaTimeout = 10 * time.Second

	settingsTimeout = 30 * time.Second
)

// explanation is one POST /v1/campaigns/explain on its way. Its submission is never begun.
type explanation struct {
	submission
	sample   int
	settings actors.Settings
}

// explain answers POST /v1/campaigns/explain.
func (s *server) explain(w http.ResponseWriter, r *http.Request) {
	err := s.explained(w, r)
	if err == nil {
		return
	}
	writeProblem(w, s.refusal(err))
}

func (s *server) explained(w http.ResponseWriter, r *http.Request) error {
	sample, err := sampleOf(r.URL)
	if err != nil {
		return err
	}
	body := patient{r.Body, http.NewResponseController(w), newPatience()}
	if !s.explains.take(r.Context(), body) {
		w.Header().Set("Retry-After", "5")
		return huma.Error429TooManyRequests(fmt.Sprintf("%d campaigns are being explained: try again in a few seconds", maxExplains))
	}
	defer s.explains.leave(body)
	r.Body = body
	x := &explanation{submission: submission{server: s, rc: body.rc}, sample: sample}
	answer, err := x.run(r, func() { s.explains.settle(body) })
	if err != nil {
		return err
	}
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false) // samples as they would be sent
	if err := enc.Encode(answer); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	out := newStream(w) // a client that doesn't read gives its place up
	defer out.end()
	_ = out.write(data.Bytes()) // a client that has gone reads nothing
	return nil
}

// sampleOf reads the query, in which nothing but sample may stand.
func sampleOf(u *url.URL) (int, error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return 0, huma.Error422UnprocessableEntity("the query can't be read: only sample=N is possible")
	}
	for name := range query {
		if name != "sample" {
			return 0, huma.Error422UnprocessableEntity(fmt.Sprintf("unknown query parameter %q: only sample=N is possible", excerpt(name)))
		}
	}
	if !query.Has("sample") {
		return 0, nil
	}
	n, err := strconv.Atoi(query.Get("sample"))
	if err != nil || n < 0 || n > maxSample || len(query["sample"]) > 1 {
		return 0, huma.Error422UnprocessableEntity(fmt.Sprintf("sample=%s is not one number from 0 to %d", excerpt(query.Get("sample")), maxSample))
	}
	return n, nil
}

// run does the work. It calls received when nothing more is expected of the sender.
func (x *explanation) run(r *http.Request, received func()) (Explanation, error) {
	if err := x.begin(r); err != nil {
		return Explanation{}, err
	}
	d := x.nextOccurrence(time.Now())
	now := d.At
	if now.IsZero() {
		now = time.Now()
	}
	settings, err := x.server.settingsOf(r.Context(), d.Channel)
	if err != nil {
		return Explanation{}, err
	}
	rehearsal, err := explain.Read(r.Context(), explain.Input{
		Audience: x.audience, Limits: audience.Limits{Bytes: maxAudience}, Template: x.templates[0],
		Now: calendar.Clock(now, d.Zone), Check: line.CheckMessages, Sample: x.sample,
		Settings: settings, Screen: recipient.Screen{Topic: d.Topic, Zone: d.Zone},
		Fill: lotsOf(d, now, settings), Needs: x.needs, Extra: x.optional, Rules: x.rules(),
	}, explain.Options{Dir: x.server.Temp, Room: x.server.Room, MulticastLeast: campaign.MulticastLeast})
	if err != nil {
		return Explanation{}, audienceRefusal(err)
	}
	defer func() {
		if err := rehearsal.Close(); err != nil {
			x.server.Log.Warn("temporary files of an explanation are left", "error", err)
		}
	}()
	if err := x.nothingMore(); err != nil {
		return Explanation{}, err
	}
	x.toTheEnd(r.Body)
	received()
	report, err := rehearsal.Explain(r.Context())
	if err != nil {
		return Explanation{}, err
	}
	answer := explanationOf(d, x.settings, report)
	x.askProvider(r.Context(), &answer, report.Shapes)
	answer.finish(d, report.Lots, x.settings.Limits, time.Now())
	return answer, context.Cause(r.Context())
}

// settingsOf are those of a channel's users; nil: nobody has any.
func (s *server) settingsOf(ctx context.Context, channel string) (func(user string) (actors.RecipientSettings, bool), error) {
	if s.Settings == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, settingsTimeout)
	defer cancel()
	set, err := s.Settings(ctx, channel)
	if err != nil {
		return nil, huma.Error503ServiceUnavailable("the settings of the channel's recipients can't be read: " + excerptOf(err, maxReason))
	}
	return set.Of, nil
}

// lotsOf divides what is explained as it would the campaign; nil: it doesn't.
func lotsOf(d actors.Definition, due time.Time, settings func(user string) (actors.RecipientSettings, bool)) func(*plan.Input) error {
	lots := campaign.Lots{Definition: d, Due: due, Seed: "explain", Settings: settings}
	if len(d.Variants) == 0 && !d.LocalTime && lots.Settings == nil {
		return nil
	}
	return lots.Fill
}

// nextOccurrence is what is explained of a campaign that recurs: what is due next.
func (x *explanation) nextOccurrence(now time.Time) actors.Definition {
	d := x.definition
	if d.Cron == "" {
		return d
	}
	zone := calendar.Foremost
	if !d.LocalTime {
		zone = calendar.Clock(now, d.Zone).Location()
	}
	if cron, err := calendar.ParseCron(d.Cron); err == nil {
		d.At, _ = cron.Next(later(d.At, now).Add(-time.Nanosecond), zone)
	}
	return d
}

// begin reads the campaign part, and what its channel has.
func (x *explanation) begin(r *http.Request) (err error) {
	if x.parts, err = r.MultipartReader(); err != nil {
		return huma.Error400BadRequest("the body is not multipart/form-data with the parts campaign and audience: " + excerpt(err.Error()))
	}
	if err := x.readDefinition(); err != nil {
		return err
	}
	if len(x.definition.Steps) > 0 {
		return refused("a sequence is explained step by step: write one step's messages into the campaign file")
	}
	info, err := x.server.channelOfCampaign(r.Context(), x.definition.Channel)
	if err != nil {
		return err
	}
	x.settings = info.Settings
	return x.openAudience()
}

// toTheEnd reads what may follow the final boundary: a server notices that a client has gone when it has read its whole request.
func (x *explanation) toTheEnd(body io.Reader) {
	_, _ = io.CopyN(io.Discard, body, maxEpilogue) // a sender that dawdles now is not watched, and has its answer
	_ = x.rc.SetReadDeadline(time.Time{})          // as toItsEnd does
}

// channelOfCampaign is the channel that a campaign names.
func (s *server) channelOfCampaign(ctx context.Context, name string) (actors.ChannelInfo, error) {
	if !channelName.MatchString(name) {
		return actors.ChannelInfo{}, impossibleChannel(name)
	}
	info, err := s.describeChannel(ctx, name)
	if isNotFound(err) {
		err = unknownChannel(name)
	}
	return info, err
}

// askProvider asks for the quota, and about shapes of messages. What it doesn't get is said in the answer.
func (x *explanation) askProvider(ctx context.Context, answer *Explanation, shapes explain.Shapes) {
	p, err := x.server.Provider(x.settings)
	if err != nil {
		answer.Quota.Problem, answer.Validation.Problem = err.Error(), err.Error()
		answer.Validation.NotChecked = answer.Validation.Shapes
		return
	}
	asking, cancel := context.WithTimeout(ctx, quotaTimeout)
	quota, err := p.Quota(asking)
	cancel()
	answer.Quota.read(quota, err)
	e := provider.Push
	if answer.Plan.Pushes == 0 {
		e = provider.Multicast
	}
	x.server.validate(ctx, asked{p, e, shapes.First}, &answer.Validation)
}

// planOf is what a campaign's plan asks of its channel; nil: there is none yet.
func planOf(i actors.Info) *CampaignPlan {
	s := i.Sends
	if s.Billed()+s.Failed == 0 {
		return nil
	}
	p := &CampaignPlan{Pushes: s.Pushes, Multicasts: s.Multicasts, MulticastRecipients: s.MulticastRecipients, QuotaNeeded: s.Billed()}
	if i.Spread > 0 {
		p.LastDue = moment(i.Due.Add(i.Spread))
	}
	return p
}

// limitsTimeout is how long a campaign that is shown waits for its channel.
const limitsTimeout = time.Second

// secondsAtLeast is how long a plan's calls take at least; nil: its channel can't be asked.
func (s *server) secondsAtLeast(ctx context.Context, i actors.Info) *float64 {
	ctx, cancel := context.WithTimeout(ctx, limitsTimeout)
	defer cancel()
	info, err := engine.Ask[actors.ChannelInfo](ctx, actors.Channels.Ref(s.System, i.Channel), actors.ChannelMsg(actors.DescribeChannel{}))
	if err != nil {
		return nil // it was removed, or nobody carries it just now: the rest of the campaign is shown
	}
	seconds := info.Settings.Limits.AtLeast(i.Sends).Seconds()
	return &seconds
}
