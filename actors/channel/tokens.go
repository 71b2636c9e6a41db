package channel

import (
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
	last     uint64 // id of the last grant; begins anywhere, so that no id of an earlier activation comes again
}

// newGranter is the granter of a fresh activation.
func newGranter(l actors.Limits, first uint64) granter {
	g := granter{runs: newRuns(), gates: gates{by: make(map[string]*gate)}, last: first}
	for _, e := range endpoints {
		g.limiters[e] = newLimiter(l.Of(e), 0)
	}
	return g
}

// begin sets the first limits of a channel that has never been configured.
func (g *granter) begin(l actors.Limits, now time.Duration) {
	for _, e := range endpoints {
		g.limiters[e] = newChannelLimiter(l.Of(e), now)
	}
}

// change sets other limits.
func (g *granter) change(l actors.Limits, now time.Duration) {
	for _, e := range endpoints {
		g.limiters[e].change(l.Of(e), now)
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
	}
	for _, t := range m.Trouble {
		if t.Verdict == provider.Throttled && int(t.Endpoint) < len(endpoints) {
			g.limiters[t.Endpoint].throttle.trouble(t.Count, now)
		}
	}
}

// may tells why a run gets tokens and demand or not. stopped tells that the channel grants nothing.
func (g *granter) may(run string, stopped bool) Reason {
	switch s := g.runs.standing(run); {
	case s == actors.RunOver:
		return RunIsOver
	case s == actors.RunUnknown:
		return RunNotKnown
	case s == actors.RunHeld:
		return RunIsHeld
	case stopped:
		return ChannelStops
	}
	return Allowed
}

// tokens answers a gate's question: the answer without the channel's own part, and the runs whose campaigns are to be asked.
func (g *granter) tokens(m actors.WantTokens, k *gate, stopped bool, now time.Duration) (t actors.Tokens, unknown []actors.RunWaiting) {
	t.Seq = m.Seq
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
	for _, e := range endpoints {
		if again := g.grant(turn{&t, k, e, now}, active); again > 0 && (t.Again == 0 || again < t.Again) {
			t.Again = again
		}
	}
	k.until = now + min(t.Again+gateGrace, gateWaits)
	return t, unknown
}

// turn is what one gate gets of one endpoint.
type turn struct {
	answer   *actors.Tokens
	gate     *gate
	endpoint provider.Endpoint
	now      time.Duration
}

// grant adds one endpoint's grants to the answer. It returns when to ask again for what was not granted, or 0.
func (g *granter) grant(t turn, active []actors.RunWaiting) time.Duration {
	k, e, now := t.gate, t.endpoint, t.now
	l := &g.limiters[e]
	rows, wants, waiting := wanting(active, e)
	n, why := l.room(now)
	if why == Allowed && l.log == nil {
		for _, run := range rows {
			g.last++
			t.answer.Grants = append(t.answer.Grants, actors.Grant{ID: g.last, Run: run, Endpoint: e, Open: true})
		}
		waiting = 0
	}
	if waiting == 0 {
		k.lacks[e] = false
		return 0
	}
	if why == Allowed {
		n, why = g.limited(t, rows, wants, min(n, waiting))
	}
	k.lacks[e] = n < waiting
	switch {
	case n == waiting:
		return 0
	case why == OthersTurn:
		return againTurn
	}
	return max(againLeast, l.again(waiting-n, now))
}

// limited grants at most n tokens of a limited endpoint: every gate and every run has its turn.
func (g *granter) limited(t turn, rows []string, wants []int, n int) (int, Reason) {
	k, e, now := t.gate, t.endpoint, t.now
	l, why := &g.limiters[e], Allowed
	if a := g.gates.allowance(k, e, burst(l.log.limit), now); a >= 0 && a < n {
		n, why = a, OthersTurn
	}
	if n == 0 {
		return 0, why
	}
	for i, got := range share(n, wants, k.turn[e]%len(rows)) {
		if got > 0 {
			g.last++
			l.log.take(g.last, got, now)
			t.answer.Grants = append(t.answer.Grants, actors.Grant{ID: g.last, Run: rows[i], Endpoint: e, N: got})
		}
	}
	l.pace.take(n, now)
	k.turn[e] += n
	k.used[e] += n
	return n, why
}

// wanting are the runs that have calls of an endpoint waiting, and how many.
func wanting(active []actors.RunWaiting, e provider.Endpoint) (rows []string, wants []int, sum int) {
	for _, w := range active {
		n := w.Push
		if e == provider.Multicast {
			n = w.Multicast
		}
		if n > 0 {
			rows, wants, sum = append(rows, w.Run), append(wants, n), sum+n
		}
	}
	return rows, wants, sum
}
