package campaign

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// Times of a running activation.
const (
	askTimeout  = 10 * time.Second
	tickEvery   = time.Second
	lookEvery   = 10 * time.Second
	channelEach = 10 * time.Second
	maxBackoff  = 30 * time.Second

	unplannedAfter = 10 * time.Second // a cancelled campaign doesn't wait longer for a full store
)

// PlanJob is one run to freeze.
type PlanJob struct {
	Ctx        context.Context
	Upload     string
	Chunks     string // prefix of the names under which its chunks are stored
	Due        time.Time
	Definition actors.Definition
	Audience   actors.Audience
	Seed       string // of who gets which variant
}

// workAt is when an accepted campaign must be awake.
func workAt(e Accepted) time.Time { return e.Due.Add(-PlanAhead) }

// advance applies the next step. It is called after everything that may have changed the answer.
func (a *Campaign) advance(c *engine.Context[actors.CampaignMsg]) {
	if a.intent.series() && !a.intent.waitsForAnother() {
		a.advanceSeries(c)
		return
	}
	a.view.now = c.Now()
	a.goByTheClock(c)
	step, at := a.intent.next(a.view)
	a.view.resting = time.Time{}
	switch step {
	case idle:
	case wait:
		a.tickIn(c, at.Sub(a.view.now))
		return
	case lookBefore:
		a.lookBefore(c)
		return
	case rest:
		a.view.resting = at
		again := at.Sub(a.view.now)
		if len(a.intent.toBeSent(a.view)) > 0 {
			again = min(again, tickEvery)
		}
		a.tickIn(c, again)
	case startRun:
		engine.Persist(c, []Event{RunStarted{Run: ulid.Make().String()}}, func() { a.advance(c) })
		return
	case planRun:
		a.plan(c)
	case openLedger:
		a.openLedger(c)
	case lookAround:
		a.lookAround(c)
	case openWindow:
		a.openWindow(c)
		return
	case tellLeftOut:
		a.tellLeftOut(c)
	case lapse:
		a.view.expired = false
		engine.Persist(c, []Event{a.intent.lapsed(a.view)}, func() {
			a.local.Figures.Late.Add(1)
			a.hold(c)
			a.advance(c)
		})
		return
	case expire:
		a.tellStanding(c) // what is in doubt goes on
		a.direct(c, actors.Expired, "too_late", a.intent.expired())
	case cancelRest:
		a.cancelRest(c)
	case reopen:
		a.reopen(c)
	case finish:
		a.finish(c)
		return
	}
	if a.intent.Accepted != nil && a.intent.Finished == nil && a.intent.Run != "" {
		a.watch(c)
	}
}

// tickIn looks again after d at the latest, and at the clock in between: it may be set, or the machine may sleep.
func (a *Campaign) tickIn(c *engine.Context[actors.CampaignMsg], d time.Duration) {
	if a.ticking != nil {
		a.ticking.Stop()
	}
	a.ticking = c.After(min(max(d, 0), lookEvery), tick{})
}

// failed keeps the trouble for show and tries again after a back-off.
func (a *Campaign) failed(c *engine.Context[actors.CampaignMsg], what string, err error) {
	if role := nobody(err); role != "" {
		a.wait(c, role)
		return
	}
	a.retry = min(max(2*a.retry, 100*time.Millisecond), maxBackoff)
	a.trouble = what + ": " + err.Error()
	a.log(c).Warn("campaign step failed", "campaign", c.ID(), "step", what, "error", err)
	a.answerShows(actors.Problem{Status: 503, Title: "the ledger can't be read", Detail: a.trouble})
	a.answerOrders(c)
	a.tickIn(c, a.retry)
}

// succeeded forgets trouble. role is who has answered, empty where it was the store.
func (a *Campaign) succeeded(role string) {
	if a.retry, a.trouble = 0, ""; role == a.view.waiting {
		a.view.waiting = ""
	}
}

func (a *Campaign) plan(c *engine.Context[actors.CampaignMsg]) {
	a.view.planning = true
	s, freeze := &a.intent, a.deps.Plan
	job := PlanJob{Upload: s.Accepted.Upload, Chunks: "run." + s.Run + "." + ulid.Make().String(), Due: s.due(), Definition: s.Accepted.Definition,
		Audience: s.Accepted.Audience, Seed: cmp.Or(s.Accepted.Series, c.ID())}
	c.Go(func(ctx context.Context) actors.CampaignMsg {
		job.Ctx = ctx
		table, err := freeze(job)
		return planned{chunks: job.Chunks, table: table, err: err}
	})
}

