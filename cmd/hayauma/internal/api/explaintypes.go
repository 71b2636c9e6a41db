package api

import (
	"encoding/json"
	"strings"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/explain"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/provider"
)

// Explanation is what a campaign would become. Nothing of it is stored.
type Explanation struct {
	OK         bool   `json:"ok" doc:"Nothing would fail: no bad row, no recipient without a message, nothing that LINE's validation refuses, no quota too small."`
	Name       string `json:"name"`
	Channel    string `json:"channel"`
	Rows       int    `json:"rows" doc:"Rows of the audience as sent."`
	BadRows    int    `json:"bad_rows" doc:"Rows for which a submission would be refused as a whole; the figures below are of the others."`
	Duplicates int    `json:"duplicates" doc:"Rows dropped because their user_id stood in an earlier row."`
	Recipients int    `json:"recipients" doc:"rows without bad_rows and duplicates."`

	BadLines     []ProblemEntry    `json:"bad_lines" nullable:"false" doc:"The first 20 problems of the audience, as a submission tells them."`
	BadLinesMore bool              `json:"bad_lines_more" doc:"There are other bad lines."`
	Missing      []MissingVariable `json:"missing" nullable:"false" doc:"Variables that the template needs and rows lack."`
	WouldFail    WouldFail         `json:"would_fail"`
	WouldSpare   WouldSpare        `json:"would_spare"`
	WouldExpire  uint32            `json:"would_expire" doc:"Recipients to whom nothing would be sent, since expire_after is over already."`
	Plan         ExplainedPlan     `json:"plan"`
	Quota        ExplainedQuota    `json:"quota"`
	Validation   Validation        `json:"validation"`
	Sample       []SampleMessage   `json:"sample,omitempty" doc:"Rendered messages, evenly spread over the audience."`
	SampleLeft   int               `json:"sample_left_out,omitempty" doc:"Messages of the sample beyond its 4 MiB."`
}

// MissingVariable is one that the template needs.
type MissingVariable struct {
	Name  string `json:"name"`
	Rows  int    `json:"rows" doc:"Rows that lack it."`
	Lines []int  `json:"lines" nullable:"false" doc:"The first 20 of them, by the line of the audience file."`
}

// WouldFail is about recipients whose message can't be made.
type WouldFail struct {
	Recipients   int           `json:"recipients"`
	Examples     []FailExample `json:"examples" nullable:"false" doc:"The first 20."`
	Reasons      []FailReason  `json:"reasons" nullable:"false" doc:"The 50 first that occur, the most frequent first; N stands for a length."`
	OtherReasons int           `json:"other_reasons" doc:"Recipients that fail for others."`
}

// WouldSpare is about recipients to whom nothing would be sent when their time comes, because of how they want to be written to. The plan has them as
// pushes.
type WouldSpare struct {
	Suppressed int          `json:"suppressed" doc:"Recipients who would get nothing: opted out, or refused by LINE for good."`
	Reasons    []FailReason `json:"reasons" nullable:"false" doc:"The 50 most frequent."`
	Deferred   int          `json:"deferred" doc:"Recipients in their quiet hours: they would get it when those end, unless expire_after comes first."`
}

// FailExample is one of them.
type FailExample struct {
	Line   int    `json:"line"`
	UserID string `json:"user_id"`
	Reason string `json:"reason"`
}

// FailReason counts them.
type FailReason struct {
	Reason     string `json:"reason"`
	Recipients int    `json:"recipients"`
}

// CampaignPlan is what a campaign's plan asks of its channel.
type CampaignPlan struct {
	Pushes              uint32   `json:"pushes" doc:"Requests to one recipient."`
	Multicasts          uint32   `json:"multicasts" doc:"Requests to up to 500 recipients."`
	MulticastRecipients uint32   `json:"multicast_recipients"`
	SecondsAtLeast      *float64 `json:"seconds_at_least,omitempty" doc:"By the channel's limits of now, if it has nothing else to send. Only where one campaign is shown, and its channel can be asked."`
	QuotaNeeded         uint32   `json:"quota_needed" doc:"Messages as LINE bills them: one for each recipient."`

	LastDue *time.Time `json:"last_due,omitempty" doc:"When the time of the last recipients comes; absent: all are due at once."`
}

// ExplainedPlan is the plan that a campaign would have.
type ExplainedPlan struct {
	Pushes              uint32    `json:"pushes" doc:"Requests to one recipient."`
	Multicasts          uint32    `json:"multicasts" doc:"Requests to up to 500 recipients."`
	MulticastRecipients uint32    `json:"multicast_recipients"`
	DistinctBodies      uint32    `json:"distinct_bodies"`
	CallsAtLeast        uint32    `json:"calls_at_least" doc:"pushes and multicasts."`
	SecondsAtLeast      float64   `json:"seconds_at_least" doc:"By the channel's limits, if it has nothing else to send; pushes and multicasts go beside each other."`
	Due                 time.Time `json:"due" doc:"When it would start: as the schedule says, or now."`
	EarliestFinish      time.Time `json:"earliest_finish"`

	Times    []ExplainedTime    `json:"times,omitempty" doc:"Where it is sent at the recipients' local time: when it comes for whom."`
	Variants []ExplainedVariant `json:"variants,omitempty" doc:"How many would get each. Who gets which follows from the campaign's id, so the campaign itself has other figures, by chance."`
}

