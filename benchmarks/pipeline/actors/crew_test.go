package actors

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors/provider"
	"hayauma.example/benchmarks/pipeline"
)

// flaky panics at the first attempt of every call, and accepts the second.
type flaky struct {
	provider.Provider
	mu   sync.Mutex
	seen map[uuid.UUID]provider.Call
	t    *testing.T
}

func (f *flaky) Send(_ context.Context, c provider.Call) provider.Answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	first, again := f.seen[c.Key]
	if !again {
		f.seen[c.Key] = c
		panic("out of order")
	}
	if first.To[0] != c.To[0] || string(first.Messages) != string(c.Messages) {
		f.t.Errorf("one key for %v and %v", first.To, c.To)
	}
	return provider.Answer{Verdict: provider.Accepted}
}

// play has a crew deliver 100 pushes through p and returns what came of them.
func play(t *testing.T, name string, atOnce int, p provider.Provider) outcome {
	t.Helper()
	job := pipeline.Job{Kind: pipeline.Push, Recipients: 100, Audience: audienceOf(t, 100), InFlight: atOnce}
	d := newDesk(t.Context(), order{Job: job, Delays: quick}, p)
	c, err := crews[name](d)
	if err != nil {
		t.Fatal(err)
	}
	c.begin()
	select {
	case got := <-c.outcome():
		got.Panics = int(d.panics.Load())
		return got
	case <-time.After(20 * time.Second):
		t.Fatal("somebody was lost")
	}
	panic("unreachable")
}

func TestAPanicLosesNobody(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		f := &flaky{seen: map[uuid.UUID]provider.Call{}, t: t}
		if got, want := play(t, name, 5, f), (outcome{Delivered: 100, Repeats: 100, Panics: 100}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if len(f.seen) != 100 {
			t.Errorf("%d retry keys for 100 recipients", len(f.seen))
		}
	})
}

// crowd accepts everything after a moment, in which calls meet. Every fifth call is to be repeated, so that places change hands
// that way too.
type crowd struct {
	provider.Provider
	all, now, most atomic.Int64
}

func (c *crowd) Send(context.Context, provider.Call) provider.Answer {
	n := c.now.Add(1)
	defer c.now.Add(-1)
	for high := c.most.Load(); n > high && !c.most.CompareAndSwap(high, n); high = c.most.Load() {
	}
	<-time.After(time.Millisecond)
	if c.all.Add(1)%5 == 0 {
		return provider.Answer{Verdict: provider.Throttled}
	}
	return provider.Answer{Verdict: provider.Accepted}
}

func TestAsManyCallsAtOnceAsAsked(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		var c crowd
		play(t, name, 7, &c)
		if got := c.most.Load(); got != 7 {
			t.Errorf("%d calls at once, 7 were asked for", got)
		}
	})
}

func composed(t *testing.T, kind pipeline.Kind, n int) (all []message) {
	t.Helper()
	if err := composeAll(pipeline.Job{Kind: kind, Recipients: n, Audience: audienceOf(t, n)}, func(m message) { all = append(all, m) }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPushesAreComposed(t *testing.T) {
	all := composed(t, pipeline.Push, 30)
	i := 0
	for r := range pipeline.Recipients(audienceOf(t, 30)) {
		m := all[i]
		if m.number != uint32(i) || m.endpoint != provider.Push || len(m.to) != 1 || m.to[0] != r.UserID || string(m.body) != string(r.PushMessage()) {
			t.Errorf("row %d became %d to %q: %s", i, m.number, m.to, m.body)
		}
		if cap(m.body) > len(m.body)+32 {
			t.Errorf("row %d holds %d bytes for %d", i, cap(m.body), len(m.body))
		}
		i++
	}
	if i != len(all) {
		t.Errorf("%d messages for %d rows", len(all), i)
	}
}

func TestMulticastsAreComposed(t *testing.T) {
	for n, want := range map[int]int{1: 1, 500: 1, 501: 2, 1200: 3} {
		all := composed(t, pipeline.Multicast, n)
		to := map[string]bool{}
		for i, m := range all {
			if m.number != uint32(i) || m.endpoint != provider.Multicast || len(m.to) > perMulticast || string(m.body) != string(pipeline.MulticastMessage()) || !json.Valid(m.body) {
				t.Errorf("%d of %d is %d to %d: %s", i, n, m.number, len(m.to), m.body)
			}
			for _, id := range m.to {
				to[id] = true
			}
		}
		if len(all) != want || len(to) != n {
			t.Errorf("%d recipients became %d requests to %d", n, len(all), len(to))
		}
	}
}

func audienceOf(t *testing.T, n int) string {
	t.Helper()
	path, err := pipeline.Audience(t.TempDir(), n)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
