package recipient_test

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/recipient"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

func TestSetFollowsTheBooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.stop()
		empty := w.fetch()
		want := map[string]recipient.Settings{}
		for i := range 1000 {
			s := recipient.Settings{OptOut: i%2 == 0, Zone: "Asia/Tokyo"}
			w.set(user(i), s)
			want[user(i)] = s
		}
		old := w.fetch()
		if again := w.fetch(); again != old {
			t.Error("another set though nothing is new")
		}
		for i := range 300 {
			w.set(user(i), recipient.Settings{})
			delete(want, user(i))
		}
		w.set("someone", recipient.Settings{Quiet: "22:00-07:00"})
		want["someone"] = recipient.Settings{Quiet: "22:00-07:00"}
		newer := w.fetch()
		if got := maps.Collect(newer.All()); !maps.EqualFunc(got, want, recipient.Same) || newer.Len() != len(want) {
			t.Errorf("%d users, want %d", len(got), len(want))
		}
		for id, s := range want {
			if got, some := newer.Of(id); !some || !recipient.Same(got, s) {
				t.Errorf("%s has %+v", id, got)
			}
		}
		if got, some := newer.Of(user(7)); some || !recipient.IsDefault(got) {
			t.Errorf("who was reset has %+v", got)
		}
		if got, some := old.Of(user(7)); !some || got.Zone != "Asia/Tokyo" || old.Len() != 1000 || empty.Len() != 0 {
			t.Errorf("an older set has changed: %+v", got)
		}
		w.start() // another node, the same books
		if got := maps.Collect(w.fetch().All()); !maps.EqualFunc(got, want, recipient.Same) {
			t.Errorf("%d users on another node, want %d", len(got), len(want))
		}
	})
}

// counting counts the questions that books get.
func (w *world) counting() *atomic.Int64 {
	var n atomic.Int64
	w.watch = func(next engine.Handler[actors.RecipientMsg]) engine.Handler[actors.RecipientMsg] {
		return func(c *engine.Context[actors.RecipientMsg], m actors.RecipientMsg) {
			if _, ok := m.(actors.Since); ok {
				n.Add(1)
			}
			next(c, m)
		}
	}
	w.start()
	return &n
}

// Those who fetch at the same time share a round, but never one that began before them.
func TestFetchesShareARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		asked := w.counting()
		defer w.stop()
		const books = 3
		for n := range books {
			w.set(w.userOf(n, 0), recipient.Settings{OptOut: true})
		}
		w.start() // everything is replayed
		release := make(chan struct{})
		w.store.Fault = func(c journal.Call) error {
			if c.Op == "replay" {
				<-release
			}
			return nil
		}
		var fetching sync.WaitGroup
		fetching.Go(func() { w.fetch() })
		synctest.Wait()
		for range 50 {
			fetching.Go(func() { w.fetch() })
		}
		synctest.Wait()
		close(release)
		fetching.Wait()
		if got := asked.Load(); got != 2*books {
			t.Errorf("%d questions, %d would be two rounds", got, 2*books)
		}
	})
}

func TestSetsAreDroppedWhenUnused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.stop()
		w.set(user(1), recipient.Settings{OptOut: true})
		first := w.fetch()
		for range 5 {
			time.Sleep(9 * time.Minute)
			if w.fetch() != first {
				t.Fatal("dropped while it was used")
			}
		}
		time.Sleep(11*time.Minute + time.Second)
		if again := w.fetch(); again == first {
			t.Error("kept though nobody used it")
		} else if s, some := again.Of(user(1)); !some || !s.OptOut {
			t.Errorf("fetched again: %+v", s)
		}
	})
}

