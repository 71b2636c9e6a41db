package simulation

import (
	"fmt"
	"slices"
	"time"

	"hayauma.example/actors"
)

// model is what an operator may expect of one campaign: a plain machine of the words that he gave and of what he has seen.
type model struct {
	*mission
	def    actors.Definition
	bad    int    // rows that can't be rendered
	parent *model // of an occurrence
	before *model // the campaign that is to be over first; nil: none

	paused      bool // the word stands, also over the end
	cancelled   bool
	cancelledAt time.Duration
	over        bool      // it was seen to be over, and nothing was sent again since
	endedAt     time.Time // when it was over first
	least, most uint32    // generations
	asked       [actors.Delivered + 1]uint32
	priority    actors.Priority
	weight      int
	seen        actors.Info // the newest
	outcomes    []actors.Outcome
	reopened    [actors.Delivered + 1]bool // since the outcomes were read
	short       bool                       // the month's quota doesn't do for it
}

// quarters are a quarter of each hour.
var quarters = func() (s string) {
	for h := range 24 {
		s += fmt.Sprintf("%02d:05-%02d:20, ", h, h)
	}
	return s[:len(s)-2]
}()

func newModel(o *operator, l *account, b blueprint) *model {
	name := fmt.Sprintf("campaign-%d", len(o.models))
	m := &model{mission: newMission(name, b.personal, b.uniform), priority: b.priority.Or(), weight: actors.WeightOf(b.weight)}
	m.name = name
	m.mission.expire = b.expire
	for i := range min(b.unknown, len(m.rows)) {
		m.forget((i*i*7 + i) % len(m.rows)) // some of the first are personal
	}
	for i := range min(b.bad, len(m.rows)) {
		if r := &m.rows[len(m.rows)-1-i]; !r.unknown {
			r.text, r.bad = "", true
			m.bad++
		}
	}
	d := m.definition(o.w.began)
	d.Channel, d.Priority, d.Weight, d.ExpireAfter = l.name, b.priority, b.weight, b.expire
	if b.later > 0 {
		d.At = time.Now().Add(b.later)
	}
	if b.hours {
		d.Hours, d.Zone = quarters, "UTC"
	}
	if b.after > 0 && b.after <= len(o.models) {
		m.before = o.models[len(o.models)-b.after]
		d.After = m.before.id
	}
	switch {
	case b.cron != "":
		d.Cron, d.Overlap, d.Until = b.cron, b.overlap, time.Now().Add(b.later+b.until)
	case b.steps > 0:
		for i := range b.steps {
			d.Steps = append(d.Steps, actors.Step{After: time.Duration(i) * 3 * time.Minute, Messages: d.Messages})
		}
		d.Messages = nil
	}
	m.def = d
	_, used, _ := l.sim.Quota(token, time.Now())
	m.short = l.quota >= 0 && o.w.now() > l.quotaSince+11*time.Minute && int64(len(m.rows)-m.bad) > l.quota-used && !d.Series()
	m.define = func(to *actors.Definition) { *to = d }
	return m
}

// occurrence is the model of one campaign that a series has begun.
func (m *model) occurrence(x actors.Occurrence) *model {
	k := &model{parent: m, def: m.def, bad: m.bad, priority: m.priority, weight: m.weight}
	k.mission = &mission{name: fmt.Sprintf("%s due %v", m.name, x.Due.Format(time.TimeOnly)), id: x.Campaign, rows: m.rows, unknown: m.unknown, expire: m.expire}
	k.def.After, k.def.Cron, k.def.Steps = "", "", nil
	return k
}

// release ends the stretches in which nothing may start, keepHeld has them go on.
func (m *model) release(now time.Duration) {
	for i := range m.held {
		if m.held[i].to == 0 {
			m.held[i].to = now
		}
	}
}

func (m *model) keepHeld() {
	if n := len(m.held); n > 0 && (m.paused || m.cancelled) {
		m.held[n-1].to = 0
	}
}

// closed tells whether an order surely comes too late.
func (m *model) closed(what verb) bool {
	if what == toCancel {
		return m.over && m.seen.State != actors.StateCancelled
	}
	return m.over || m.cancelled
}

