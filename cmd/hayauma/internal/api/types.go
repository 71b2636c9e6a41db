package api

import (
	"cmp"
	"reflect"
	"strings"
	"time"

	"hayauma.example/actors"
)

// Campaign is a campaign as the API shows it. Recipients are counted by outcome; delivered means that the provider
// accepted the message (LINE gives no receipt).
type Campaign struct {
	ID          string          `json:"id"`
	State       string          `json:"state" enum:"accepted,scheduled,running,paused,finished,cancelled,expired"`
	Accepted    uint64          `json:"accepted" doc:"Recipients after duplicates were dropped: the sum of delivered, failed, unknown, suppressed, expired, cancelled and pending."`
	Delivered   uint64          `json:"delivered" doc:"The provider accepted it. LINE gives no receipt."`
	Failed      uint64          `json:"failed" doc:"Finally refused, or not renderable."`
	Unknown     uint64          `json:"unknown" doc:"May have been accepted; never sent again by itself."`
	Suppressed  uint64          `json:"suppressed"`
	Expired     uint64          `json:"expired"`
	Cancelled   uint64          `json:"cancelled"`
	Pending     uint64          `json:"pending"`
	Rows        uint64          `json:"rows" doc:"Rows of the audience as sent."`
	Duplicates  uint64          `json:"duplicates" doc:"Rows dropped because their user_id stood in an earlier row."`
	Reason      string          `json:"reason" doc:"Why it is paused or ended as it did; empty otherwise."`
	Waiting     string          `json:"waiting,omitempty" doc:"Which role it needs and no node carries, and what to start: it goes on by itself then."`
	Name        string          `json:"name"`
	Channel     string          `json:"channel"`
	Mode        string          `json:"mode" doc:"push or multicast: what most recipients go by; empty before the plan."`
	Plan        *CampaignPlan   `json:"plan,omitempty" doc:"What it asks of its channel; absent before it is planned."`
	Priority    string          `json:"priority" enum:"high,normal,low" doc:"While calls of a higher one wait, none of a lower one of the same channel start."`
	Weight      int             `json:"weight" doc:"Campaigns of one channel and priority share its limits in proportion to theirs."`
	Run         string          `json:"run,omitempty"`
	Generation  uint32          `json:"generation" doc:"How many times recipients were redriven; 0: never."`
	AcceptedAt  *time.Time      `json:"accepted_at,omitempty"`
	Due         *time.Time      `json:"due,omitempty"`
	Schedule    *Schedule       `json:"schedule,omitempty" doc:"As it was submitted; absent: it was to be sent at once."`
	Topic       string          `json:"topic,omitempty" doc:"What it is about: users who have opted out of that are left out."`
	StartedAt   *time.Time      `json:"started_at,omitempty"`
	FinishedAt  *time.Time      `json:"finished_at,omitempty"`
	ForgottenAt *time.Time      `json:"forgotten_at,omitempty" doc:"When its recipients were forgotten: only the figures are kept."`
	Series      string          `json:"series,omitempty" doc:"The campaign that it is an occurrence of."`
	Variants    []VariantResult `json:"variants,omitempty" doc:"Of a campaign with variants: what has come of each; they add up to the campaign's figures."`
	Experiment  string          `json:"experiment,omitempty"`
	Recurrence  *Recurrence     `json:"recurrence,omitempty" doc:"Of a campaign that recurs or is a sequence: it sends nothing itself, and its figures are those of its occurrences."`
}

// Recurrence is what a campaign that recurs, or a sequence, has come to.
type Recurrence struct {
	Begun       uint32       `json:"begun" doc:"Occurrences that were begun."`
	Over        uint32       `json:"over" doc:"Those of them that are over."`
	Skipped     uint32       `json:"skipped" doc:"Occurrences that were left out: an earlier one still sent, or nothing ran when they were due."`
	Next        *time.Time   `json:"next,omitempty" doc:"When the next is due."`
	Occurrences []Occurrence `json:"occurrences" nullable:"false" doc:"Those that are not over, and the newest of the others."`
}

// Occurrence is one campaign of a series.
type Occurrence struct {
	Campaign  string     `json:"campaign" doc:"Its id: a campaign like any other."`
	Due       *time.Time `json:"due,omitempty"`
	Step      *uint32    `json:"step,omitempty" doc:"Of a sequence, from 0."`
	State     string     `json:"state"`
	Accepted  uint32     `json:"accepted"`
	Delivered uint32     `json:"delivered"`
	Failed    uint32     `json:"failed"`
	Unknown   uint32     `json:"unknown"`
}

// Redrive is the order to send to recipients again.
type Redrive struct {
	State       string `json:"state" enum:"failed,unknown" doc:"The state of those who are sent to again."`
	Acknowledge bool   `json:"acknowledge,omitempty" doc:"That unknown recipients may receive the message twice."`
}

