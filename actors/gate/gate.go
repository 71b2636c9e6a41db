package gate

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
	"hayauma.example/engine"
)

// flightLife is how long a handed-out token may be without a word: the longest call and some time to spare.
const flightLife = provider.Timeout + 10*time.Second

// Times of what a gate looks after.
const (
	sweepEvery = 5 * time.Second
	pollEvery  = 500 * time.Millisecond // a question at least so often while anything is parked: a hold may have begun or ended
	flushAfter = 50 * time.Millisecond  // reports wait so long for a question that is due anyway
	flushBytes = 1 << 20                // … or until so much demand is free again
	askTimeout = time.Second
	askAgain   = 100 * time.Millisecond // after a question without an answer
	againLeast = 10 * time.Millisecond  // when the answer held nothing of use and no time
)

// flight is a token that was handed out.
type flight struct {
	lot *lot // nil where the endpoint has no limit
	at  time.Time
	to  holder
	// trial is the grant that was given to see what comes of a call; 0: it is none.
	trial uint64
}

// holder is who has a token.
type holder struct {
	run    string
	path   actors.Span
	poster string
}

// gate starts the calls of one channel on one node. Its fields are owned by Handle.
type gate struct {
	gates   *Gates
	figures *Figures
	channel string
	id      string // incarnation and channel

	parked  parked
	flights map[uint64]flight
	width   width
	token   uint64 // the last one

	broken  time.Time       // when the channel's circuit breaker was last known to be open
	lots    map[uint64]*lot // those of which something will be known or is to be reported
	reports reports
	asking  asking

	provider provider.Provider
	setup    actors.Settings // of provider, without limits

	wakeAt time.Time // when wake comes; zero: it doesn't
	alarm  *engine.Timer
	swept  time.Time
}

type call = engine.Context[Msg]

func newGate(gs *Gates, name string) *gate {
	return &gate{
		gates: gs, figures: gs.Figures(name), channel: name, id: gs.sys.Incarnation() + "/" + name,
		parked: newParked(), flights: make(map[uint64]flight), width: newWidth(gs.deps.MaxInFlight), lots: make(map[uint64]*lot),
		reports: newReports(),
	}
}

// Started begins, and goes on after a panic with what the gate held; the question that was in flight is asked again.
func (g *gate) Started(c *call) {
	g.asking.busy = false
	g.wakeAt, g.alarm = time.Time{}, nil
	g.next(c, time.Now())
}

// Handle has one line per message; what a line does stands below, in message order.
func (g *gate) Handle(c *call, m Msg) {
	now := time.Now() // monotonic: a token lives 100 ms, whatever becomes of the wall's clock; deadlines have no such part
	switch m := m.(type) {
	case Wait:
		g.wait(c, m, now)
	case Started:
		g.started(m, now)
	case Unused:
		g.unused(m)
		g.pump(c, now) // there is room for another
	case Ended:
		g.ended(c, m, now)
	case Left:
		g.left(m)
		g.pump(c, now)
	case Freed:
		g.reports.free(m, now)
	case Withdraw:
		g.withdraw(m)
	case wake:
		g.wakeAt = time.Time{}
		g.parked.ripen(now)
		g.sweep(c, now)
		g.pump(c, now)
	case answered:
		g.answered(c, m, now)
	}
	g.next(c, now)
}

func (g *gate) wait(c *call, m Wait, now time.Time) {
	w := g.parked.add(m, now)
	if w.late < 0 && w.run.queues[w.Endpoint].first() == w && g.may() {
		g.start(c, w.run, w.Endpoint, now)
	}
}

func (g *gate) started(m Started, now time.Time) {
	f, ok := g.flights[m.Token]
	if !ok || f.lot == nil {
		return
	}
	at := m.At
	if at.IsZero() || at.After(now) {
		at = now
	}
	f.lot.out--
	f.lot.started = append(f.lot.started, at)
	f.lot = nil
	g.flights[m.Token] = f
	g.reports.begin(now)
}