// rank is one of several ranks, some of which don't exist.
func (m *model) rank(n int) actors.Rank {
	return []actors.Rank{{Priority: actors.PriorityHigh}, {Weight: 100}, {Priority: actors.PriorityLow, Weight: 1}, {Weight: 101}, {Priority: "urgent"},
		{Priority: actors.PriorityNormal}, {}, {Weight: -1}}[n%8]
}

// answer is the status of the answer to an order.
func (m *model) answer(what verb, msg actors.CampaignMsg) int {
	r, _ := msg.(actors.Rank)
	switch {
	case m.closed(what):
		return 409
	case what == toRank && (!r.Priority.Known() || r.Weight < 0 || r.Weight > actors.MaxWeight):
		return 422
	}
	return 200
}

// obey notes an order that was answered.
func (m *model) obey(what verb, msg actors.CampaignMsg, now time.Duration) {
	switch what {
	case toPause:
		m.paused = true
		m.held = append(m.held, interval{from: now + time.Second})
	case toResume:
		m.paused = false
		m.short = m.short && !msg.(actors.Resume).IgnoreQuota
	case toCancel:
		if !m.cancelled {
			m.cancelled, m.cancelledAt = true, now
		}
		m.held = append(m.held, interval{from: now + time.Second})
	case toRank:
		r := msg.(actors.Rank)
		if r.Priority != "" {
			m.priority = r.Priority
		}
		if r.Weight != 0 {
			m.weight = r.Weight
		}
	}
}

// redriveAnswer are the statuses that a redrive may be answered with.
func (m *model) redriveAnswer(msg actors.Redrive, before actors.Info, now time.Time) []int {
	late := m.def.ExpireAfter > 0 && now.After(before.Due.Add(m.def.ExpireAfter))
	cancelled := m.cancelled || m.parent != nil && m.parent.cancelled
	switch {
	case msg.State == actors.Unknown && !msg.Acknowledged:
		return []int{422}
	case m.cancelled, m.def.Series(), late, before.State == actors.StateExpired, before.State == actors.StateCancelled:
		return []int{409}
	case before.State.Final() && m.def.ExpireAfter == 0 && !cancelled:
		return []int{200}
	}
	return []int{200, 409}
}

// reopens notes a redrive that was answered.
func (m *model) reopens(state actors.Outcome, r actors.Redriving, times uint32) {
	m.asked[state] += times
	m.most += times
	if m.least = max(m.least, r.Info.Generation); times == 1 {
		m.most = r.Info.Generation // nobody else gives orders
	}
	m.reopened[state] = true
	if r.Recipients > 0 || times > 1 || !r.Info.State.Final() {
		m.over = false
	}
}

// waitsAt tells whether a campaign may still wait for the one before it: it looks at that every 5 s.
func (m *model) waitsAt(now time.Time) bool {
	return !m.before.over || now.Before(m.before.seen.FinishedAt.Add(time.Minute))
}

// mayBe tells what is wrong with the word for a campaign's state; empty: nothing.
func (m *model) mayBe(i actors.Info, now time.Time) string {
	cancelled, held := m.cancelled, m.paused
	if m.parent != nil {
		cancelled, held = cancelled || m.parent.cancelled, m.parent.paused
	}
	late := m.def.ExpireAfter > 0 && now.After(i.Due.Add(m.def.ExpireAfter))
	waits := m.before != nil && m.waitsAt(now)
	switch s := i.State; {
	case s == actors.StateCancelled:
		if !cancelled {
			return "nobody cancelled it"
		}
	case s.Final() && m.cancelled:
		return "it was cancelled"
	case s == actors.StateExpired && !late:
		return "it has time left"
	case s.Final() && !m.def.Series() && i.Totals[actors.Pending] > 0:
		return "recipients are pending"
	case s.Final():
	case m.parent != nil && cancelled: // it hears of that in a moment
	case m.cancelled && (s == actors.StatePaused || i.Reason != "cancelling" && !m.def.Series() && i.Reason == "paused by the operator"):
		return "it was cancelled"
	case m.cancelled:
	case m.paused && s != actors.StatePaused:
		return "it was paused"
	case s == actors.StatePaused && i.Reason == "paused by the operator" && !held && m.parent == nil:
		return "nobody paused it"
	case s == actors.StatePaused && m.def.Series() && !held:
		return "nobody paused it"
	case s == actors.StateScheduled && !waits && !m.def.Series() && now.After(i.Due.Add(10*time.Second)):
		return "it is due"
	case s == actors.StateRunning && now.Before(i.Due) && !m.def.Series():
		return "it is not due"
	}
	return ""
}

