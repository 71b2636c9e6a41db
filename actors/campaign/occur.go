package campaign

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// What a series knows of an occurrence beyond its journal.
type child struct {
	asking bool         // it is being asked
	at     time.Time    // when it answered last; zero: not yet
	told   orders       // what it was told then
	word   engine.Reply // to its word of what it has come to since its end
	info   actors.Info
}

// orders are what a series passes on.
type orders struct{ paused, cancelled bool }

// heard is an occurrence's answer.
type heard struct {
	actors.CampaignMsg
	campaign string
	orders   orders
	info     actors.Info
	err      error
}

// mostSkipped is how many occurrences are left out in one record.
const mostSkipped = 500

// advanceSeries applies the next turn of a series, and looks after what it has begun.
func (a *Campaign) advanceSeries(c *engine.Context[actors.CampaignMsg]) {
	s := &a.intent
	r, ok := s.rhythm()
	if !ok || s.Finished != nil {
		return
	}
	now := c.Now()
	switch t := s.turn(r, now); t.do {
	case turnSkip:
		a.skip(c, r)
		return
	case turnBegin:
		a.begin(c, r, t.due)
		return
	case turnOver:
		a.endSeries(c, r)
		return
	case turnNone:
		wait := lookEvery
		if !t.at.IsZero() {
			wait = min(wait, t.at.Sub(now))
		}
		if len(s.Series.Open) > 0 || wait < lookEvery {
			a.tickIn(c, wait) // else the reminder wakes it
		}
	}
	a.lookAfter(c)
}

// skip leaves out what is to be left out by now.
func (a *Campaign) skip(c *engine.Context[actors.CampaignMsg], r rhythm) {
	ahead := a.intent
	var events []Event
	for len(events) < mostSkipped {
		t := ahead.turn(r, c.Now())
		if t.do != turnSkip {
			break
		}
		e := Skipped{Due: t.due, Reason: t.why}
		ahead.Apply(e)
		events = append(events, e)
	}
	a.remindAgain(c, r, &ahead)
	engine.Persist(c, events, func() {
		a.local.Figures.leftOut(events)
		a.log(c).Warn("occurrences left out", "campaign", c.ID(), "number", len(events), "reason", events[len(events)-1].(Skipped).Reason)
		a.advance(c)
	})
}

// begin names an occurrence, and then has it be.
func (a *Campaign) begin(c *engine.Context[actors.CampaignMsg], r rhythm, due time.Time) {
	step := a.intent.Series.Begun
	if r.def.Cron != "" {
		step = 0
	}
	e := Occurred{Campaign: actors.OccurrenceID(c.ID(), due, step), Due: due, Step: step}
	ahead := a.intent
	ahead.Apply(e)
	a.remindAgain(c, r, &ahead)
	engine.Persist(c, []Event{e}, func() {
		a.local.Figures.Begun.Add(1)
		a.deps.Crash("campaign.occurred")
		a.advance(c)
	})
}

// wakeOf is when a campaign must be awake after it was accepted.
func wakeOf(e *Accepted) time.Time {
	s := Intent{Accepted: e}
	if r, ok := s.rhythm(); ok && s.series() && !s.waitsForAnother() {
		return s.wakeAt(r)
	}
	return workAt(*e)
}

// wakeAt is when a series must be awake: for what is due next, and where nothing is, until all is over.
func (s *Intent) wakeAt(r rhythm) time.Time {
	due, more := r.after(s.Series.Last, s.Series.Begun)
	if !more || !s.CancelAt.IsZero() {
		return s.Accepted.At
	}
	return due.Add(-r.lead(s.Series.Last, due))
}

// remindAgain has the series woken for what follows the events that are about to be stored.
func (a *Campaign) remindAgain(c *engine.Context[actors.CampaignMsg], r rhythm, ahead *Intent) {
	if was, now := a.intent.wakeAt(r), ahead.wakeAt(r); !was.Equal(now) {
		c.Forget(remindWork, was)
		c.Remind(remindWork, now, nil)
	}
}

