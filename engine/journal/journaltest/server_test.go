package journaltest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/engine/journal"
	"hayauma.example/engine/journal/journaltest"
)

// TestClientConforms: a connection without hitches is the store itself.
func TestClientConforms(t *testing.T) {
	m := journal.NewMemory(uuid.New())
	s := &journaltest.Server{Store: m, Request: 10 * time.Second} // a busy machine
	journaltest.Run(t, journaltest.Subject{Store: s.Client("one"), Objects: m})
}

const ms = time.Millisecond

var (
	shard = journal.Shard{Role: "r", Number: 3}
	grain = journal.Grain{Kind: "k", ID: "g"}
)

func event(first uint64) []journal.Record {
	return []journal.Record{{Grain: grain, First: first, Count: 1, Data: fmt.Append(nil, first)}}
}

// bench is a store whose shard is claimed, and one connection to it.
type bench struct {
	t      *testing.T
	memory *journal.Memory
	server *journaltest.Server
	client *journaltest.Client
	claim  journal.Claim
	begin  time.Time
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, memory: journal.NewMemory(uuid.New()), begin: time.Now()}
	b.server = &journaltest.Server{Store: b.memory}
	b.client = b.server.Client("A")
	b.reclaim("A")
	return b
}

func (b *bench) reclaim(owner string) {
	claims, err := b.memory.Claim(b.t.Context(), owner, []journal.Shard{shard})
	if err != nil {
		b.t.Fatal(err)
	}
	b.claim = claims[0]
}

// stored counts the copies of the grain's records.
func (b *bench) stored() int {
	s, err := b.memory.Stats(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return int(s.Records)
}

func (b *bench) append(id string, first uint64) (took time.Duration, err error) {
	begin := time.Now()
	err = b.client.Append(b.t.Context(), b.claim, id, event(first))
	return time.Since(begin), err
}

// nth gives one hitch to the n-th append, and an answer at once to all others.
func nth(n uint64, h journaltest.Hitch) journaltest.Hitches {
	return func(q journaltest.Question) journaltest.Hitch {
		if q.Op == "append" && q.Number == n {
			return h
		}
		return journaltest.Hitch{}
	}
}

// TestWhatBecomesOfAnAppend: each hitch, the answer, when it comes, and what is stored, at once and later.
func TestWhatBecomesOfAnAppend(t *testing.T) {
	for name, c := range map[string]struct {
		hitch         journaltest.Hitch
		err           error
		after         time.Duration
		stored, later int
	}{
		"answered":     {journaltest.Hitch{Request: 20 * ms, Answer: 30 * ms}, nil, 50 * ms, 1, 1},
		"lost request": {journaltest.Hitch{LoseRequest: true}, context.DeadlineExceeded, 2 * time.Second, 0, 0},
		"lost answer":  {journaltest.Hitch{LoseAnswer: true}, context.DeadlineExceeded, 2 * time.Second, 1, 1},
		"late request": {journaltest.Hitch{Request: 3 * time.Second}, context.DeadlineExceeded, 2 * time.Second, 0, 1},
		"busy":         {journaltest.Hitch{Busy: true, Request: 5 * ms}, journal.ErrBusy, 5 * ms, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.server.Hitches = nth(1, c.hitch)
				after, err := b.append("1", 1)
				if !errors.Is(err, c.err) || after != c.after || b.stored() != c.stored {
					t.Errorf("%v after %v, %d stored; want %v after %v, %d", err, after, b.stored(), c.err, c.after, c.stored)
				}
				time.Sleep(5 * time.Second)
				if b.stored() != c.later {
					t.Errorf("%d stored later, want %d", b.stored(), c.later)
				}
			})
		})
	}
}

// TestLateAppends: one that arrives after its repeat and the batch that followed is a second copy, which replay leaves out; one
// that arrives after another claim is refused.
func TestLateAppends(t *testing.T) {
	for name, c := range map[string]struct {
		claimed bool
		stored  int
	}{"copy": {false, 3}, "fenced": {true, 2}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.server.Hitches = nth(1, journaltest.Hitch{Request: 3 * time.Second})
				_, first := b.append("1", 1)
				_, repeat := b.append("1", 1)
				_, next := b.append("2", 2)
				if !errors.Is(first, context.DeadlineExceeded) || repeat != nil || next != nil {
					t.Fatal(first, repeat, next)
				}
				if c.claimed {
					b.reclaim("B")
				}
				time.Sleep(2 * time.Second)
				if b.stored() != c.stored {
					t.Errorf("%d records stored, want %d", b.stored(), c.stored)
				}
				var numbers []uint64
				for r, err := range b.client.Replay(t.Context(), b.claim, grain) {
					if err != nil {
						t.Fatal(err)
					}
					numbers = append(numbers, r.First)
				}
				if fmt.Sprint(numbers) != "[1 2]" {
					t.Errorf("replayed %v", numbers)
				}
			})
		})
	}
}