// Redriven answers a redrive.
type Redriven struct {
	Recipients uint32   `json:"recipients" doc:"How many are sent to again."`
	LeftOut    uint32   `json:"left_out" doc:"How many in the state are not, because their message can't be rendered."`
	Campaign   Campaign `json:"campaign"`
}

// Final tells whether nothing of the campaign changes any more by itself: only a redrive has a finished one go on.
func (c Campaign) Final() bool { return actors.State(c.State).Final() }

func campaignOf(i actors.Info) Campaign {
	var t [actors.Delivered + 1]uint64
	for k, n := range i.Totals {
		t[k] = uint64(n)
	}
	if i.Recurs != nil {
		t = i.Recurs.Sums
	}
	c := Campaign{
		ID: i.ID, State: string(i.State), Reason: i.Reason, Name: i.Name, Channel: i.Channel, Mode: i.Mode, Plan: planOf(i), Run: i.Run, Series: i.Series, Generation: i.Generation,
		Priority: string(i.Priority.Or()), Weight: actors.WeightOf(i.Weight),
		Delivered: t[actors.Delivered], Failed: t[actors.Failed], Unknown: t[actors.Unknown], Suppressed: t[actors.Suppressed],
		Expired: t[actors.Expired], Cancelled: t[actors.Cancelled], Pending: t[actors.Pending], Rows: i.Rows, Duplicates: i.Duplicates,
		AcceptedAt: moment(i.AcceptedAt), Due: moment(i.Due), StartedAt: moment(i.StartedAt), FinishedAt: moment(i.FinishedAt),
		Recurrence: recurrenceOf(i.Recurs), ForgottenAt: moment(i.Forgotten),
		Variants: resultsOf(i), Experiment: i.Experiment, Schedule: scheduleOf(i.Schedule), Topic: i.Topic,
	}
	for _, n := range t {
		c.Accepted += n
	}
	return c
}

func recurrenceOf(r *actors.Recurrence) *Recurrence {
	if r == nil {
		return nil
	}
	out := &Recurrence{Begun: r.Begun, Over: r.Over, Skipped: r.Skipped, Next: moment(r.Next), Occurrences: []Occurrence{}}
	for _, o := range r.Newest {
		t := o.Totals
		shown := Occurrence{Campaign: o.Campaign, Due: moment(o.Due), State: string(o.State),
			Accepted: t.Sum(), Delivered: t[actors.Delivered], Failed: t[actors.Failed], Unknown: t[actors.Unknown]}
		if r.Sequence {
			shown.Step = &o.Step
		}
		out.Occurrences = append(out.Occurrences, shown)
	}
	return out
}

// shown is a campaign with what it waits for.
func (s *server) shown(i actors.Info) Campaign {
	c := campaignOf(i)
	c.Waiting = s.waits(i)
	return c
}

// needed are the roles that a campaign goes through.
var needed = []string{actors.RoleComposer, actors.RolePoster, actors.RoleChecker}

// waits tells which of them nobody carries, for a campaign that would go on now.
func (s *server) waits(i actors.Info) string {
	state := i.State
	if state == actors.StateScheduled && !i.Due.After(time.Now()) {
		state = actors.StateRunning
	}
	if state != actors.StateAccepted && state != actors.StateRunning {
		return ""
	}
	var all []string
	for _, role := range needed {
		if why := s.Cluster.Lacks(role); why != "" {
			all = append(all, why)
		}
	}
	return strings.Join(all, "; ")
}

// moment is a time as JSON can hold it: what lies beyond the year 9999 is shown as its end, and what lies before the year 0 as nothing.
func moment(t time.Time) *time.Time {
	t = t.UTC().Truncate(time.Millisecond)
	switch {
	case t.IsZero() || t.Year() < 0:
		return nil
	case t.Year() > 9999:
		t = time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)
	}
	return &t
}

// Rank is how a campaign is to stand beside others of its channel; what is absent stays.
type Rank struct {
	Priority string `json:"priority,omitempty" enum:"high,normal,low"`
	Weight   int    `json:"weight,omitempty" minimum:"1" maximum:"100"`
}

// QuotaIgnore is for a campaign that is to send as far as the month's quota goes.
const QuotaIgnore = "ignore"

// ResumeOrder is how a campaign goes on.
type ResumeOrder struct {
	Quota string `json:"quota,omitempty" enum:"ignore" doc:"ignore: send as far as the month's quota goes, though it does not suffice for all recipients."`
}

// Limits are provider calls a second by endpoint; 0 is no limit.
type Limits struct {
	Push      int `json:"push" minimum:"0" maximum:"1000000"`
	Multicast int `json:"multicast" minimum:"0" maximum:"1000000"`
}

