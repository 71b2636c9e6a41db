package latency

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"hayauma.example/benchmarks/systems"
)

// slots is the size of the ring of messages, a power of two.
const slots = 1 << 16

// slot is a message of the ring.
type slot struct {
	message systems.Message
	busy    atomic.Bool // from when it is told until it was handled
}

// teller sends messages to actors, which stamp them. Message i has i in From and when it is due in Seq.
type teller struct {
	system systems.System
	actors int
	clock  clock
	ring   []slot
	spare  func(*systems.Message) // Watch of messages outside the ring
	took   samples                // written by actors, each its own messages'; changes only when nothing is under way
}

func newTeller(s systems.System, actors int, c clock) *teller {
	t := &teller{system: s, actors: actors, clock: c, ring: make([]slot, slots)}
	t.spare = func(m *systems.Message) { t.took[m.From] = t.clock.now() - int64(m.Seq) }
	handled := func(m *systems.Message) {
		i := m.From
		t.took[i] = t.clock.now() - int64(m.Seq)
		t.ring[i%slots].busy.Store(false) // from here on the generator may write From and Seq
	}
	for i := range t.ring {
		t.ring[i].message.Watch = handled
	}
	return t
}

// send tells message i to its actor.
func (t *teller) send(i int, due int64) {
	m := &t.ring[i%slots].message
	if s := &t.ring[i%slots]; s.busy.Load() {
		m = &systems.Message{Watch: t.spare}
	} else {
		s.busy.Store(true)
	}
	m.From, m.Seq = i, uint64(due)
	t.system.Tell(pick(i, t.actors), m)
}

// window is how many messages a closed loop has under way at most; the ring is larger.
const window = 4096

// giveUp is how long a closed loop waits for one message: a system that loses it isn't waited for any longer.
const giveUp = 100 * time.Millisecond

// capacity sends in a closed loop for a while: each message as soon as the window has room for it. It returns messages per second,
// the marks included that end it.
func (t *teller) capacity(ctx context.Context, length time.Duration) (float64, error) {
	took, err := newSamples(window)
	if err != nil {
		return 0, err
	}
	t.took = took
	began, n := t.clock.now(), 0
	for end := began + int64(length); ctx.Err() == nil; n++ {
		now := t.room(n%window, end)
		if now >= end {
			break
		}
		t.send(n%window, now)
	}
	if _, err := systems.Gather(ctx, t.system, t.actors); err != nil {
		return 0, err // what is under way may write samples: they stay
	}
	rate := float64(n+t.actors) / time.Duration(t.clock.now()-began).Seconds()
	return rate, took.free()
}

// room waits until the message before in the slot was handled, or is given up, or end has come. It returns the time.
func (t *teller) room(i int, end int64) int64 {
	now := t.clock.now()
	for began := now; t.ring[i].busy.Load() && now < min(end, began+int64(giveUp)); now = t.clock.now() {
		runtime.Gosched()
	}
	return now
}

// load sends by the schedule and waits until all is handled.
func (t *teller) load(ctx context.Context, s schedule, took, late samples) (outcome, error) {
	t.took = took
	sent, err := generate(ctx, t.clock, s, late, t.send)
	if err != nil {
		return outcome{sent: sent, lost: int64(sent)}, err
	}
	handled, err := systems.Gather(ctx, t.system, t.actors)
	return outcome{sent: sent, lost: int64(sent+t.actors) - int64(handled)}, err
}