func (g *gate) unused(m Unused) {
	f, ok := g.flights[m.Token]
	if !ok {
		return
	}
	g.land(m.Token)
	if f.lot != nil {
		f.lot.out--
		f.lot.unused++
		g.reports.beginNow()
	}
}

func (g *gate) ended(c *call, m Ended, now time.Time) {
	f, ok := g.flights[m.Token]
	if !ok {
		return
	}
	if f.lot != nil {
		f.lot.out-- // its start was not reported: the channel holds the place for as long as it could need
	}
	g.land(m.Token)
	g.width.ended(now.Sub(f.at), len(g.flights), now)
	g.trouble(m, now)
	g.news(m, f, now)
	g.pump(c, now)
}

// trouble notes what concerns the whole channel: the tokens at hand are void, and the channel is told at once.
func (g *gate) trouble(m Ended, now time.Time) {
	switch m.Verdict {
	case provider.Accepted:
		g.reports.fine[m.Endpoint]++
		return
	case provider.Throttled:
		for _, r := range g.parked.runs {
			r.tokens[m.Endpoint].void()
		}
	case provider.OverQuota, provider.Unauthorized:
		for _, r := range g.parked.runs {
			r.tokens[provider.Push].void()
			r.tokens[provider.Multicast].void()
		}
	default:
		return
	}
	g.reports.trouble(m, now)
}

// news counts a call for the channel's circuit breaker, but for those that began before it was open: when it has closed, their time-outs are
// old.
func (g *gate) news(m Ended, f flight, now time.Time) {
	switch {
	case f.trial != 0:
		g.reports.tell(actors.Tried{Grant: f.trial, Failed: failed(m.Verdict)})
	case failed(m.Verdict) && !f.at.After(g.broken):
	case failed(m.Verdict):
		g.reports.failed[m.Endpoint]++
		g.reports.begin(now)
	case m.Verdict != provider.Accepted:
		g.reports.other[m.Endpoint]++
	}
}

// failed tells whether a verdict is one of those that the channel's circuit breaker counts against the provider.
func failed(v provider.Verdict) bool { return v == provider.Doubtful || v == provider.Unsent }

// may tells whether a call may start as far as the gate itself is concerned.
func (g *gate) may() bool {
	return g.gates.share.allows(len(g.flights)) && g.width.allows(len(g.flights)) && g.provider != nil && g.gates.May()
}

// room is how many calls more could be in flight.
func (g *gate) room() int {
	n := len(g.flights)
	return min(g.width.limit-n, g.gates.share.room(n))
}

// fly notes a token that was handed out.
func (g *gate) fly(f flight) {
	g.token++
	g.flights[g.token] = f
	g.figures.InFlight.Add(1)
	g.gates.share.began(len(g.flights))
}

// land forgets a token that is out.
func (g *gate) land(token uint64) {
	if _, out := g.flights[token]; !out {
		return
	}
	delete(g.flights, token)
	g.figures.InFlight.Add(-1)
	g.gates.share.ended(len(g.flights))
}

// pump starts what has tokens: of the highest priority first, and of its runs as many calls of each endpoint in turn as the run weighs.
func (g *gate) pump(c *call, now time.Time) {
	for order := range actors.Priorities {
		g.pumpClass(c, order, now)
	}
}

func (g *gate) pumpClass(c *call, order int, now time.Time) {
	p := &g.parked
	for idle := 0; idle < len(p.ring) && p.ready > 0 && g.may(); {
		p.turn[order] %= len(p.ring)
		r := p.ring[p.turn[order]]
		if r.order == order && g.pumpRun(c, r, now) {
			idle = 0
			continue
		}
		idle++
		if r.place == p.turn[order] { // else it has left the ring, and another has its place
			p.turn[order]++
		}
	}
}