// ExplainedTime is when the time of some recipients comes.
type ExplainedTime struct {
	Due        time.Time `json:"due"`
	Recipients uint32    `json:"recipients"`
}

// ExplainedVariant is one variant of a plan.
type ExplainedVariant struct {
	Name       string `json:"name"`
	Recipients uint32 `json:"recipients"`
}

// ExplainedQuota is what a campaign would use of the month's messages.
type ExplainedQuota struct {
	Needed   uint32 `json:"needed" doc:"Messages as LINE bills them: one for each recipient."`
	Limited  *bool  `json:"limited,omitempty" doc:"Absent where the quota can't be read."`
	Limit    *int64 `json:"limit,omitempty" doc:"Messages a month."`
	Used     *int64 `json:"used,omitempty" doc:"Messages of this month, as LINE counts them: approximately."`
	Suffices *bool  `json:"suffices,omitempty" doc:"What is left of the month now is enough."`
	Problem  string `json:"problem,omitempty" doc:"Why the quota can't be read."`
}

// Validation is what LINE's validate endpoints say of one message of each shape: messages that are equal but for string values.
type Validation struct {
	Shapes     int            `json:"shapes" doc:"Shapes of messages, of what would not fail."`
	More       bool           `json:"more,omitempty" doc:"There are more shapes than are told apart."`
	Checked    int            `json:"checked"`
	NotChecked int            `json:"not_checked"`
	Refused    []RefusedShape `json:"refused" nullable:"false"`
	Problem    string         `json:"problem,omitempty" doc:"Why not all are checked."`
}

// RefusedShape is a shape of messages that LINE refuses.
type RefusedShape struct {
	Line       int    `json:"line" doc:"Of the recipient whose messages were tried."`
	UserID     string `json:"user_id"`
	Recipients int    `json:"recipients" doc:"Recipients with messages of this shape."`
	Reason     string `json:"reason" doc:"LINE's words."`
}

// SampleMessage is what one recipient would get.
type SampleMessage struct {
	Line     int             `json:"line"`
	UserID   string          `json:"user_id"`
	Messages json.RawMessage `json:"messages"`
	Variant  string          `json:"variant,omitempty" doc:"Of a campaign with variants."`
	Due      *time.Time      `json:"due,omitempty" doc:"When the recipient's time comes, where it is sent at local time."`
}

func explanationOf(d actors.Definition, s actors.Settings, r explain.Report) Explanation {
	x := Explanation{
		Name: d.Name, Channel: d.Channel, Rows: r.Rows, BadRows: r.BadRows, Duplicates: r.Duplicates, Recipients: r.Recipients,
		BadLines: []ProblemEntry{}, BadLinesMore: r.BadMore, Missing: []MissingVariable{}, WouldFail: wouldFailOf(r.Failures), WouldSpare: wouldSpareOf(r.Spared),
		Plan: ExplainedPlan{
			Pushes: r.Sends.Pushes, Multicasts: r.Sends.Multicasts, MulticastRecipients: r.Sends.MulticastRecipients, DistinctBodies: r.Bodies,
			CallsAtLeast: r.Sends.Pushes + r.Sends.Multicasts, SecondsAtLeast: s.Limits.AtLeast(r.Sends).Seconds(),
		},
		Quota:      ExplainedQuota{Needed: r.Sends.Billed() - uint32(r.Spared.Suppressed)},
		Validation: Validation{Shapes: r.Shapes.Distinct, More: r.Shapes.More, Refused: []RefusedShape{}},
		SampleLeft: r.LeftOut,
	}
	for _, e := range r.Bad {
		location, message := badLine(e)
		x.BadLines = append(x.BadLines, ProblemEntry{Location: location, Message: message})
	}
	for _, m := range r.Missing {
		x.Missing = append(x.Missing, MissingVariable(m))
	}
	for _, m := range r.Sample {
		one := SampleMessage{Line: m.Line, UserID: m.User, Messages: m.Body}
		if int(m.Lot.Variant) < len(d.Variants) {
			one.Variant = d.Variants[m.Lot.Variant].Name
		}
		if d.LocalTime {
			one.Due = moment(d.At.Add(m.Lot.Delay))
		}
		x.Sample = append(x.Sample, one)
	}
	return x
}