// NewChannel is a channel as it is added or changed.
type NewChannel struct {
	Name     string  `json:"name" doc:"1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit."`
	Provider string  `json:"provider" enum:"line"`
	Endpoint string  `json:"endpoint" doc:"Base URL without /v2/bot, such as https://api.line.me."`
	TokenEnv string  `json:"token_env" doc:"Name of the variable in the daemon's environment that holds the channel access token; read at each use."`
	Limits   *Limits `json:"limits,omitempty" doc:"Absent: what LINE publishes (push 2000, multicast 200)."`
}

// Channel is a channel as shown.
type Channel struct {
	Name     string     `json:"name"`
	Provider string     `json:"provider"`
	Endpoint string     `json:"endpoint"`
	TokenEnv string     `json:"token_env"`
	Limits   Limits     `json:"limits"`
	State    string     `json:"state" enum:"sending,paused"`
	Reason   string     `json:"reason" doc:"Why it is paused; empty while it sends."`
	Warning  string     `json:"warning" doc:"What will go wrong, such as a token variable that is not set."`
	Since    *time.Time `json:"since,omitempty" doc:"When the state began."`
	Quota    *Quota     `json:"quota,omitempty" doc:"The month at the provider; absent: it was not read since the channel began to work on its node."`
	Breaker  Breaker    `json:"breaker"`
}

// Quota is a channel's month at the provider.
type Quota struct {
	Limited  bool       `json:"limited" doc:"false: the plan has no limit."`
	Limit    int64      `json:"limit" doc:"Messages a month."`
	Used     int64      `json:"used" doc:"When it was read; approximate."`
	Reserved int64      `json:"reserved" doc:"For recipients of campaigns that are not over, and for what was sent since it was read."`
	ReadAt   *time.Time `json:"read_at,omitempty" doc:"Absent: it could not be read yet."`
	Warning  string     `json:"warning" doc:"Why it could not be read last; nothing is held for that reason."`
}

// Breaker is where a channel's circuit breaker stands.
type Breaker struct {
	State string     `json:"state" enum:"closed,open,trial" doc:"open: too many of the last calls failed, so none start for a while; trial: one call shows whether the provider answers again."`
	Since *time.Time `json:"since,omitempty"`
}

func channelOf(i actors.ChannelInfo) Channel {
	s := i.Settings
	c := Channel{
		Name: s.Name, Provider: s.Provider, Endpoint: s.Endpoint, TokenEnv: s.TokenEnv, Limits: Limits(s.Limits),
		State: "sending", Reason: i.Paused, Warning: i.Warning, Since: moment(i.Since),
	}
	if i.Paused != "" {
		c.State = "paused"
	}
	if q := i.Quota; !q.Read.IsZero() || q.Trouble != "" {
		c.Quota = &Quota{Limited: q.Limited, Limit: q.Limit, Used: q.Used, Reserved: q.Reserved, ReadAt: moment(q.Read), Warning: q.Trouble}
	}
	c.Breaker = Breaker{State: cmp.Or(i.Breaker.State, "closed"), Since: moment(i.Breaker.Since)}
	return c
}

func (n NewChannel) settings() actors.Settings {
	limits := actors.LINELimits
	if n.Limits != nil {
		limits = actors.Limits(*n.Limits)
	}
	return actors.Settings{Name: n.Name, Provider: n.Provider, Endpoint: n.Endpoint, TokenEnv: n.TokenEnv, Limits: limits}
}

// NewWebhook is a webhook as it is added or changed.
type NewWebhook struct {
	Name      string   `json:"name" doc:"1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit."`
	URL       string   `json:"url" doc:"Where deliveries are posted to: http:// or https://, without a user."`
	Events    []string `json:"events,omitempty" doc:"Of campaign.started, .progress, .paused, .resumed, .finished and recipients.failed, each in full; absent: all."`
	Channel   string   `json:"channel,omitempty" doc:"Only its campaigns; there must be such a channel; absent: all."`
	SecretEnv string   `json:"secret_env" doc:"Name of the variable in the daemon's environment that holds the signing secret, as it is or as whsec_ and base64."`
}

// Webhook is a webhook as shown.
type Webhook struct {
	Name      string     `json:"name"`
	URL       string     `json:"url"`
	Events    []string   `json:"events" nullable:"false" doc:"Empty: all."`
	Channel   string     `json:"channel"`
	SecretEnv string     `json:"secret_env"`
	State     string     `json:"state" enum:"delivering,retrying,paused"`
	Reason    string     `json:"reason" doc:"The last error, or why it is paused; empty while it delivers."`
	Warning   string     `json:"warning" doc:"What will go wrong, such as a secret's variable that is not set."`
	Since     *time.Time `json:"since,omitempty" doc:"When the state began, as far as its present node knows."`
	Oldest    *time.Time `json:"oldest_undelivered,omitempty" doc:"When the oldest happened of what is known and not delivered."`
	Delivered uint64     `json:"delivered"`
	GivenUp   uint64     `json:"given_up" doc:"Deliveries that failed for 3 days."`
}

