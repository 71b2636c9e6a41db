package channel

import (
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

// How soon a gate asks again where calls wait for something other than the limit.
const (
	againParked = 100 * time.Millisecond // for runs that may not send, and while the channel is paused
	againTurn   = 2 * time.Millisecond   // for another gate's turn
	againLeast  = time.Millisecond
)

var endpoints = [...]provider.Endpoint{provider.Push, provider.Multicast}

// granter is what a channel grants by, apart from what it does with it. All times are since the activation.
type granter struct {
	runs     runs
	gates    gates
	limiters [len(endpoints)]limiter
	floors   [len(endpoints)][actors.Priorities]float64 // where runs of a priority begin, see run.pass
	limits   actors.Limits                              // as configured
	breaker  breaker
	last     uint64 // id of the last grant; begins anywhere, so that no id of an earlier activation comes again
}

// newGranter is the granter of a fresh activation.
func newGranter(l actors.Limits, first uint64) granter {
	g := granter{runs: newRuns(), gates: gates{by: make(map[string]*gate)}, limits: l, breaker: breaker{state: breakerClosed}, last: first}
	for _, e := range endpoints {
		g.limiters[e] = newLimiter(l.Of(e), 0)
	}
	return g
}

// begin sets the first limits of a channel that has never been configured.
func (g *granter) begin(l actors.Limits, now time.Duration) {
	g.limits = l
	for _, e := range endpoints {
		g.limiters[e] = newChannelLimiter(l.Of(e), now)
	}
}

// change sets other limits.
func (g *granter) change(l actors.Limits, now time.Duration) {
	g.limits = l
	for _, e := range endpoints {
		g.limiters[e].change(g.breaker.limit(e, l.Of(e), now), now)
	}
}

// ramp raises the limits after the breaker has closed.
func (g *granter) ramp(now time.Duration) {
	if !g.breaker.ramping {
		return
	}
	g.breaker.ramping = false
	for _, e := range endpoints {
		limit, l := g.breaker.limit(e, g.limits.Of(e), now), &g.limiters[e]
		g.breaker.ramping = g.breaker.ramping || limit != g.limits.Of(e)
		if l.log == nil && limit > 0 { // nothing but trials started in the last second
			*l = limiter{log: newLog(limit), pace: newPace(limit, now), throttle: l.throttle}
			continue
		}
		l.change(limit, now)
	}
}

// report notes what became of tokens, and rate limit answers.
func (g *granter) report(m actors.WantTokens, now time.Duration) {
	for _, s := range m.Spent {
		for _, e := range endpoints {
			g.limiters[e].report(s.Grant, s.Started, s.Unused, now)
		}
	}
	for _, e := range endpoints {
		g.limiters[e].throttle.fine += m.Fine[e]
		g.breaker.count(e, m.Fine[e]+m.Other[e], m.Failed[e], now)
	}
	g.breaker.told(m, now)
	for _, t := range m.Trouble {
		if t.Verdict == provider.Throttled && int(t.Endpoint) < len(endpoints) {
			g.limiters[t.Endpoint].throttle.trouble(t.Count, now)
		}
	}
}

// may tells why a run gets tokens and demand or not. stopped tells that the channel grants nothing.
func (g *granter) may(run string, stopped bool) Reason {
	why := RunNotKnown
	if k := g.runs.by[run]; k != nil {
		why = k.may()
	}
	if why == Allowed && stopped {
		return ChannelStops
	}
	return why
}

// tokens answers a gate's question: the answer without the channel's own part, and the runs whose campaigns are to be asked.
func (g *granter) tokens(m actors.WantTokens, k *gate, stopped bool, now time.Duration) (t actors.Tokens, unknown []actors.RunWaiting) {
	t.Seq = m.Seq
	g.ramp(now)
	var active []actors.RunWaiting
	for _, w := range m.Waiting {
		switch g.may(w.Run, stopped) {
		case Allowed:
			active = append(active, w)
		case RunIsOver:
			t.Over = append(t.Over, w.Run)
		case RunNotKnown:
			unknown = append(unknown, w)
			t.Again = againParked
		default:
			t.Held = append(t.Held, w.Run)
			t.Again = againParked
		}
	}
	k.keep(active)
	slices.SortStableFunc(active, func(a, b actors.RunWaiting) int { return g.runs.by[a.Run].order() - g.runs.by[b.Run].order() })
	for _, e := range endpoints {
		if again := g.grant(turn{&t, k, e, m.Room, now}, active); again > 0 && (t.Again == 0 || again < t.Again) {
			t.Again = again
		}
	}
	t.Broken = g.breaker.opened()
	k.until = now + min(t.Again+gateGrace, gateWaits)
	return t, unknown
}

// turn is what one gate gets of one endpoint.
type turn struct {
	answer   *actors.Tokens
	gate     *gate
	endpoint provider.Endpoint
	most     int // how many calls it could start; 0: as many as wait
	now      time.Duration
}

// grant adds one endpoint's grants to the answer. It returns when to ask again for what was not granted, or 0.
func (g *granter) grant(t turn, active []actors.RunWaiting) time.Duration {
	e, now := t.endpoint, t.now
	l := &g.limiters[e]
	claims, waiting := g.claims(t, active)
	n, why := l.room(now)
	trial, pause := g.breaker.lets(now)
	if why == Allowed && pause > 0 {
		n, why = 0, BreakerOpen
	}
	if why == Allowed && l.log == nil && !trial {
		for _, c := range claims {
			g.give(t, c, actors.Grant{Open: true})
		}
		waiting = 0
	}
	if waiting == 0 {
		for _, c := range claims {
			c.lane.lacks[e] = false
		}
		return 0
	}
	if trial {
		n, waiting = 1, 1
	}
	if why != Allowed {
		n = 0
	}
	x := contest{endpoint: e, burst: l.burst(), claims: claims, rivals: g.rivals(t.gate, e, now)}
	x.begin(&g.floors[e])
	if n > 0 {
		n, why = x.divide(min(n, waiting), &g.floors[e])
		g.hand(t, claims, trial)
	}
	for _, c := range claims {
		c.lane.lacks[e] = c.got < c.want && (n < waiting || trial)
	}
	switch {
	case why == BreakerOpen:
		return pause
	case trial && n > 0:
		return againParked
	case n == waiting:
		return 0
	case why == OthersTurn:
		return againTurn
	}
	return max(againLeast, l.again(waiting-n, now))
}

// hand gives what the claims got.
func (g *granter) hand(t turn, claims []claim, trial bool) {
	l, sum := &g.limiters[t.endpoint], 0
	for _, c := range claims {
		if c.got == 0 {
			continue
		}
		g.give(t, c, actors.Grant{N: c.got, Trial: trial})
		c.lane.used[t.endpoint] += c.got
		sum += c.got
		if l.log != nil {
			l.log.take(g.last, c.got, t.now)
		}
		if trial {
			g.breaker.tries(g.last, t.now)
		}
	}
	if l.log != nil && sum > 0 {
		l.pace.take(sum, t.now)
	}
}

// give adds a grant to the answer.
func (g *granter) give(t turn, c claim, m actors.Grant) {
	g.last++
	m.ID, m.Run, m.Endpoint, m.Priority, m.Weight = g.last, c.id, t.endpoint, c.run.priority, c.run.weight()
	t.answer.Grants = append(t.answer.Grants, m)
}

// claims are the runs that have calls of an endpoint waiting, and how many of them could start.
func (g *granter) claims(t turn, active []actors.RunWaiting) (claims []claim, sum int) {
	for _, w := range active {
		n := w.Push
		if t.endpoint == provider.Multicast {
			n = w.Multicast
		}
		l := t.gate.lanes[w.Run]
		if n <= 0 {
			l.lacks[t.endpoint] = false
			continue
		}
		claims = append(claims, claim{id: w.Run, run: g.runs.by[w.Run], lane: l, want: n})
		sum += n
	}
	if t.most > 0 {
		sum = min(sum, t.most)
	}
	return claims, sum
}