func wouldFailOf(f explain.Failures) WouldFail {
	w := WouldFail{Recipients: f.Recipients, Examples: []FailExample{}, Reasons: []FailReason{}, OtherReasons: f.Others}
	for _, e := range f.Examples {
		w.Examples = append(w.Examples, FailExample{Line: e.Line, UserID: e.User, Reason: e.Reason})
	}
	for _, r := range f.Reasons {
		w.Reasons = append(w.Reasons, FailReason{Reason: r.Text, Recipients: r.Recipients})
	}
	return w
}

func wouldSpareOf(s explain.Spared) WouldSpare {
	const most = 50
	w := WouldSpare{Suppressed: s.Suppressed, Reasons: []FailReason{}, Deferred: s.Deferred}
	for _, r := range s.Reasons[:min(len(s.Reasons), most)] {
		w.Reasons = append(w.Reasons, FailReason{Reason: r.Text, Recipients: r.Recipients})
	}
	return w
}

// read takes the provider's word on the month.
func (q *ExplainedQuota) read(quota provider.Quota, err error) {
	if err != nil {
		q.Problem = excerptOf(err, maxReason)
		return
	}
	suffices := !quota.Limited || quota.Used+int64(q.Needed) <= quota.Limit
	q.Limited, q.Used, q.Suffices = &quota.Limited, &quota.Used, &suffices
	if quota.Limited {
		q.Limit = &quota.Limit
	}
}

// maxReason bounds in bytes what an answer repeats of an error's words.
const maxReason = 300

func excerptOf(err error, most int) string {
	text := err.Error()
	const more = "…"
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most-len(more)], "") + more
	}
	return text
}

// finish adds what follows from everything else.
func (x *Explanation) finish(d actors.Definition, lots []explain.Lot, limits actors.Limits, now time.Time) {
	due := now
	if d.At.After(now) {
		due = d.At
	}
	x.Plan.Due = *moment(due)
	hours := hoursOf(d)
	x.Plan.EarliestFinish = *moment(hours.end(due, limits.AtLeast(x.Plan.sends())))
	if len(lots) > 0 {
		x.Plan.EarliestFinish = *moment(earliest(d, lots, limits, now))
		x.Plan.divided(d, lots)
	}
	x.WouldExpire = tooLate(d, lots, uint32(x.Recipients), now)
	x.OK = x.BadRows == 0 && len(x.BadLines) == 0 && x.WouldFail.Recipients == 0 && len(x.Validation.Refused) == 0 &&
		(x.Quota.Suffices == nil || *x.Quota.Suffices)
}

// tooLate are the recipients whose time, and what expire_after adds, has passed.
func tooLate(d actors.Definition, lots []explain.Lot, all uint32, now time.Time) (late uint32) {
	passed := func(delay time.Duration) bool {
		return d.ExpireAfter > 0 && !d.At.IsZero() && !now.Before(d.At.Add(delay).Add(d.ExpireAfter))
	}
	if len(lots) == 0 && passed(0) {
		return all
	}
	for _, l := range lots {
		if passed(l.Delay) {
			late += l.Recipients
		}
	}
	return late
}

func (p *ExplainedPlan) sends() plan.Sends {
	return plan.Sends{Pushes: p.Pushes, Multicasts: p.Multicasts, MulticastRecipients: p.MulticastRecipients}
}

// lotDue is when a lot's time comes, and where that has passed, now.
func lotDue(d actors.Definition, l explain.Lot, now time.Time) time.Time {
	if due := d.At.Add(l.Delay); due.After(now) {
		return due
	}
	return now
}

// earliest is when the last call of lots may have ended: each endpoint goes on with the next lot when its time has come.
func earliest(d actors.Definition, lots []explain.Lot, limits actors.Limits, now time.Time) time.Time {
	pushes, multicasts, hours := now, now, hoursOf(d)
	for _, l := range lots {
		due := lotDue(d, l, now)
		if l.Sends.Pushes > 0 {
			pushes = hours.end(later(pushes, due), limits.AtLeast(plan.Sends{Pushes: l.Sends.Pushes}))
		}
		if l.Sends.Multicasts > 0 {
			multicasts = hours.end(later(multicasts, due), limits.AtLeast(plan.Sends{Multicasts: l.Sends.Multicasts}))
		}
	}
	return later(pushes, multicasts)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// divided adds the plan's lots, by time and by variant.
func (p *ExplainedPlan) divided(d actors.Definition, lots []explain.Lot) {
	for _, v := range d.Variants {
		p.Variants = append(p.Variants, ExplainedVariant{Name: v.Name})
	}
	for _, l := range lots {
		if len(d.Variants) > 0 {
			p.Variants[l.Variant].Recipients += l.Recipients
		}
		if !d.LocalTime {
			continue
		}
		due := *moment(d.At.Add(l.Delay))
		if n := len(p.Times); n > 0 && p.Times[n-1].Due.Equal(due) {
			p.Times[n-1].Recipients += l.Recipients
		} else {
			p.Times = append(p.Times, ExplainedTime{Due: due, Recipients: l.Recipients})
		}
	}
}