func webhookOf(i actors.WebhookInfo) Webhook {
	s := i.Settings
	return Webhook{
		Name: s.Name, URL: s.URL, Events: append([]string{}, s.Events...), Channel: s.Channel, SecretEnv: s.SecretEnv,
		State: string(i.State), Reason: i.Reason, Warning: i.Warning, Since: moment(i.Since), Oldest: moment(i.Oldest),
		Delivered: i.Delivered, GivenUp: i.GivenUp,
	}
}

// WebhookTest is what became of a test delivery.
type WebhookTest struct {
	ID        string `json:"id" doc:"The delivery's Webhook-Id."`
	Delivered bool   `json:"delivered"`
	Status    int    `json:"status,omitempty" doc:"Of the endpoint's answer."`
	Error     string `json:"error,omitempty"`
	Took      int64  `json:"took_ms"`
}

// WebhookList is all webhooks.
type WebhookList struct {
	Webhooks []Webhook `json:"webhooks" nullable:"false"`
}

// Submitted answers an accepted campaign.
type Submitted struct {
	ID string `json:"id"`
}

// Recipient is one line of a campaign's recipients.
type Recipient struct {
	UserID string `json:"user_id"`
	Index  uint32 `json:"index"`
	State  string `json:"state" enum:"pending,delivered,failed,unknown,suppressed,expired,cancelled"`
	Reason string `json:"reason"`

	Variant string `json:"variant,omitempty" doc:"Which one it gets, of a campaign with variants."`
}

// Why tells what became of one recipient, oldest entry first.
type Why struct {
	Campaign string     `json:"campaign"`
	UserID   string     `json:"user_id"`
	Index    uint32     `json:"index"`
	State    string     `json:"state"`
	Variant  string     `json:"variant,omitempty" doc:"Which one it gets, of a campaign with variants."`
	Due      *time.Time `json:"due,omitempty" doc:"When the recipient's time comes, where the campaign is sent at local time."`
	TraceID  string     `json:"trace_id,omitempty" doc:"Of the campaign's acceptance, in hexadecimal digits as W3C Trace Context has it; chunks have traces of their own, linked to it. Absent: it was not traced."`
	Entries  []WhyEntry `json:"entries" nullable:"false"`
}

// WhyEntry is one recorded fact.
type WhyEntry struct {
	At         string `json:"at"`
	Event      string `json:"event" doc:"planned (and failed at that), settled, split, returned, redriven, directed (by the campaign: suppressed, expired, cancelled or given up), deferred (now) or reopened (by an operator)"`
	Generation uint32 `json:"generation" doc:"Which of the recipient's generations it is about: 0 until an operator redrives, then that redrive's."`
	Window     uint32 `json:"window"`
	Path       string `json:"path" doc:"Recipient indices from-to of the request it was part of."`
	State      string `json:"state,omitempty"`
	Reason     string `json:"reason,omitempty"`
	Request    string `json:"request,omitempty" doc:"The provider's id of the request."`
	Tries      uint32 `json:"tries,omitempty"`

	Until *time.Time `json:"until,omitempty" doc:"Of deferred: nothing is sent before."`
}

func whyOf(campaign, user string, index uint32, a actors.Account) Why {
	w := Why{Campaign: campaign, UserID: user, Index: index, State: a.Outcome.String(), Entries: make([]WhyEntry, len(a.Entries))}
	for i, e := range a.Entries {
		w.Entries[i] = WhyEntry{At: e.At, Event: e.Event, Generation: e.Generation, Window: e.Window, Path: e.Path.String(),
			State: e.Outcome, Reason: e.Reason, Request: e.Request, Tries: e.Tries}
	}
	return w
}

// CampaignPage is one page of campaigns.
type CampaignPage struct {
	Campaigns []Campaign `json:"campaigns" nullable:"false"`
	Next      string     `json:"next,omitempty" doc:"The cursor of the next page; absent on the last one."`
}

// ChannelList is all channels.
type ChannelList struct {
	Channels []Channel `json:"channels" nullable:"false"`
}

// Problem is a refusal (RFC 9457).
type Problem struct {
	Type   string         `json:"type,omitempty"`
	Title  string         `json:"title,omitempty"`
	Status int            `json:"status,omitempty"`
	Detail string         `json:"detail,omitempty"`
	Errors []ProblemEntry `json:"errors,omitempty"`
}

// ProblemEntry is one of several things that were wrong.
type ProblemEntry struct {
	Message  string `json:"message,omitempty"`
	Location string `json:"location,omitempty"`
	Value    any    `json:"value,omitempty"`
}

var campaignType = reflect.TypeFor[Campaign]()