// Beyond its bound a node keeps what was used last.
func TestSetsAreBounded(t *testing.T) {
	w := newWorld(t)
	for i := range 2000 {
		w.set(user(i), recipient.Settings{OptOut: true})
	}
	one := w.fetch().Bytes()
	w.sets = recipient.NewSets(recipient.SetsConfig{System: w.sys, Addresses: w.addresses, MaxBytes: one + 1000})
	first := w.fetch()
	for range 2 {
		if w.fetch() != first {
			t.Fatal("dropped alone")
		}
	}
	other, err := w.sets.Fetch(t.Context(), "other")
	if err != nil || other.Bytes()+one <= one+1000 {
		t.Fatalf("the other channel's set takes %d bytes: %v", other.Bytes(), err)
	}
	if w.fetch() == first {
		t.Error("kept beyond the bound")
	}
}

// One book without an answer is no set; the next fetch has everything, also what others told in the round that failed.
func TestFetchFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		broken := w.addresses.Book("shop", recipient.BookCount-1) // which is asked last
		var fails atomic.Bool
		w.watch = func(next engine.Handler[actors.RecipientMsg]) engine.Handler[actors.RecipientMsg] {
			return func(c *engine.Context[actors.RecipientMsg], m actors.RecipientMsg) {
				if _, ok := m.(actors.Since); ok && fails.Load() && c.ID() == broken {
					c.Respond(errors.New("no answer"))
					return
				}
				next(c, m)
			}
		}
		w.start()
		defer w.stop()
		w.set(w.userOf(recipient.BookCount-1, 0), recipient.Settings{OptOut: true})
		for n := range 2 {
			w.set(w.userOf(0, n), recipient.Settings{OptOut: true})
			fails.Store(true)
			set, err := w.sets.Fetch(t.Context(), "shop")
			if err == nil || set != nil || !strings.Contains(err.Error(), "channel shop: ") {
				t.Fatalf("a set of %d users: %v", set.Len(), err)
			}
			fails.Store(false)
			if set := w.fetch(); set.Len() != n+2 {
				t.Errorf("%d users, want %d", set.Len(), n+2)
			}
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.sets.Fetch(gone, "shop"); !errors.Is(err, context.Canceled) {
			t.Errorf("for nobody: %v", err)
		}
		w.sets.Close()
		if _, err := w.sets.Fetch(t.Context(), "shop"); !errors.Is(err, recipient.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// userOf is one of the users of a book.
func (w *world) userOf(book, n int) string {
	for i := 0; ; i++ {
		if w.addresses.Number(user(i)) != book {
			continue
		}
		if n == 0 {
			return user(i)
		}
		n--
	}
}

// A million users who have opted out take 40 bytes each at most, and nothing is allocated to look one up.
func TestMemoryOfASet(t *testing.T) {
	if testing.Short() {
		t.Skip("a million users")
	}
	const users = 1_000_000
	w := newWorld(t)
	batches := map[string][]actors.RecipientChange{}
	for i := range users {
		book := w.addresses.Of("shop", user(i))
		batches[book] = append(batches[book], actors.RecipientChange{User: user(i), Sets: actors.FieldOptOut, Settings: recipient.Settings{OptOut: true}})
		if len(batches[book]) == actors.MaxChange {
			ask[actors.Done](w, actors.Recipients.Ref(w.sys, book), actors.Change{Entries: batches[book]})
			batches[book] = nil
		}
	}
	for book, entries := range batches {
		ask[actors.Done](w, actors.Recipients.Ref(w.sys, book), actors.Change{Entries: entries})
	}
	clear(batches)
	before := heap()
	set := w.fetch()
	used := int64(heap()) - int64(before)
	t.Logf("figure: %.1f bytes a user in memory, %.1f by its own count", float64(used)/users, float64(set.Bytes())/users)
	if set.Len() != users || used > 40*users || set.Bytes() > 40*users {
		t.Errorf("%d users take %d bytes, %d by their own count", set.Len(), used, set.Bytes())
	}
	ids := []string{user(5), user(users + 5), "someone"}
	if n := testing.AllocsPerRun(1000, func() {
		for _, id := range ids {
			set.Of(id)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	runtime.KeepAlive(w)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
