package message

import (
	"context"
	"slices"
	"strings"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// maxReason bounds in bytes why a message was not delivered, as it is kept.
const maxReason = 200

func clip(s string) string {
	if len(s) <= maxReason {
		return s
	}
	return strings.ToValidUTF8(s[:maxReason], "")
}

func (b *Book) report(c *call, m actors.Report) {
	b.buffer = append(b.buffer, m)
	switch {
	case len(b.buffer) >= packReports:
		b.flush(c)
	case !b.waiting:
		b.waiting = true
		c.After(packDelay, flush{})
	}
}

// flush judges what is buffered and records it. Of several reports about one message the first is judged now, the others against what it has
// changed.
func (b *Book) flush(c *call) {
	if len(b.buffer) == 0 {
		return
	}
	now := c.Now()
	var t turn
	var rest []actors.Report
	seen := map[uint32]bool{}
	batch := b.buffer[:0:0]
	for _, r := range b.buffer {
		if seen[r.Path.Lo] {
			rest = append(rest, r)
			continue
		}
		seen[r.Path.Lo] = true
		batch = append(batch, r)
		b.rule(&t, r, now)
	}
	halted := slices.ContainsFunc(t.returned, func(n uint32) bool { return len(b.of(n).cancels) == 0 })
	b.record(c, t, func() {
		b.acknowledge(c, batch)
		b.buffer = rest
		if halted {
			b.askChannel(c)
		}
		if len(rest) > 0 && !b.waiting {
			b.waiting = true
			c.After(0, flush{})
		}
	})
}

// rule adds what a report means to a turn.
func (b *Book) rule(t *turn, r actors.Report, now time.Time) {
	n := r.Path.Lo
	at := now
	if !r.At.IsZero() && r.At.Before(now) {
		at = r.At
	}
	o := Outcome{Number: n, Request: r.Request, Tries: r.Tries, At: millis(at)}
	m := b.state.open[n]
	if m == nil {
		if p := b.state.past[n]; p != nil && r.What == actors.PathAccepted && p.outcome < actors.Delivered {
			o.Outcome = actors.Delivered
			t.settled = append(t.settled, o)
		}
		return
	}
	l := b.of(n)
	switch v, outcome, reason := judge(m, l, r); {
	case v == settles:
		o.Outcome, o.Reason = outcome, clip(reason)
		t.settled = append(t.settled, o)
	case v == gives && len(l.cancels) > 0:
		o.Outcome, o.Tries = actors.Cancelled, r.Tries
		t.settled = append(t.settled, o)
	case v == gives:
		b.stopped = true // whoever gave it back said that the channel doesn't send, or this node doesn't
		t.returned = append(t.returned, n)
	}
}

// acknowledge tells posters that their words are on disk.
func (b *Book) acknowledge(c *call, batch []actors.Report) {
	b.deps.Crash("message.ack.before")
	for _, r := range batch {
		if r.Poster != "" {
			actors.Posters.Ref(c.System(), r.Poster).Tell(actors.Recorded{Run: r.Run, Window: r.Window, Path: r.Path})
		}
	}
	b.deps.Crash("message.ack.after")
}

// look finds what posters have had for too long.
func (b *Book) look(c *call) {
	b.looking = false
	now := c.Now()
	var t turn
	stalled, out := false, false
	for n, l := range b.live {
		m := b.state.open[n]
		switch {
		case m == nil || !l.out:
			continue
		case now.After(moment(m.from).Add(actors.GiveUpAfter)):
			t.settled = append(t.settled, Outcome{Number: n, Outcome: actors.Unknown, Reason: reasonNoAnswer, At: millis(now)})
		case now.Sub(l.told) >= actors.StallAfter:
			stalled = true
		}
		out = true
	}
	if out {
		b.looking = true
		c.After(lookEvery, look{})
	}
	if stalled && !b.stopped {
		b.askChannel(c)
	}
	b.record(c, t, func() {})
}

// askChannel asks whether the channel sends, and whether any message waits for its turn.
func (b *Book) askChannel(c *call) {
	if b.asked {
		return
	}
	b.asked = true
	ref := actors.Channels.Ref(c.System(), b.channel)
	m := actors.DescribeChannel{Standing: actors.RunStanding{Run: actors.MessagesRun(b.channel)}}
	c.GoWithin(lookUp, func(ctx context.Context) actors.MessageMsg {
		info, err := engine.Ask[actors.ChannelInfo](ctx, ref, actors.ChannelMsg(m))
		return described{info: info, err: err}
	})
}

// described goes on where the channel sends. What a poster has had for a minute though nothing waits at any gate was lost on its way.
func (b *Book) described(c *call, m described) {
	b.asked = false
	if m.err != nil || m.info.Paused != "" || b.drains {
		if b.stopped && !b.drains {
			b.stop = min(max(2*b.stop, stopFirst), stopMost)
			c.After(b.stop, lookChannel{})
		}
		return
	}
	if b.stopped {
		b.stopped, b.stop = false, 0
		b.touchAll(c)
	}
	if !m.info.Waiting {
		b.redrive(c)
	}
}

// drain asks everything back that posters have not tried, for good: so a planned stop puts nothing in doubt but calls under way.
func (b *Book) drain(c *call) {
	b.stopped, b.drains = true, true
	for n, l := range b.live {
		if m := b.state.open[n]; m != nil && l.out {
			actors.Posters.Ref(c.System(), actors.PushPoster(b.channel, m.user)).Tell(actors.GiveBack{Run: actors.MessagesRun(b.channel)})
		}
	}
}

// redrive tells posters once more of what is stalled, under the same key: from now on a refusal proves nothing.
func (b *Book) redrive(c *call) {
	now := c.Now()
	for n, l := range b.live {
		m := b.state.open[n]
		if m == nil || !l.out || now.Sub(l.told) < actors.StallAfter || !now.Before(m.deadline()) {
			continue
		}
		l.doubt = true
		l.drives++
		b.post(c, m)
	}
}
