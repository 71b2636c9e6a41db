package objects_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

const (
	alice = "01JD0000000000000000000001"
	bob   = "01JD0000000000000000000002"
)

func renewal(number uint64) roster.Record { return roster.Record{Incarnation: alice, Number: number} }

// only gives one fault to one call, and an answer at once to all others.
func only(op objects.Op, number uint64, f objects.Fault) objects.Faults {
	return func(c objects.Call) objects.Fault {
		if c.Op == op && c.Number == number {
			return f
		}
		return objects.Fault{}
	}
}

// TestWhatBecomesOfACall: each fault, the answer, when it comes, and whether the record stands after it, at once and later.
func TestWhatBecomesOfACall(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		fault         objects.Fault
		err           error
		after         time.Duration
		stands, later bool
	}{
		"answered":      {objects.Fault{Request: 20 * ms, Answer: 30 * ms}, nil, 50 * ms, true, true},
		"lost request":  {objects.Fault{LoseRequest: true}, objects.ErrUnclear, time.Second, false, false},
		"lost answer":   {objects.Fault{LoseAnswer: true}, objects.ErrUnclear, time.Second, true, true},
		"late answer":   {objects.Fault{Answer: 2 * time.Second}, objects.ErrUnclear, time.Second, true, true},
		"late request":  {objects.Fault{Request: 3 * time.Second}, objects.ErrUnclear, time.Second, false, true},
		"store is busy": {objects.Fault{Busy: true, Request: 5 * ms}, objects.ErrBusy, 5 * ms, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				m.Faults = only(objects.OpPutRecord, 1, c.fault)
				start := time.Now()
				_, err := m.Client(alice).PutRecord(t.Context(), renewal(1), 0)
				if !errors.Is(err, c.err) || time.Since(start) != c.after {
					t.Errorf("answer %v after %v, want %v after %v", err, time.Since(start), c.err, c.after)
				}
				stands(t, m, c.stands)
				time.Sleep(5 * time.Second)
				stands(t, m, c.later)
			})
		})
	}
}

func stands(t *testing.T, m *objects.Memory, want bool) {
	t.Helper()
	got, err := m.Client(bob).Record(t.Context(), alice)
	if err != nil || (got.Revision != 0) != want {
		t.Errorf("at %v the record stands: %+v, %v", time.Now().Format("05.000"), got, err)
	}
}

// TestRefusalMayNotKnowWhatStands: where the read after it fails.
func TestRefusalMayNotKnowWhatStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.Faults = only(objects.OpPutRecord, 2, objects.Fault{Blind: true})
		a := &renewing{t: t, c: m.Client(alice)}
		a.renew()
		_, err := a.c.PutRecord(t.Context(), renewal(2), 0)
		if r, ok := errors.AsType[*objects.Refused[roster.Found]](err); !ok || r.Known || r.Found.Revision != 0 || !errors.Is(err, objects.ErrRefused) {
			t.Errorf("refusal %v", err)
		}
	})
}

// told collects what a watch tells, with its times.
type told struct {
	mu    sync.Mutex
	lines []string
	start time.Time
}

func listen[T any](s iter.Seq[objects.Sight[T]], say func(objects.Sight[T]) string) *told {
	l := &told{start: time.Now()}
	go func() {
		for sight := range s {
			l.mu.Lock()
			l.lines = append(l.lines, strings.TrimSpace(fmt.Sprintf("%v %s %s", time.Since(l.start), sight.Event, say(sight))))
			l.mu.Unlock()
		}
	}()
	return l
}

func (l *told) want(t *testing.T, lines ...string) {
	t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.lines, lines) {
		t.Errorf("told:\n %s\nwant:\n %s", strings.Join(l.lines, "\n "), strings.Join(lines, "\n "))
	}
	l.lines = nil
}

func number(s objects.Sight[roster.Record]) string {
	if s.Event != objects.Stored {
		return ""
	}
	return fmt.Sprint(s.Value.Number)
}

