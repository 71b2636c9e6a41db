package objectstest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
)

func record(t *testing.T, f fixture) {
	me := ulid.Make().String()
	got, err := f.One.Record(f.ctx, me)
	if err != nil || got != (roster.Found{}) {
		t.Errorf("before it is created: %+v, %v", got, err)
	}
	last := uint64(0)
	for n := range uint64(5) {
		r := roster.Record{Incarnation: me, Number: n + 1}
		rev := f.put(t, r, last)
		if rev <= last {
			t.Errorf("revision %d follows %d", rev, last)
		}
		last = rev
		for _, s := range []objects.Store{f.One, f.Two} {
			if got, err := s.Record(f.ctx, me); err != nil || got != (roster.Found{Record: r, Revision: rev}) {
				t.Errorf("found %+v, %v; put %+v as %d", got, err, r, rev)
			}
		}
	}
}

func recordRefused(t *testing.T, f fixture) {
	live := roster.Record{Incarnation: ulid.Make().String(), Number: 1}
	_, err := f.One.PutRecord(f.ctx, live, 7)
	wantErr(t, err, objects.ErrRefused)
	if got := found[roster.Found](t, err); got.Revision != 0 {
		t.Errorf("found %+v where nothing is", got)
	}
	first := f.put(t, live, 0)
	barred := roster.Record{Incarnation: live.Incarnation, Number: 1, State: roster.Barred, By: ulid.Make().String()}
	second := f.put(t, barred, first)
	for _, expect := range []uint64{0, first, second + 1} {
		_, err := f.Two.PutRecord(f.ctx, live, expect)
		wantErr(t, err, objects.ErrRefused)
		if got := found[roster.Found](t, err); got != (roster.Found{Record: barred, Revision: second}) {
			t.Errorf("put over %d: found %+v, want %+v", expect, got, barred)
		}
	}
}

func recordInvalid(t *testing.T, f fixture) {
	for _, r := range []roster.Record{{}, {Incarnation: "x"}, {Incarnation: ulid.Make().String(), State: "odd"}} {
		_, err := f.One.PutRecord(f.ctx, r, 0)
		wantErr(t, err, objects.ErrInvalid)
	}
}

func oneRenewalWins(t *testing.T, f fixture) {
	me := ulid.Make().String()
	last := f.put(t, roster.Record{Incarnation: me, Number: 1}, 0)
	for n := range uint64(5) {
		var wins atomic.Int32
		var wg sync.WaitGroup
		for _, s := range []objects.Store{f.One, f.Two, f.One, f.Two} {
			wg.Go(func() {
				_, err := calm(func() (uint64, error) { return s.PutRecord(f.ctx, roster.Record{Incarnation: me, Number: n + 2}, last) })
				if err == nil {
					wins.Add(1)
				} else {
					wantErr(t, err, objects.ErrRefused)
				}
			})
		}
		wg.Wait()
		got, err := f.One.Record(f.ctx, me)
		if wins.Load() != 1 || err != nil || got.Record.Number != n+2 {
			t.Fatalf("%d of 4 renewals were stored; found %+v, %v", wins.Load(), got, err)
		}
		last = got.Revision
	}
}

func manyBorn(t *testing.T, f fixture) {
	var mu sync.Mutex
	seen := map[uint64]bool{}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			s := []objects.Store{f.One, f.Two}[i%2]
			rev, err := calm(func() (uint64, error) {
				return s.PutRecord(f.ctx, roster.Record{Incarnation: ulid.Make().String(), Number: 1}, 0)
			})
			mu.Lock()
			defer mu.Unlock()
			if err != nil || seen[rev] {
				t.Errorf("revision %d, %v", rev, err)
			}
			seen[rev] = true
		})
	}
	wg.Wait()
}

// watching is a watch that is pulled, of what concerns the test.
type watching[T any] struct {
	t    *testing.T
	next func() (objects.Sight[T], bool)
	keys []string
}