// remindCancel has a series that is about to be cancelled woken until all is over.
func (a *Campaign) remindCancel(c *engine.Context[actors.CampaignMsg]) {
	if r, ok := a.intent.rhythm(); ok && a.intent.series() {
		ahead := a.intent
		ahead.CancelAt = c.Now()
		a.remindAgain(c, r, &ahead)
	}
}

// lookAfter asks occurrences that have not answered for a while, or don't know yet what they are to do.
func (a *Campaign) lookAfter(c *engine.Context[actors.CampaignMsg]) {
	for _, o := range a.intent.Series.Open {
		p := a.child(o.Campaign)
		if !p.asking && (p.at.IsZero() || p.told != a.orders() || c.Now().Sub(p.at) >= lookEvery) {
			a.occur(c, o)
		}
	}
}

func (a *Campaign) orders() orders { return orders{a.intent.Paused, !a.intent.CancelAt.IsZero()} }

func (a *Campaign) child(id string) *child {
	p := a.children[id]
	if p == nil {
		p = &child{}
		a.children[id] = p
	}
	return p
}

// unheard tells whether the series knows nothing yet of an occurrence's figures: after a restart nothing would look like progress lost.
func (a *Campaign) unheard() bool {
	return slices.ContainsFunc(a.intent.Series.Open, func(o actors.Occurrence) bool {
		p := a.children[o.Campaign]
		return p == nil || p.at.IsZero()
	})
}

// occur tells an occurrence what it is to be.
func (a *Campaign) occur(c *engine.Context[actors.CampaignMsg], o actors.Occurrence) {
	r, ok := a.intent.rhythm()
	if !ok {
		return
	}
	p, told := a.child(o.Campaign), a.orders()
	p.asking = true
	m := actors.Occur{Series: c.ID(), Upload: a.intent.Accepted.Upload, Definition: r.occurrence(o.Due, o.Step), Audience: a.intent.Accepted.Audience,
		Due: o.Due, Paused: told.paused, Cancelled: told.cancelled, Trace: a.intent.Accepted.Trace}
	ask(c, actors.Campaigns.Ref(c.System(), o.Campaign), actors.CampaignMsg(m),
		func(i actors.Info, err error) actors.CampaignMsg {
			return heard{campaign: o.Campaign, orders: told, info: i, err: err}
		})
}

func (a *Campaign) heard(c *engine.Context[actors.CampaignMsg], m heard) {
	p := a.child(m.campaign)
	p.asking = false
	if m.err != nil {
		p.word.Send(actors.Problem{Status: http.StatusServiceUnavailable, Title: "not asked", Detail: m.err.Error()})
		a.answerShows(a.info(c)) // with what is known
		a.failed(c, "asking an occurrence", m.err)
		return
	}
	a.succeeded("")
	p.at, p.told, p.info = c.Now(), m.orders, m.info
	if !a.unheard() {
		a.answerShows(a.info(c))
		a.answerOrders(c)
	}
	if !slices.ContainsFunc(a.intent.Series.Open, func(o actors.Occurrence) bool { return o.Campaign == m.campaign }) {
		a.heardAgain(c, m)
		return
	}
	if !m.info.State.Final() {
		a.advance(c)
		return
	}
	engine.Persist(c, []Event{OccurrenceEnded{Campaign: m.campaign, State: m.info.State, Totals: m.info.Totals, Variants: totalsOf(m.info.Variants)}}, func() {
		delete(a.children, m.campaign)
		a.advance(c)
	})
}

// endSeries ends a series of which nothing more comes.
func (a *Campaign) endSeries(c *engine.Context[actors.CampaignMsg], r rhythm) {
	state := actors.StateFinished
	if !a.intent.CancelAt.IsZero() {
		state = actors.StateCancelled
	}
	c.Forget(remindWork, a.intent.wakeAt(r))
	c.Forget(remindWork, workAt(*a.intent.Accepted)) // where it never began
	a.keepFrom(c, c.Now())
	engine.Persist(c, []Event{Finished{State: state, At: c.Now()}}, func() {
		a.log(c).Info("series ended", "campaign", c.ID(), "state", string(state), "occurrences", a.intent.Series.Begun, "skipped", a.intent.Series.Skipped)
		a.purge(c, a.intent.Accepted.Upload)
		if a.ticking != nil {
			a.ticking.Stop()
		}
	})
}