// renewing is a member that renews its record and is sure of the answer.
type renewing struct {
	t    *testing.T
	c    *objects.Client
	last uint64
	n    uint64
}

func (r *renewing) renew() {
	r.t.Helper()
	rev, err := r.c.PutRecord(r.t.Context(), renewal(r.n+1), r.last)
	if err != nil || rev <= r.last {
		r.t.Errorf("revision %d follows %d, %v", rev, r.last, err)
	}
	r.last, r.n = rev, r.n+1
}

func TestWatchIsLateCutAndInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		m := newMemory()
		m.Faults = only(objects.OpWatchRecord, 4, objects.Fault{LoseAnswer: true}) // the third renewal's
		a, b := &renewing{t: t, c: m.Client(alice)}, m.Client(bob)
		a.renew()
		l := listen(b.WatchRecords(ctx), number)
		l.want(t, "0s began", "0s stored 1")

		b.Lag(3 * time.Second)
		a.renew()
		time.Sleep(3 * time.Second)
		l.want(t, "3s stored 2")
		b.Lag(0)
		a.renew()
		l.want(t, "3s stored 3")
		a.renew()
		l.want(t, "3s began", "3s stored 4")

		b.Cut()
		a.renew()
		_, err := b.Record(ctx, alice)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("read while cut off: %v", err)
		}
		l.want(t)
		b.Heal()
		l.want(t, "4s began", "4s stored 5")
		b.Interrupt()
		l.want(t, "4s began", "4s stored 5")
	})
}

func TestMemoryIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		m := newMemory()
		a := &renewing{t: t, c: m.Client(alice)}
		a.renew()
		l := listen(m.Client(bob).WatchRecords(ctx), number)
		l.want(t, "0s began", "0s stored 1")
		if _, err := a.c.PutView(ctx, roster.View{Epoch: 1}, 0); err != nil {
			t.Error(err)
		}
		m.Forget()
		l.want(t, "0s began")
		_, err := a.c.PutRecord(ctx, renewal(2), a.last)
		if r, ok := errors.AsType[*objects.Refused[roster.Found]](err); !ok || r.Found.Revision != 0 {
			t.Errorf("renewal of what is gone: %v", err)
		}
		before := a.last
		a.last = 0
		a.renew()
		if a.last <= before {
			t.Errorf("revision %d after %d", a.last, before)
		}
		if v, err := a.c.View(ctx); err != nil || v.View.Epoch != 1 {
			t.Errorf("view %+v, %v", v, err)
		}
	})
}

func TestLeaderIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		m := newMemory()
		m.Request = 400 * time.Millisecond
		a := &renewing{t: t, c: m.Client(alice)}
		a.renew()
		l := listen(m.Client(bob).WatchRecords(ctx), number)
		l.want(t, "0s began", "0s stored 1")
		m.Away(9 * time.Second)
		_, err := a.c.PutRecord(ctx, renewal(2), a.last)
		if !errors.Is(err, objects.ErrUnclear) {
			t.Errorf("without a leader: %v", err)
		}
		time.Sleep(9 * time.Second)
		l.want(t, "9s began", "9s stored 1")
		a.renew()
		l.want(t, "9.4s stored 2")
	})
}

// TestSharesTheJournalsFences: appends carry what PutFences answers, and the journal's own blind claims are seen.
func TestSharesTheJournalsFences(t *testing.T) {
	j := journal.NewMemory(uuid.New())
	c := objects.NewMemory(j).Client(alice)
	shard := journal.Shard{Role: "r", Number: 1}
	blind, err := j.Claim(t.Context(), "solo", []journal.Shard{shard})
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.Fences(t.Context(), []journal.Shard{shard})
	if err != nil || f[0].Sequence != blind[0].Fence || f[0].Fence.Owner != "solo" || f[0].Fence.Epoch != 0 {
		t.Fatalf("found %+v, %v", f, err)
	}
	fences, err := c.PutFences(t.Context(), []objects.FenceChange{{Shard: shard, Expect: blind[0].Fence, Fence: roster.Fence{Owner: alice}}})
	if err != nil {
		t.Fatal(err)
	}
	e := []journal.Record{{Grain: journal.Grain{Kind: "k", ID: "i"}, First: 1, Count: 1}}
	if err := j.Append(t.Context(), blind[0], "", e); !errors.Is(err, journal.ErrFenced) {
		t.Errorf("append under the old fence: %v", err)
	}
	if err := j.Append(t.Context(), journal.Claim{Shard: shard, Fence: fences[0]}, "", e); err != nil {
		t.Errorf("append under the new fence: %v", err)
	}
}

