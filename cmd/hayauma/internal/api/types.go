package api

import (
	"reflect"
	"strings"
	"time"

	"hayauma.example/actors"
)

// Campaign is a campaign as the API shows it. Recipients are counted by outcome; delivered means that the provider
// accepted the message (LINE gives no receipt).
type Campaign struct {
	ID         string     `json:"id"`
	State      string     `json:"state" enum:"accepted,scheduled,running,paused,finished,cancelled,expired"`
	Accepted   uint32     `json:"accepted" doc:"Recipients after duplicates were dropped: the sum of delivered, failed, unknown, suppressed, expired, cancelled and pending."`
	Delivered  uint32     `json:"delivered" doc:"The provider accepted it. LINE gives no receipt."`
	Failed     uint32     `json:"failed" doc:"Finally refused, or not renderable."`
	Unknown    uint32     `json:"unknown" doc:"May have been accepted; never sent again by itself."`
	Suppressed uint32     `json:"suppressed"`
	Expired    uint32     `json:"expired"`
	Cancelled  uint32     `json:"cancelled"`
	Pending    uint32     `json:"pending"`
	Rows       uint64     `json:"rows" doc:"Rows of the audience as sent."`
	Duplicates uint64     `json:"duplicates" doc:"Rows dropped because their user_id stood in an earlier row."`
	Reason     string     `json:"reason" doc:"Why it is paused or ended as it did; empty otherwise."`
	Waiting    string     `json:"waiting,omitempty" doc:"Which role it needs and no node carries, and what to start: it goes on by itself then."`
	Name       string     `json:"name"`
	Channel    string     `json:"channel"`
	Mode       string     `json:"mode" doc:"push or multicast: what most recipients go by; empty before the plan."`
	Run        string     `json:"run,omitempty"`
	AcceptedAt *time.Time `json:"accepted_at,omitempty"`
	Due        *time.Time `json:"due,omitempty"`
	StartedAt  *time.Time `json:"started_at,omitempty"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
}

// Final tells whether the campaign's state never changes again.
func (c Campaign) Final() bool { return actors.State(c.State).Final() }

func campaignOf(i actors.Info) Campaign {
	t := i.Totals
	return Campaign{
		ID: i.ID, State: string(i.State), Reason: i.Reason, Name: i.Name, Channel: i.Channel, Mode: i.Mode, Run: i.Run,
		Accepted: t.Sum(), Delivered: t[actors.Delivered], Failed: t[actors.Failed], Unknown: t[actors.Unknown],
		Suppressed: t[actors.Suppressed], Expired: t[actors.Expired], Cancelled: t[actors.Cancelled], Pending: t[actors.Pending],
		Rows: i.Rows, Duplicates: i.Duplicates,
		AcceptedAt: moment(i.AcceptedAt), Due: moment(i.Due), StartedAt: moment(i.StartedAt), FinishedAt: moment(i.FinishedAt),
	}
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
	return c
}

func (n NewChannel) settings() actors.Settings {
	limits := actors.LINELimits
	if n.Limits != nil {
		limits = actors.Limits(*n.Limits)
	}
	return actors.Settings{Name: n.Name, Provider: n.Provider, Endpoint: n.Endpoint, TokenEnv: n.TokenEnv, Limits: limits}
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
}

// Why tells what became of one recipient, oldest entry first.
type Why struct {
	Campaign string     `json:"campaign"`
	UserID   string     `json:"user_id"`
	Index    uint32     `json:"index"`
	State    string     `json:"state"`
	Entries  []WhyEntry `json:"entries" nullable:"false"`
}

// WhyEntry is one recorded fact.
type WhyEntry struct {
	At      string `json:"at"`
	Event   string `json:"event" doc:"planned (and failed at that), settled, split, returned, redriven or directed"`
	Window  uint32 `json:"window"`
	Path    string `json:"path" doc:"Recipient indices from-to of the request it was part of."`
	State   string `json:"state,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Request string `json:"request,omitempty" doc:"The provider's id of the request."`
	Tries   uint32 `json:"tries,omitempty"`
}

func whyOf(campaign, user string, index uint32, a actors.Account) Why {
	w := Why{Campaign: campaign, UserID: user, Index: index, State: a.Outcome.String(), Entries: make([]WhyEntry, len(a.Entries))}
	for i, e := range a.Entries {
		w.Entries[i] = WhyEntry{At: e.At, Event: e.Event, Window: e.Window, Path: e.Path.String(),
			State: e.Outcome, Reason: e.Reason, Request: e.Request, Tries: e.Tries}
	}
	return w
}

// CampaignPage is one page of campaigns, in the order of their ids.
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