func (a *Campaign) planned(c *engine.Context[actors.CampaignMsg], m planned) {
	if m.err != nil {
		a.view.planning = false
		a.dropChunks(c, m.chunks)
		if at := a.intent.CancelAt; !at.IsZero() && c.Now().Sub(at) >= unplannedAfter && errors.Is(m.err, journal.ErrFull) {
			a.endUnplanned(c)
			return
		}
		a.failed(c, "planning", m.err)
		return
	}
	a.succeeded("")
	engine.Persist(c, []Event{Planned{Chunks: m.chunks, Table: m.table}}, func() {
		a.deps.Crash("campaign.planned")
		a.log(c).Info("campaign planned", "campaign", c.ID(), "recipients", m.table.Recipients, "chunks", len(m.table.Chunks), "mode", mode(m.table))
		a.view.planning = false
		a.purgeAudience(c) // the chunks hold what the parts held
		a.advance(c)
	})
}

// ask asks another grain off the actor; the answer comes back as a message.
func ask[R, M any](c *engine.Context[actors.CampaignMsg], to engine.Ref[M], m M, then func(R, error) actors.CampaignMsg) {
	c.GoWithin(askTimeout, func(ctx context.Context) actors.CampaignMsg {
		r, err := engine.Ask[R](ctx, to, m)
		return then(r, err)
	})
}

func (a *Campaign) checker(c *engine.Context[actors.CampaignMsg]) engine.Ref[actors.CheckerMsg] {
	return actors.Checkers.Ref(c.System(), a.intent.Run)
}

func (a *Campaign) openLedger(c *engine.Context[actors.CampaignMsg]) {
	if a.view.given {
		return
	}
	a.view.given = true
	d := &a.intent.Accepted.Definition
	ask(c, a.checker(c), actors.CheckerMsg(actors.Open{Campaign: c.ID(), Run: a.intent.Run, Channel: d.Channel,
		Due: a.intent.due(), Table: a.intent.Table, Variants: variantNames(d), Experiment: d.Experiment}),
		func(p actors.Progress, err error) actors.CampaignMsg { return ledgerOpened{progress: p, err: err} })
}

func (a *Campaign) ledgerOpened(c *engine.Context[actors.CampaignMsg], m ledgerOpened) {
	a.view.given = false
	if m.err != nil {
		a.failed(c, "opening the ledger", m.err)
		return
	}
	a.succeeded(actors.RoleChecker)
	a.view.ledger, a.view.counted = true, true
	a.outcomeAt = c.Now()
	a.learn(c, m.progress)
	a.answerShows(a.info(c))
	a.answerOrders(c)
	a.absorb(c, m.progress)
}

// lookAround asks, once per activation, what the checker recorded as returned, and what the channel allows.
func (a *Campaign) lookAround(c *engine.Context[actors.CampaignMsg]) {
	if a.view.given {
		return
	}
	a.view.given = true
	var open []uint32
	for _, w := range a.intent.Open {
		open = append(open, w.Number)
	}
	ask(c, a.checker(c), actors.CheckerMsg(actors.Totalled{Run: a.intent.Run, Windows: open}),
		func(p actors.Progress, err error) actors.CampaignMsg { return looked{progress: p, err: err} })
}

func (a *Campaign) looked(c *engine.Context[actors.CampaignMsg], m looked) {
	a.view.given = false
	if m.err != nil {
		a.failed(c, "asking the ledger", m.err)
		return
	}
	a.succeeded(actors.RoleChecker)
	a.view.looked = true
	a.tellStanding(c)
	a.describe(c)
	a.absorb(c, m.progress)
}

// compose tells the window's composer what to send, at first or after a question.
func (a *Campaign) compose(c *engine.Context[actors.CampaignMsg], w *Window, paths []actors.Span, q question) {
	s := &a.intent
	var variants []json.RawMessage
	if len(s.Accepted.Definition.Variants) > 0 {
		variants = s.Accepted.Definition.TemplatesOf()
	}
	trace, traced := engine.TraceFrom(s.Accepted.Trace), uint32(0)
	if trace.Valid() {
		traced = uint32(len(s.Table.Chunks))
	}
	actors.Composers.Ref(c.System(), actors.ComposerID(s.Run, w.Number)).TellTraced(trace, actors.Compose{
		Campaign: c.ID(), Run: s.Run, Chunks: s.Chunks, Channel: s.Accepted.Definition.Channel,
		Generation: w.Generation, Window: w.Number, Number: q.number, Part: q.part,
		Paths: s.toSend(paths), Deadline: w.At.Add(actors.CallDeadline),
		Messages: s.Accepted.Definition.Messages, Due: s.due(), Zone: s.Accepted.Definition.Zone, Except: w.Except.Spans(), Variants: variants,
		Traced: traced,
	})
}

// progress is the checker's word after each of its records.
func (a *Campaign) progress(c *engine.Context[actors.CampaignMsg], m actors.Progress) {
	switch {
	case m.Run != a.intent.Run:
	case a.intent.Finished != nil:
		a.amend(c, m)
	default:
		a.absorb(c, m)
	}
}