// TestLeaderAway: nothing is answered or stored meanwhile, reads neither.
func TestLeaderAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.server.Away(3 * time.Second)
		if after, err := b.append("1", 1); !errors.Is(err, context.DeadlineExceeded) || after != 2*time.Second {
			t.Errorf("%v after %v", err, after)
		}
		for _, err := range b.client.Replay(t.Context(), b.claim, grain) {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("replay: %v", err)
			}
		}
		if after, err := b.append("1", 1); err != nil || after != 0 || b.stored() != 1 {
			t.Errorf("afterwards: %v after %v, %d stored", err, after, b.stored())
		}
	})
}

// TestCutConnection: it is one process's affair.
func TestCutConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.client.Cut()
		if _, err := b.append("1", 1); !errors.Is(err, context.DeadlineExceeded) || b.stored() != 0 {
			t.Errorf("%v, %d stored", err, b.stored())
		}
		if err := b.server.Client("B").Append(t.Context(), b.claim, "1", event(1)); err != nil {
			t.Error(err)
		}
		b.client.Heal()
		if _, err := b.append("2", 2); err != nil {
			t.Error(err)
		}
	})
}

// TestHeldConnection: what was on its way arrives, and its answer waits; what is sent meanwhile arrives at the end, though its caller has
// gone, unless another has claimed by then.
func TestHeldConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.server.Hitches = func(journaltest.Question) journaltest.Hitch {
			return journaltest.Hitch{Request: 10 * ms, Answer: 10 * ms}
		}
		answered := make(chan time.Duration, 1)
		go func() {
			if after, err := b.append("1", 1); err == nil {
				answered <- after
			}
		}()
		time.Sleep(5 * ms)
		b.client.Hold(1500 * ms)
		time.Sleep(10 * ms)
		if b.stored() != 1 {
			t.Errorf("%d stored of what was on its way", b.stored())
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*ms)
		defer cancel()
		if err := b.client.Append(ctx, b.claim, "2", event(2)); !errors.Is(err, context.DeadlineExceeded) || b.stored() != 1 {
			t.Errorf("%v, %d stored while it stood still", err, b.stored())
		}
		if after := <-answered; after != 1505*ms {
			t.Errorf("answered after %v", after)
		}
		time.Sleep(11 * ms)
		if b.stored() != 2 {
			t.Errorf("%d stored afterwards", b.stored())
		}
	})
}

// TestTooManyBatches: of those under way at once, the one too many is refused; single records are no batches.
func TestTooManyBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.server.Batches = 2
		b.server.Hitches = func(journaltest.Question) journaltest.Hitch { return journaltest.Hitch{Request: 10 * ms} }
		errs := make(chan error, 3)
		for i := range uint64(3) {
			go func() {
				errs <- b.client.Append(t.Context(), b.claim, fmt.Sprint(i),
					append(event(1), journal.Record{Grain: journal.Grain{Kind: "k", ID: "other"}, First: 1, Count: 1}))
			}()
		}
		refused := 0
		for range 3 {
			if errors.Is(<-errs, journal.ErrBusy) {
				refused++
			}
		}
		if refused != 1 {
			t.Errorf("%d of 3 refused, want 1", refused)
		}
		if _, err := b.append("9", 2); err != nil {
			t.Error(err)
		}
	})
}

// TestSeededHitches: they depend on the question alone, and come as often as the odds say.
func TestSeededHitches(t *testing.T) {
	draw := journaltest.Seeded(7, journaltest.Odds{LoseAnswer: 0.25, Latency: 10 * ms, Straggle: 0.1, Late: time.Second})
	again := journaltest.Seeded(7, journaltest.Odds{LoseAnswer: 0.25, Latency: 10 * ms, Straggle: 0.1, Late: time.Second})
	lost, late := 0, 0
	for n := range uint64(2000) {
		q := journaltest.Question{Client: "A", Op: "append", Shard: shard, Number: n}
		h := draw(q)
		if h != again(q) || h.LoseRequest || h.Busy || h.Answer > 10*ms || h.Request > time.Second {
			t.Fatalf("%+v: %+v", q, h)
		}
		if h.LoseAnswer {
			lost++
		}
		if h.Request > 10*ms {
			late++
		}
	}
	if lost < 400 || lost > 600 || late < 140 || late > 260 {
		t.Errorf("of 2000: %d answers lost, %d late", lost, late)
	}
}
