package actors

import (
	"context"
	"encoding/json"
	"sync"
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

func TestAPanicLosesNobody(t *testing.T) {
	for name, open := range crews {
		t.Run(name, func(t *testing.T) {
			const recipients = 100
			path, err := pipeline.Audience(t.TempDir(), recipients)
			if err != nil {
				t.Fatal(err)
			}
			f := &flaky{seen: map[uuid.UUID]provider.Call{}, t: t}
			o := order{Job: pipeline.Job{Kind: pipeline.Push, Recipients: recipients, Audience: path, InFlight: 5}, Delays: quick}
			d := newDesk(t.Context(), o, f)
			c, err := open(d)
			if err != nil {
				t.Fatal(err)
			}
			c.begin()
			select {
			case got := <-c.outcome():
				if got.Delivered != recipients || got.Repeats != recipients || d.panics.Load() != recipients {
					t.Errorf("%+v, %d panics: want %d delivered after one repeat each", got, d.panics.Load(), recipients)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("somebody was lost")
			}
			if len(f.seen) != recipients {
				t.Errorf("%d retry keys for %d recipients", len(f.seen), recipients)
			}
		})
	}
}

func composed(t *testing.T, kind pipeline.Kind, n int) (all []message) {
	t.Helper()
	path, err := pipeline.Audience(t.TempDir(), n)
	if err != nil {
		t.Fatal(err)
	}
	if err := composeAll(pipeline.Job{Kind: kind, Recipients: n, Audience: path}, func(m message) { all = append(all, m) }); err != nil {
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