// occurs makes this campaign an occurrence, or has it be what its series is.
func (a *Campaign) occurs(c *engine.Context[actors.CampaignMsg], m actors.Occur) {
	s := &a.intent
	if s.Accepted == nil {
		e := Accepted{Upload: m.Upload, Definition: m.Definition, Audience: m.Audience, At: c.Now(), Due: m.Due, Series: m.Series, Trace: m.Trace}
		c.Remind(remindWork, workAt(e), nil)
		engine.Persist(c, []Event{e}, func() {
			a.deps.Crash("campaign.accepted")
			a.occurs(c, m)
		})
		return
	}
	over := s.Finished != nil || !s.CancelAt.IsZero()
	switch {
	case s.Accepted.Series != m.Series:
		refuse(c, 409, "another campaign", "this campaign is no occurrence of "+m.Series)
	case m.Cancelled && !over:
		a.cancel(c)
	case m.Paused && !s.Paused && !over:
		a.pauseAs(c, Paused{BySeries: true})
	case !m.Paused && s.Paused && s.PausedBySeries && !over:
		a.resume(c, actors.Resume{})
	default:
		a.answerOrder(c)
		a.advance(c)
	}
}

// beforeEvery is how often a campaign looks whether the one before it is over.
const beforeEvery = 5 * time.Second

// before is the answer of the campaign that is to be over first.
type before struct {
	actors.CampaignMsg
	info actors.Info
	err  error
}

// lookBefore asks the campaign that is to be over first. One that is not there any more is over.
func (a *Campaign) lookBefore(c *engine.Context[actors.CampaignMsg]) {
	if a.view.given {
		return
	}
	a.view.given = true
	ask(c, actors.Campaigns.Ref(c.System(), a.intent.Accepted.Definition.After), actors.CampaignMsg(actors.Show{}),
		func(i actors.Info, err error) actors.CampaignMsg { return before{info: i, err: err} })
}

func (a *Campaign) before(c *engine.Context[actors.CampaignMsg], m before) {
	a.view.given = false
	var problem actors.Problem
	gone := errors.As(m.err, &problem) && problem.Status == http.StatusNotFound
	switch {
	case !a.intent.waitsForAnother():
		a.advance(c)
	case m.err != nil && !gone:
		a.failed(c, "asking the campaign before this one", m.err)
	case !gone && !m.info.State.Final():
		a.succeeded("")
		a.tickIn(c, beforeEvery)
	default:
		a.succeeded("")
		was := wakeOf(a.intent.Accepted)
		ahead := a.intent
		ahead.Released = c.Now()
		if r, ok := ahead.rhythm(); ok && ahead.series() {
			c.Forget(remindWork, was)
			c.Remind(remindWork, ahead.wakeAt(r), nil)
		}
		engine.Persist(c, []Event{Released{At: ahead.Released}}, func() { a.advance(c) })
	}
}

// recurrence is what is shown of a series.
func (a *Campaign) recurrence() *actors.Recurrence {
	s := &a.intent
	out := s.Series.shown(func(o actors.Occurrence) actors.Occurrence {
		if p := a.children[o.Campaign]; p != nil && !p.at.IsZero() {
			o.State, o.Totals, o.Variants = p.info.State, p.info.Totals, totalsOf(p.info.Variants)
		} else {
			o.Totals = actors.Totals{actors.Pending: s.Recipients()}
		}
		return o
	})
	out.Sequence = len(s.Accepted.Definition.Steps) > 0
	if r, ok := s.rhythm(); ok && s.Finished == nil && s.CancelAt.IsZero() {
		if due, more := r.after(s.Series.Last, s.Series.Begun); more {
			out.Next = due
		}
	}
	return out
}