// TestOneSeedIsOneRun: five members under every fault; two runs of a seed tell the same, another seed tells something else.
func TestOneSeedIsOneRun(t *testing.T) {
	one, again, other := seededRun(t, 1), seededRun(t, 1), seededRun(t, 2)
	if one != again {
		t.Errorf("seed 1 ran twice and differs:\n%s\n\n%s", one, again)
	}
	if one == other {
		t.Error("two seeds ran alike")
	}
}

func seededRun(t *testing.T, seed uint64) (transcript string) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		m := newMemory()
		m.Faults = objects.Seeded(seed, objects.Odds{
			LoseRequest: 0.1, LoseAnswer: 0.1, Busy: 0.1, Blind: 0.3, Interrupt: 0.05, Straggle: 0.1, Latency: 20 * time.Millisecond, Late: 3 * time.Second,
		})
		l := listen(m.Client("watch").WatchRecords(ctx), number)
		time.AfterFunc(7*time.Second, m.Forget)
		time.AfterFunc(11*time.Second, func() { m.Away(4 * time.Second) })
		logs := make([]strings.Builder, 5)
		var wg sync.WaitGroup
		for i := range logs {
			wg.Go(func() { wander(ctx, m.Client(fmt.Sprint("m", i)), &logs[i]) })
		}
		wg.Wait()
		synctest.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		transcript = strings.Join(l.lines, "\n")
		for i := range logs {
			transcript += "\n" + logs[i].String()
		}
	})
	return transcript
}

// wander renews one shared record from what it found last.
func wander(ctx context.Context, c *objects.Client, log *strings.Builder) {
	start, found := time.Now(), roster.Found{}
	for n := range uint64(30) {
		rev, err := c.PutRecord(ctx, renewal(n+1), found.Revision)
		fmt.Fprintln(log, time.Since(start), rev, err)
		if got, readErr := c.Record(ctx, alice); readErr == nil {
			found = got
		}
	}
}

// TestHeldClient: what was on its way is carried out and answered at the end, what is sent meanwhile arrives at the end though its caller
// has gone, and the watch tells it all then.
func TestHeldClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ms = time.Millisecond
		m := newMemory()
		m.Faults = func(objects.Call) objects.Fault { return objects.Fault{Request: 10 * ms} }
		c, begin := m.Client(alice), time.Now()
		sight := make(chan time.Duration, 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			for s := range c.WatchRecords(ctx) {
				if s.Event == objects.Stored {
					sight <- time.Since(begin)
					return
				}
			}
		}()
		answered := make(chan time.Duration, 1)
		go func() {
			if _, err := c.PutRecord(ctx, renewal(1), 0); err == nil {
				answered <- time.Since(begin)
			}
		}()
		time.Sleep(5 * ms)
		c.Hold(700 * ms)
		time.Sleep(6 * ms)
		stands(t, m, true)
		short, end := context.WithTimeout(ctx, 100*ms)
		defer end()
		if _, err := c.PutView(short, roster.View{Epoch: 1}, 0); !errors.Is(err, objects.ErrUnclear) {
			t.Errorf("put while it stands still: %v", err)
		}
		if a, s := <-answered, <-sight; a != 705*ms || s != 705*ms {
			t.Errorf("answered after %v, told after %v", a, s)
		}
		time.Sleep(11 * ms)
		if v, err := m.Client(bob).View(ctx); err != nil || v.Revision == 0 {
			t.Errorf("afterwards the view is %+v, %v", v, err)
		}
	})
}