func watch[T any](t *testing.T, s iter.Seq[objects.Sight[T]], keys ...string) watching[T] {
	next, stop := iter.Pull(s)
	t.Cleanup(stop)
	w := watching[T]{t: t, next: next, keys: append(keys, "")}
	if got := w.take(); got.Event != objects.Began {
		t.Fatalf("a watch begins with %+v", got)
	}
	return w
}

func (w watching[T]) take() objects.Sight[T] {
	w.t.Helper()
	for {
		s, ok := w.next()
		if !ok {
			w.t.Fatal("the watch ended")
		}
		if slices.Contains(w.keys, s.Key) {
			return s
		}
	}
}

func (w watching[T]) want(key string, revision uint64) T {
	w.t.Helper()
	s := w.take()
	if s.Event != objects.Stored || s.Key != key || s.Revision != revision || s.Err != nil {
		w.t.Fatalf("the watch tells %+v, want %q as %d", s, key, revision)
	}
	return s.Value
}

// until takes what is told of a key up to a revision; some before it may be left out.
func (w watching[T]) until(key string, revision uint64) T {
	w.t.Helper()
	for last := uint64(0); ; {
		s := w.take()
		if s.Event != objects.Stored || s.Key != key || s.Revision <= last || s.Revision > revision {
			w.t.Fatalf("the watch tells %+v after %d, want %q up to %d", s, last, key, revision)
		}
		if last = s.Revision; last == revision {
			return s.Value
		}
	}
}

func recordsWatched(t *testing.T, f fixture) {
	a, b := roster.Record{Incarnation: ulid.Make().String(), Number: 1}, roster.Record{Incarnation: ulid.Make().String(), Number: 1}
	first := f.put(t, a, 0)
	one := watch(t, f.One.WatchRecords(f.ctx), a.Incarnation, b.Incarnation)
	two := watch(t, f.Two.WatchRecords(f.ctx), a.Incarnation, b.Incarnation)
	if one.want(a.Incarnation, first) != a || two.want(a.Incarnation, first) != a {
		t.Error("another value")
	}
	last := first
	for range 5 {
		a.Number++
		last = f.put(t, a, last)
	}
	for _, w := range []watching[roster.Record]{one, two} {
		if got := w.until(a.Incarnation, last); got != a {
			t.Errorf("told %+v, want %+v", got, a)
		}
	}
	born := f.put(t, b, 0)
	one.want(b.Incarnation, born)
	two.want(b.Incarnation, born)
}

func watchEnds(t *testing.T, f fixture) {
	f.put(t, roster.Record{Incarnation: ulid.Make().String(), Number: 1}, 0)
	for range f.One.WatchRecords(f.ctx) {
		break
	}
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	for s := range f.One.WatchRecords(ctx) {
		if s.Event == objects.Stored {
			cancel()
		}
	}
	for range f.One.WatchView(ctx) {
		t.Error("a watch with an ended context tells something")
	}
}

func endedContext(t *testing.T, f fixture) {
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	me := ulid.Make().String()
	_, recordErr := f.One.PutRecord(ctx, roster.Record{Incarnation: me, Number: 1}, 0)
	_, viewErr := f.One.PutView(ctx, roster.View{}, 0)
	_, fenceErr := f.One.PutFences(ctx, changes(f.shards(2), nil, roster.Fence{Owner: me}))
	_, readErr := f.One.Record(ctx, me)
	for _, err := range []error{recordErr, viewErr, fenceErr, readErr} {
		wantErr(t, err, context.Canceled)
		wantErr(t, err, objects.ErrBusy)
		if errors.Is(err, objects.ErrUnclear) {
			t.Errorf("unclear, though nothing was sent: %v", err)
		}
	}
	if got, err := f.One.Record(f.ctx, me); err != nil || got.Revision != 0 {
		t.Errorf("found %+v, %v", got, err)
	}
}