// amend takes what came after the end: an unknown that turned out to be delivered, and nothing else.
func (a *Campaign) amend(c *engine.Context[actors.CampaignMsg], p actors.Progress) {
	f := a.intent.Finished
	if f == nil || !a.intent.Forgotten.IsZero() || p.Run != a.intent.Run || p.Generation != a.intent.Generation ||
		p.Totals[actors.Delivered] <= f.Totals[actors.Delivered] {
		return
	}
	a.oweSeries(c, f.At)
	engine.Persist(c, []Event{Finished{State: f.State, Totals: p.Totals, At: f.At, Variants: p.Variants}}, func() {
		a.deps.Crash("campaign.amended")
		a.tellSeries(c)
	})
}

// reread asks the ledger of a run that ended with unknowns, because word of what came after the end may have been lost.
func (a *Campaign) reread(c *engine.Context[actors.CampaignMsg]) {
	if f := a.intent.Finished; f == nil || !a.intent.Forgotten.IsZero() || f.Totals[actors.Unknown] == 0 {
		return
	}
	ask(c, a.checker(c), actors.CheckerMsg(actors.Totalled{Run: a.intent.Run}),
		func(p actors.Progress, err error) actors.CampaignMsg { return reread{progress: p, err: err} })
}

// absorb takes the checker's figures, puts returned paths back into the plan, and goes on.
func (a *Campaign) absorb(c *engine.Context[actors.CampaignMsg], p actors.Progress) {
	a.learn(c, p)
	if closed := a.intent.closedBy(p.Returned); len(closed) > 0 && a.intent.Finished == nil {
		engine.Persist(c, closed, func() {
			a.deps.Crash("campaign.window.closed")
			a.view.expired = false
			a.voidClosed(c)
			a.advance(c)
		})
		return
	}
	a.advance(c)
}

// learn takes figures that are not older than those it has, and voids the demand of windows that are settled.
func (a *Campaign) learn(c *engine.Context[actors.CampaignMsg], p actors.Progress) {
	before := a.view.totals.Settled()
	switch {
	case p.Generation < a.view.figures, p.Generation == a.view.figures && p.Totals.Settled() < before:
		return
	case p.Totals.Settled() > before:
		a.outcomeAt = c.Now()
	}
	a.view.figures, a.view.totals, a.view.settled = p.Generation, p.Totals, p.Windows
	if a.intent.Finished == nil {
		a.shown = c.ID()
		a.local.Figures.Runs(a.shown, p.Totals)
	}
	a.view.variants = p.Variants
	a.voidClosed(c)
}

// voidClosed gives back the demand that is still counted for windows of which nothing is left to send.
func (a *Campaign) voidClosed(c *engine.Context[actors.CampaignMsg]) {
	for _, number := range a.intent.settledWindows(a.view) {
		if !a.voided[number] {
			a.voided[number] = true
			a.channel(c).Tell(actors.WindowDone{Run: a.intent.Run, Window: number})
		}
	}
}

func (a *Campaign) finish(c *engine.Context[actors.CampaignMsg]) {
	s := &a.intent
	e := Finished{State: s.finalState(a.view.totals), Totals: a.view.totals, At: c.Now(), Variants: a.view.variants}
	c.Forget(remindWork, s.WorkAt)
	a.keepFrom(c, e.At)
	a.oweSeries(c, e.At)
	engine.Persist(c, []Event{e}, func() {
		a.deps.Crash("campaign.finished")
		a.local.Figures.ended(c.ID(), s.Started, e.At)
		a.log(c).Info("campaign ended", "campaign", c.ID(), "state", string(e.State), "delivered", e.Totals[actors.Delivered],
			"failed", e.Totals[actors.Failed], "unknown", e.Totals[actors.Unknown], "recipients", e.Totals.Sum())
		a.tellStanding(c)
		a.tellSeries(c)
		if a.ticking != nil {
			a.ticking.Stop()
		}
	})
}

// mode is what most recipients of a plan go by.
func mode(t plan.Table) string {
	switch s := t.Sends(); {
	case s.Billed() == 0:
		return ""
	case s.MulticastRecipients > s.Pushes:
		return "multicast"
	}
	return "push"
}

// endUnplanned ends a cancelled campaign that a full store keeps from being planned: nothing was sent to anyone. It is the one way to
// end without a ledger, because an operator who cancels to make room must not need room for it.
func (a *Campaign) endUnplanned(c *engine.Context[actors.CampaignMsg]) {
	totals := actors.Totals{actors.Cancelled: a.intent.Recipients()}
	now := c.Now()
	c.Forget(remindWork, a.intent.WorkAt)
	a.keepFrom(c, now)
	a.oweSeries(c, now)
	engine.Persist(c, []Event{Finished{State: actors.StateCancelled, Totals: totals, At: now}}, func() {
		a.purgeAudience(c)
		a.tellStanding(c)
		a.tellSeries(c)
	})
}
