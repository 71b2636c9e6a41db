package gate

import (
	"context"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/provider"
	"hayauma.example/engine"
)

// asking is where the questions to the channel are.
type asking struct {
	busy     bool              // a question is in flight
	open     bool              // question has no answer: it is asked again as it is, but for who waits
	question actors.WantTokens // the last one
	sent     time.Time         // when it was sent last
	again    time.Time         // no question for tokens before
}

// due tells whether a question is sent now.
func (g *gate) due(now time.Time) bool {
	if g.asking.busy {
		return false
	}
	at, ok := g.asksAt(now)
	return ok && !now.Before(at)
}

// asksAt is when the next question is due: for tokens, for reports, or to see whether something is held; false: there is none.
func (g *gate) asksAt(now time.Time) (at time.Time, ok bool) {
	a := &g.asking
	sooner := func(t time.Time) {
		if !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	if a.open {
		return a.again, true
	}
	if len(g.parked.all) > 0 {
		sooner(a.sent.Add(pollEvery))
	}
	if g.parked.ready > 0 && g.lacks() { // what had a token has started
		sooner(a.again)
	}
	if !g.reports.due.IsZero() {
		sooner(g.reports.due)
	}
	if t, left := g.leftUntil(now); left {
		sooner(t)
	}
	return at, ok
}

// lacks tells whether it is only tokens that parked calls wait for, or the provider, which comes with them.
func (g *gate) lacks() bool {
	return g.room() > 0 && g.gates.May()
}

// leftUntil is when tokens at hand become void; false: there are none.
func (g *gate) leftUntil(now time.Time) (at time.Time, ok bool) {
	for _, l := range g.lots {
		if l.left > 0 && (!ok || l.expires.Before(at)) {
			at, ok = l.expires, true
		}
	}
	return at, ok
}

// ask sends a question off the actor.
func (g *gate) ask(c *call, now time.Time) {
	a := &g.asking
	if !a.open {
		q := actors.WantTokens{Gate: g.id, Seq: a.question.Seq + 1, Spent: g.spent(now)}
		g.reports.take(&q)
		a.question, a.open = q, true
	}
	a.question.Waiting, a.question.Room = g.waiting(now)
	a.busy, a.sent = true, now
	q, ref := a.question, actors.Channels.Ref(c.System(), g.channel)
	c.GoWithin(askTimeout, func(ctx context.Context) Msg {
		t, err := engine.Ask[actors.Tokens](ctx, ref, actors.ChannelMsg(q))
		return answered{tokens: t, err: err}
	})
}

// spent reports the lots; those that are settled are forgotten.
func (g *gate) spent(now time.Time) (reports []actors.Spent) {
	for id, l := range g.lots {
		if !now.Before(l.expires) {
			l.void()
		}
		if l.news() {
			reports = append(reports, l.spent(now))
		}
		if l.settled() {
			delete(g.lots, id)
		}
	}
	return reports
}

// waiting are the runs with parked calls, with how many of each could start if they had tokens, and how many could of all.
func (g *gate) waiting(now time.Time) (rows []actors.RunWaiting, room int) {
	p := &g.parked
	if len(p.ring) == 0 {
		return nil, 0
	}
	if g.lacks() {
		room = g.room()
	}
	rows = make([]actors.RunWaiting, 0, len(p.ring))
	for _, r := range p.ring {
		want := func(e provider.Endpoint) int { return min(room, max(0, len(r.queues[e])-r.tokens[e].count(now))) }
		rows = append(rows, actors.RunWaiting{Campaign: r.campaign, Run: r.id, Push: want(provider.Push), Multicast: want(provider.Multicast)})
	}
	return rows, room
}

func (g *gate) answered(c *call, m answered, now time.Time) {
	a := &g.asking
	a.busy = false
	if m.err != nil {
		a.again = now.Add(askAgain)
		g.gates.deps.Log.Debug("channel did not answer", "channel", g.channel, "error", m.err)
		return
	}
	a.open = false
	if m.tokens.Broken {
		g.broken = now
	}
	g.setupProvider(m.tokens.Setup)
	g.standings(c, m.tokens)
	useful := g.accept(m.tokens, now)
	a.again = now.Add(m.tokens.Again)
	if m.tokens.Again == 0 && (!useful || g.provider == nil) {
		a.again = now.Add(againLeast)
	}
	g.pump(c, now)
}

// standings applies what the channel says of runs.
func (g *gate) standings(c *call, t actors.Tokens) {
	held := make(map[string]bool, len(t.Held))
	for _, id := range t.Held {
		held[id] = true
		if r := g.parked.runs[id]; r != nil {
			g.hold(c, r)
		}
	}
	for _, w := range g.asking.question.Waiting {
		if r := g.parked.runs[w.Run]; r != nil && !held[w.Run] {
			g.release(r)
		}
	}
	for _, id := range t.Over {
		if r := g.parked.runs[id]; r != nil {
			g.drop(c, r)
		}
	}
}

// accept takes the tokens of an answer; those that came too late, or before the channel knew of trouble, are void. It tells whether any
// can be used.
func (g *gate) accept(t actors.Tokens, now time.Time) (useful bool) {
	expires := g.asking.sent.Add(channel.TokenLife)
	for _, grant := range t.Grants {
		if int(grant.Endpoint) >= len(run{}.tokens) {
			continue // an endpoint of a later version: nobody here waits for it
		}
		r := g.parked.runs[grant.Run]
		ok := r != nil && now.Before(expires) && !g.reports.worries(grant.Endpoint)
		useful = useful || ok
		if r != nil {
			r.order, r.weight = grant.Priority.Order(), actors.WeightOf(grant.Weight)
		}
		if grant.Open {
			if ok {
				r.tokens[grant.Endpoint].open = expires
			}
			continue
		}
		l := &lot{grant: grant.ID, expires: expires, left: grant.N, trial: grant.Trial}
		g.lots[grant.ID] = l
		if !ok {
			l.void()
			g.reports.beginNow()
			continue
		}
		p := &r.tokens[grant.Endpoint]
		p.lots = append(p.lots, l)
	}
	return useful
}
