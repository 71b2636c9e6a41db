package checker

import (
	"context"
	"sync"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// Times of telling figures to the channel's tallies.
const (
	tellEvery    = 10 * time.Second // while the run goes on; its end is told at once
	tellFor      = 10 * time.Second // an answer is waited for
	tellFirst    = time.Second      // pause after a first failure, doubled up to tellPause
	tellPause    = 30 * time.Second
	tellPatience = 2 * time.Minute  // failing for longer, it sleeps
	owingFirst   = time.Minute      // first sleep of the reminder: a crash delays figures by so much
	owingNext    = 15 * time.Minute // next, doubled up to owingMost
	owingMost    = 6 * time.Hour
)

// remindTell is the reminder of figures that are to be told.
const remindTell = "tell"

type (
	// reminded is the reminder's word.
	reminded struct {
		actors.CheckerMsg
		due time.Time
	}
	// tell is the checker's own word: it is time to tell a listener.
	tell struct {
		actors.CheckerMsg
		listener int
	}
	// answered is a listener's answer.
	answered struct {
		actors.CheckerMsg
		listener int
		version  uint64
		err      error
	}
)

// listen is for the kind, which all systems of a process share.
var listen = sync.OnceFunc(func() {
	engine.OnReminder(actors.Checkers, func(_ string, due time.Time, _ []byte) actors.CheckerMsg { return reminded{due: due} })
})

// listener is a kind that is told.
type listener struct {
	kind  *engine.Kind[actors.TallyMsg]
	month month // nil: it is told by variant
}

// listeners are told each by itself, so that none waits for another.
var listeners = [...]listener{{actors.Usages, ofUsage}, {actors.Statistics, ofStatistics}, {actors.Experiments, nil}}

// identity is whom of the kind a run's checker tells; empty: nobody.
func (t listener) identity(f *figures) string {
	switch {
	case f.channel == "" || t.month == nil && f.variants.experiment == "":
		return ""
	case t.month == nil:
		return actors.ExperimentID(f.channel, f.variants.experiment)
	}
	return f.channel
}

// debt is what an activation knows of its telling; all of it may be lost.
type debt [len(listeners)]struct {
	has    uint64 // the version that the listener has on disk
	asking bool
	timer  *engine.Timer // the next tell
	since  time.Time     // it has failed since; zero: it hasn't
	pause  time.Duration
	asleep bool // until the reminder
}

// record persists facts. The first that changes the figures sets the reminder in the same batch: figures that are never told would be
// money lost, and nothing else may wake the checker of a run that has ended.
func (k *Checker) record(c *engine.Context[actors.CheckerMsg], events []Event, then func()) {
	if k.owes(events) {
		due := c.Now().Add(owingFirst)
		events = append(events, Owing{Due: due})
		c.Remind(remindTell, due, nil)
	}
	engine.Persist(c, events, func() {
		k.tellSoon(c)
		then()
	})
}

// owes tells whether events begin a debt.
func (k *Checker) owes(events []Event) bool {
	f := &k.ledger.figures
	if !f.owing.Due.IsZero() {
		return false
	}
	for _, e := range events {
		opened, opens := e.(Opened)
		if opens && opened.Channel != "" || !opens && changes(e) && f.channel != "" {
			return true
		}
	}
	return false
}

// Started goes on with what an earlier activation owed, or says that nothing is.
func (k *Checker) Started(c *engine.Context[actors.CheckerMsg]) {
	if k.ledger.figures.channel != "" {
		k.tellAgain(c)
	}
}

// reminded wakes who sleeps; a reminder that was moved meanwhile must not, or the next sleep would begin too soon.
func (k *Checker) reminded(c *engine.Context[actors.CheckerMsg], m reminded) {
	if m.due.Equal(k.ledger.figures.owing.Due) {
		k.tellAgain(c)
	}
}

// tellAgain tells now; where nothing is owed, that nothing is.
func (k *Checker) tellAgain(c *engine.Context[actors.CheckerMsg]) {
	f := &k.ledger.figures
	switch {
	case f.channel == "":
	case f.owing.Due.IsZero():
		k.release(c)
	default:
		for i := range k.debt {
			k.debt[i].asleep = false
			k.tell(c, i)
		}
	}
}

// tellSoon sees to it that what is new is told: at once where the run has ended.
func (k *Checker) tellSoon(c *engine.Context[actors.CheckerMsg]) {
	f := &k.ledger.figures
	if f.channel == "" {
		return
	}
	for i := range k.debt {
		switch d := &k.debt[i]; {
		case listeners[i].identity(f) == "", d.has >= f.version, d.asking, d.asleep, !d.since.IsZero():
		case f.over:
			k.tell(c, i)
		case d.timer == nil:
			d.timer = c.After(tellEvery, tell{listener: i})
		}
	}
}

// tell asks a listener to count the figures as they are now.
func (k *Checker) tell(c *engine.Context[actors.CheckerMsg], i int) {
	d, f := &k.debt[i], &k.ledger.figures
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	id := listeners[i].identity(f)
	if id == "" || d.asking || d.has >= f.version || f.owing.Due.IsZero() {
		return
	}
	d.asking = true
	word := k.ledger.word(listeners[i], c.Now())
	to := listeners[i].kind.Ref(c.System(), id)
	c.GoWithin(tellFor, func(ctx context.Context) actors.CheckerMsg {
		_, err := engine.Ask[actors.Counted](ctx, to, actors.TallyMsg(word))
		return answered{listener: i, version: word.Version, err: err}
	})
}

func (k *Checker) answered(c *engine.Context[actors.CheckerMsg], m answered) {
	d := &k.debt[m.listener]
	d.asking = false
	if m.err != nil {
		k.failed(c, m)
		return
	}
	d.since, d.pause, d.has = time.Time{}, 0, max(d.has, m.version)
	if k.settleDebt(c) {
		return
	}
	k.tellSoon(c)
}

// settleDebt records that all have everything. Then they are told that it is never told again, so that they may forget the run.
func (k *Checker) settleDebt(c *engine.Context[actors.CheckerMsg]) bool {
	f := &k.ledger.figures
	if f.owing.Due.IsZero() {
		return false
	}
	for i, d := range k.debt {
		if d.has < f.version && listeners[i].identity(f) != "" {
			return false
		}
	}
	c.Forget(remindTell, f.owing.Due)
	engine.Persist(c, []Event{Told{Version: f.version}}, func() { k.release(c) })
	return true
}

// release is told once and may be lost: the tallies ask for it where they miss it.
func (k *Checker) release(c *engine.Context[actors.CheckerMsg]) {
	f := &k.ledger.figures
	for _, l := range listeners {
		if id := l.identity(f); id != "" {
			l.kind.Ref(c.System(), id).Tell(k.ledger.word(l, c.Now()))
		}
	}
}

// failed tries again after a pause. After long it sleeps until a later reminder: a role that nobody carries must not keep every run that
// ever ended in memory.
func (k *Checker) failed(c *engine.Context[actors.CheckerMsg], m answered) {
	d, now := &k.debt[m.listener], c.Now()
	if d.since.IsZero() {
		d.since = now
	}
	if now.Sub(d.since) < tellPatience {
		d.pause = min(max(2*d.pause, tellFirst), tellPause)
		d.timer = c.After(d.pause, tell{listener: m.listener})
		return
	}
	c.Log().Warn("figures not told", "run", c.ID(), "to", listeners[m.listener].kind.Name(), "channel", k.ledger.figures.channel, "error", m.err)
	d.since, d.pause, d.asleep = time.Time{}, 0, true
	k.postpone(c)
}

// postpone moves the reminder.
func (k *Checker) postpone(c *engine.Context[actors.CheckerMsg]) {
	old := k.ledger.figures.owing
	next := Owing{Wait: min(max(2*old.Wait, owingNext), owingMost)}
	next.Due = c.Now().Add(next.Wait)
	c.Forget(remindTell, old.Due)
	c.Remind(remindTell, next.Due, nil)
	engine.Persist(c, []Event{next}, nil)
}