// expect holds what a campaign says of itself against its model.
func (o *operator) expect(m *model, i actors.Info) {
	now, was := time.Now(), &m.seen
	wrong := func(what string) {
		o.wrong("%s is %s (%s), %v, generation %d, due %v: %s; it was %s, %v, generation %d", m.name, i.State, i.Reason, i.Totals, i.Generation,
			i.Due.Sub(o.w.began), what, was.State, was.Totals, was.Generation)
	}
	if what := m.mayBe(i, now); what != "" {
		wrong(what)
	}
	patience := cancelWithin + time.Duration(o.deaths)*(o.s.downtime+10*time.Second)
	if m.def.Series() {
		patience *= 2
	}
	switch {
	case m.def.Series():
		o.expectSeries(m, i)
	case int(i.Totals.Sum()) != len(m.rows):
		wrong(fmt.Sprintf("the sum is not %d", len(m.rows)))
	case i.Totals[actors.Delivered] < was.Totals[actors.Delivered]:
		wrong("fewer are delivered")
	case i.Generation < m.least, i.Generation > m.most:
		wrong(fmt.Sprintf("it is generation %d to %d", m.least, m.most))
	case m.parent == nil && (i.Priority != m.priority || i.Weight != m.weight):
		wrong(fmt.Sprintf("it ranks %s %d, not %s %d", i.Priority, i.Weight, m.priority, m.weight))
	case m.over && (i.State != was.State || i.Totals[actors.Failed] != was.Totals[actors.Failed] || i.Totals[actors.Cancelled] != was.Totals[actors.Cancelled]):
		wrong("it was over")
	case m.short && !i.StartedAt.IsZero():
		wrong("the quota doesn't do for it")
	case !i.StartedAt.IsZero() && i.StartedAt.Before(i.Due):
		wrong("it began before it was due")
	}
	if m.cancelled && !i.State.Final() && o.w.now() > m.cancelledAt+patience {
		wrong(fmt.Sprintf("it was cancelled at %v", m.cancelledAt))
	}
	if m.seen = i; i.State.Final() && !m.over {
		m.over = true
		if m.endedAt.IsZero() {
			m.endedAt = i.FinishedAt
		}
	}
}

// expectSeries: its figures add up, and none becomes smaller.
func (o *operator) expectSeries(m *model, i actors.Info) {
	r, sum := i.Recurs, uint64(0)
	for _, n := range r.Sums {
		sum += n
	}
	switch was := m.seen.Recurs; {
	case r.Over > r.Begun, sum != uint64(r.Begun)*uint64(len(m.rows)):
		o.wrong("%s: %d occurrences, %d over, of %d recipients each: %v", m.name, r.Begun, r.Over, len(m.rows), r.Sums)
	case was != nil && (r.Begun < was.Begun || r.Over < was.Over || r.Skipped < was.Skipped || r.Sums[actors.Delivered] < was.Sums[actors.Delivered]):
		o.wrong("%s: %+v after %+v", m.name, r, was)
	case i.State.Final() && (r.Over != r.Begun || r.Sums[actors.Pending] > 0):
		o.wrong("%s is %s, %d of %d occurrences are over: %v", m.name, i.State, r.Over, r.Begun, r.Sums)
	}
}

// ordered: no recipient's outcome goes down, but of those who are sent to again.
func (o *operator) ordered(m *model, outcomes []actors.Outcome) {
	for n, was := range m.outcomes {
		if is := outcomes[n]; is < was && (is != actors.Pending || !m.reopened[was]) {
			o.wrong("%s: recipient %d was %v and is %v", m.name, n, was, is)
		}
	}
	m.outcomes = slices.Clone(outcomes)
	clear(m.reopened[:])
}