// pumpRun starts a call of each endpoint of a run whose turn it is, and ends the turn when it has had as many as it weighs.
func (g *gate) pumpRun(c *call, r *run, now time.Time) bool {
	push := g.start(c, r, provider.Push, now)
	multicast := g.may() && g.start(c, r, provider.Multicast, now)
	if !push && !multicast {
		return false
	}
	if r.turn++; r.turn >= r.weight && r.place >= 0 {
		r.turn = 0
		g.parked.turn[r.order]++
	}
	return true
}

// start hands a token to the first waiter of a run and endpoint, if there are both.
func (g *gate) start(c *call, r *run, e provider.Endpoint, now time.Time) bool {
	q := &r.queues[e]
	for w := q.first(); w != nil; w = q.first() {
		if !w.Deadline.IsZero() && !now.Before(w.Deadline) {
			g.expire(c, w)
			continue
		}
		l, expires, ok := r.tokens[e].token(now)
		if !ok {
			return false
		}
		g.fly(flight{lot: l, at: now, to: holder{r.id, w.Path, w.Poster}, trial: l.tries()})
		g.figures.Waits.Took(now.Sub(w.NotBefore))
		to := actors.Posters.Ref(c.System(), w.Poster)
		to.Tell(actors.Start{Run: r.id, Path: w.Path, Token: g.token, Expires: expires, Report: l != nil, Provider: g.provider})
		g.parked.remove(w)
		return true
	}
	return false
}

// sweep gives up what is too late, forgets tokens of which nothing will be heard, and runs that are gone.
func (g *gate) sweep(c *call, now time.Time) {
	if now.Sub(g.swept) < sweepEvery {
		return
	}
	g.swept = now
	for _, w := range g.parked.all {
		if !w.Deadline.IsZero() && !now.Before(w.Deadline) {
			g.expire(c, w)
		}
	}
	lost := 0
	for token, f := range g.flights {
		if now.Sub(f.at) > flightLife {
			g.land(token)
			lost++
		}
	}
	if lost > 0 {
		g.gates.deps.Log.Warn("posters did not tell what came of their calls", "channel", g.channel, "calls", lost)
	}
	for id, l := range g.lots {
		if now.Sub(l.expires) > flightLife {
			delete(g.lots, id)
		}
	}
	for id, r := range g.parked.runs {
		if r.waiters == 0 && r.tokens[0].empty(now) && r.tokens[1].empty(now) {
			delete(g.parked.runs, id)
		}
	}
}

// next asks the channel if that is due, and sees to it that the gate is woken for what is due next.
func (g *gate) next(c *call, now time.Time) {
	if g.due(now) {
		g.ask(c, now)
	}
	at := g.nextDue(now)
	if at.IsZero() || !g.wakeAt.IsZero() && !at.Before(g.wakeAt) {
		return
	}
	if g.alarm != nil {
		g.alarm.Stop()
	}
	g.wakeAt = at
	g.alarm = c.After(max(0, at.Sub(now)), wake{})
}

// nextDue is when there is something to do if no message comes; zero: never.
func (g *gate) nextDue(now time.Time) (at time.Time) {
	sooner := func(t time.Time) {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	if len(g.parked.later) > 0 {
		sooner(g.parked.later[0].NotBefore)
	}
	if len(g.parked.all) > 0 || len(g.flights) > 0 || len(g.lots) > 0 {
		sooner(g.swept.Add(sweepEvery))
	}
	if !g.asking.busy {
		if t, ok := g.asksAt(now); ok {
			sooner(t)
		}
	}
	return at
}

// setupProvider makes the client for the channel's settings, once per settings.
func (g *gate) setupProvider(s actors.Settings) {
	s.Limits = actors.Limits{}
	if s == g.setup && g.provider != nil || s == (actors.Settings{}) {
		return
	}
	p, err := g.gates.deps.Provider(s)
	if err != nil && s != g.setup { // told once; it is tried again with each answer
		g.gates.deps.Log.Error("no provider for the channel: its calls stay parked", "channel", g.channel, "error", err)
	}
	g.provider, g.setup = p, s
}
