package checker

import (
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// How reports are packed into records.
const (
	packReports = 500
	packDelay   = 100 * time.Millisecond
)

// flush is the checker's own word to itself: the first buffered report has waited long enough.
type flush struct{ actors.CheckerMsg }

// Checker judges reports and keeps the ledger of one run.
type Checker struct {
	ledger Ledger // owned by Apply

	buffer  []actors.Report // reports not yet judged; owned by Handle
	waiting bool            // a flush is under way in time
	traces  []engine.Trace  // of the chunks that reports in the buffer are about, at most mostTraces; owned by Handle
	crash   func(point string)
	history History
	judged  *Judged
	debt    debt // figures to tell; owned by Handle
}

// Deps are what a checker needs besides messages.
type Deps struct {
	Crash   func(point string) // named crash points; nil: none
	History History            // reads a run's journal for Story
	Judged  *Judged            // counts what is recorded; nil: nobody asks
}

// Serve lets sys host checkers.
func Serve(sys *engine.System, d Deps) {
	listen()
	engine.ServeDurable(sys, actors.Checkers, func(string) engine.Durable[actors.CheckerMsg, Event] { return New(d) })
}

// Listen has reminders reach checkers. Serve does so; who serves what New makes calls it before.
func Listen() { listen() }

// New makes a checker whose journal is empty.
func New(d Deps) *Checker {
	if d.Crash == nil {
		d.Crash = func(string) {}
	}
	if d.Judged == nil {
		d.Judged = &Judged{}
	}
	return &Checker{crash: d.Crash, history: d.History, judged: d.Judged}
}

// Apply folds one fact into the ledger.
func (k *Checker) Apply(e Event) { k.ledger.Apply(e) }

// Stopping hands what is not judged yet to the next activation, which another node may have; it is repeated, too.
func (k *Checker) Stopping(c *engine.Context[actors.CheckerMsg]) {
	for _, r := range k.buffer {
		c.Self().Tell(r)
	}
	k.buffer = nil
}

// Handle has one line per message.
func (k *Checker) Handle(c *engine.Context[actors.CheckerMsg], m actors.CheckerMsg) {
	if _, opens := m.(actors.Open); !opens && !k.ledger.Begun() {
		c.Respond(actors.Problem{Status: 404, Title: "no such run", Detail: c.ID()})
		c.Passivate()
		return
	}
	if !k.ledger.forgotten.IsZero() {
		k.afterwards(c, m)
		return
	}
	switch m := m.(type) {
	case actors.Open:
		k.open(c, m)
	case actors.Report:
		k.report(c, m)
	case actors.Untold:
		k.untold(c, m)
	case flush:
		k.waiting = false
		k.flush(c, nil)
	case actors.Unsettled:
		k.unsettled(c, m)
	case actors.Direct:
		k.direct(c, m)
	case actors.GiveUp:
		k.giveUp(c, m)
	case actors.Reopen:
		k.reopen(c, m)
	case actors.Totalled:
		c.Respond(k.ledger.Progress(m.Windows...))
	case actors.Page:
		c.Respond(k.ledger.page(m.Span))
	case actors.Story:
		k.story(c, m)
	case actors.Forget:
		k.forget(c)
	case actors.Origin:
		c.Respond(actors.RunOrigin{Campaign: k.ledger.Campaign})
	case actors.TellAgain:
		k.tellAgain(c)
	case reminded:
		k.reminded(c, m)
	case tell:
		k.tell(c, m.listener)
	case answered:
		k.answered(c, m)
	}
}

func (k *Checker) open(c *engine.Context[actors.CheckerMsg], m actors.Open) {
	if k.ledger.Begun() {
		c.Respond(k.ledger.Progress())
		return
	}
	begin := m.Due
	if now := c.Now(); now.After(begin) {
		begin = now
	}
	k.record(c, []Event{Opened{Campaign: m.Campaign, Run: m.Run, Table: m.Table, Channel: m.Channel, At: begin, Variants: m.Variants,
		Experiment: m.Experiment}}, func() {
		c.Respond(k.ledger.Progress())
	})
}

func (k *Checker) report(c *engine.Context[actors.CheckerMsg], m actors.Report) {
	k.buffer = append(k.buffer, m)
	k.notice(c.Trace())
	switch {
	case len(k.buffer) >= packReports:
		k.flush(c, nil)
	case !k.waiting:
		k.waiting = true
		c.After(packDelay, flush{})
	}
}

// untold records at once what a composer gives back: a cancel waits for it.
func (k *Checker) untold(c *engine.Context[actors.CheckerMsg], m actors.Untold) {
	for _, p := range m.Paths {
		k.buffer = k.ledger.expand(k.buffer, actors.Report{Run: m.Run, Window: m.Window, Path: p, What: m.What})
	}
	k.flush(c, func() { c.Respond(actors.Done{}) })
}

// flush judges what is buffered, up to the first report about recipients that an earlier one of the same batch concerns, and records
// it; then follows when nothing is buffered any more.
func (k *Checker) flush(c *engine.Context[actors.CheckerMsg], then func()) {
	k.buffer = splitsFirst(k.buffer)
	batch := disjoint(k.buffer)
	if len(batch) == 0 {
		if then != nil {
			then()
		}
		return
	}
	rest := slices.Clone(k.buffer[len(batch):])
	facts := k.ledger.rule(batch, c.Now())
	check := k.check(c, len(batch))
	done := func() {
		check.over()
		k.judged.count(k.ledger.figures.channel, facts)
		k.crash("checker.ack.before")
		k.acknowledge(c, batch, facts)
		k.crash("checker.ack.after")
		k.buffer = rest
		k.flush(c, then)
	}
	if events := facts.events(); len(events) > 0 {
		k.record(c, events, func() { check.stored(); k.tellProgress(c, facts.returned); done() })
		return
	}
	done()
}

// acknowledge tells every reporter that its word is on disk.
func (k *Checker) acknowledge(c *engine.Context[actors.CheckerMsg], batch []actors.Report, facts rulings) {
	for _, r := range batch {
		if r.Poster != "" {
			actors.Posters.Ref(c.System(), r.Poster).Tell(actors.Recorded{Run: r.Run, Window: r.Window, Path: r.Path, Split: facts.splitNow(r.Path)})
		}
	}
}

// tellProgress gives the campaign the figures, and what was returned since the last word.
func (k *Checker) tellProgress(c *engine.Context[actors.CheckerMsg], returned []Returned) {
	p := k.ledger.Progress()
	for _, r := range returned {
		gone := actors.SetOf(r.Paths...)
		p.Returned = append(p.Returned, actors.Returned{Window: r.Window, Paths: k.ledger.returnedPaths(&gone), Anew: r.Anew})
	}
	actors.Campaigns.Ref(c.System(), k.ledger.Campaign).Tell(p)
}

// unsettled judges what is buffered first, and what the question brings: a split request that came before the re-drive costs no multicast.
func (k *Checker) unsettled(c *engine.Context[actors.CheckerMsg], m actors.Unsettled) {
	k.buffer = append(k.buffer, m.Reports...)
	k.flush(c, func() { k.redrive(c, m) })
}

func (k *Checker) redrive(c *engine.Context[actors.CheckerMsg], m actors.Unsettled) {
	answer := actors.UnsettledPaths{Paths: k.ledger.unsettled(m.Window, m.Paths), Progress: k.ledger.Progress(m.Window)}
	if len(answer.Paths) == 0 || m.Peek {
		c.Respond(answer)
		return
	}
	engine.Persist(c, []Event{Redriven{Window: m.Window, Number: m.Number, Paths: answer.Paths}}, func() {
		k.crash("checker.redriven.after")
		c.Respond(answer)
	})
}

func (k *Checker) direct(c *engine.Context[actors.CheckerMsg], m actors.Direct) {
	if m.Window > 0 {
		k.leaveOut(c, m)
		return
	}
	k.flush(c, func() {
		k.decide(c, Directed{Paths: k.ledger.pendingOf(m.Paths, 0), Outcome: m.Outcome, Reason: m.Reason, At: c.Now()})
	})
}

// leaveOut records whom a window leaves out, also those of them who have an outcome: no report of the window is about them.
func (k *Checker) leaveOut(c *engine.Context[actors.CheckerMsg], m actors.Direct) {
	k.flush(c, func() {
		paths := k.ledger.stays(m.Window, m.Paths)
		k.decide(c, Directed{Window: m.Window, Paths: paths, Outcome: actors.Suppressed, Reason: m.Reason, At: c.Now()})
	})
}

// reopen begins the operator's redrive, or goes on with it. What was answered last is answered again: the answer may have been lost.
func (k *Checker) reopen(c *engine.Context[actors.CheckerMsg], m actors.Reopen) {
	k.flush(c, func() {
		last := &k.ledger.lives.newest
		begins := m.Generation > last.Generation && m.Generation <= mostGenerations && m.From == 0
		switch {
		case m.Generation > 0 && m.Generation == last.Generation && m.From == last.From:
			c.Respond(k.reopened())
		case begins, m.Generation == last.Generation && m.From == last.Next && m.From < k.ledger.Table.Recipients:
			paths, next := k.ledger.reopenable(m.State, m.From)
			e := Reopened{Generation: m.Generation, After: m.After, State: m.State, Paths: paths, From: m.From, Next: next, At: c.Now()}
			k.record(c, []Event{e}, func() {
				k.crash("checker.reopened.after")
				c.Respond(k.reopened())
			})
		default:
			c.Respond(actors.Problem{Status: 409, Title: "no such generation", Detail: "the ledger is at another one: ask the campaign again"})
		}
	})
}

// reopened is the answer to the newest Reopen.
func (k *Checker) reopened() actors.ReopenedPaths {
	last := k.ledger.lives.newest
	return actors.ReopenedPaths{Paths: last.Paths, Next: last.Next, More: last.Next < k.ledger.Table.Recipients, Progress: k.ledger.Progress()}
}

func (k *Checker) giveUp(c *engine.Context[actors.CheckerMsg], m actors.GiveUp) {
	k.flush(c, func() {
		paths := k.ledger.pendingOf(m.Paths, m.Window)
		k.decide(c, Directed{Window: m.Window, Paths: paths, Outcome: actors.Unknown, Reason: m.Reason, At: c.Now()})
	})
}

func (k *Checker) decide(c *engine.Context[actors.CheckerMsg], d Directed) {
	if len(d.Paths) == 0 {
		c.Respond(k.ledger.Progress(d.Window))
		return
	}
	k.record(c, []Event{d}, func() {
		k.judged.direct(k.ledger.figures.channel, d)
		c.Respond(k.ledger.Progress(d.Window))
	})
}
