package latency

import (
	"context"
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

// turns is how many messages per actor a closed loop sends between two waits.
const turns = 10

// capacity sends in a closed loop for a while, each message as soon as the one before is sent, and returns messages per second. After ten
// messages per actor all actors report, which is one more message for each and is counted.
func (t *teller) capacity(ctx context.Context, length time.Duration) (float64, error) {
	took, err := newSamples(turns * t.actors)
	if err != nil {
		return 0, err
	}
	t.took = took
	began, n := t.clock.now(), 0
	for t.clock.now()-began < int64(length) {
		for i := range took {
			t.send(i, t.clock.now())
		}
		if _, err := gather(ctx, t.system, t.actors); err != nil {
			return 0, err
		}
		n += len(took) + t.actors
	}
	rate := float64(n) / time.Duration(t.clock.now()-began).Seconds()
	return rate, took.free()
}

// load sends by the schedule and waits until all is handled.
func (t *teller) load(ctx context.Context, s schedule, took, late samples) (outcome, error) {
	t.took = took
	sent, err := generate(ctx, t.clock, s, late, t.send)
	if err != nil {
		return outcome{sent: sent, lost: int64(sent)}, err
	}
	handled, err := gather(ctx, t.system, t.actors)
	return outcome{sent: sent, lost: int64(sent+t.actors) - int64(handled)}, err
}

// gather asks all actors for their reports. It returns what they have handled since the last, the marks included.
func gather(ctx context.Context, s systems.System, actors int) (uint64, error) {
	tally := systems.NewTally(actors)
	mark := &systems.Message{Op: systems.Mark, Tally: tally}
	for i := range actors {
		s.Tell(i, mark)
	}
	err := tally.Wait(ctx)
	return tally.Handled(), err
}
