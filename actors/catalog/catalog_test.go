package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/catalog"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

func messages() *codec.Registry {
	r := codec.NewRegistry()
	campaign.Register(r)
	return r
}

// writer is one process that owns some shards and appends campaigns' events as an engine does.
type writer struct {
	*testing.T
	store journal.Store
	claim journal.Claim
	last  map[string]uint64
}

func newWriter(t *testing.T, store journal.Store, shard int) *writer {
	claims, err := store.Claim(t.Context(), fmt.Sprint("owner", shard), []journal.Shard{{Role: actors.RoleComposer, Number: shard}})
	if err != nil {
		t.Fatal(err)
	}
	return &writer{t, store, claims[0], map[string]uint64{}}
}

// write appends events by an engine of their own, so that their bytes are what an engine writes.
func (w *writer) write(id string, events ...campaign.Event) {
	w.Helper()
	data := encode(w.T, events)
	r := journal.Record{Grain: journal.Grain{Kind: "campaign", ID: id}, First: w.last[id] + 1, Count: uint32(len(events)), Data: data}
	w.last[id] += uint64(len(events))
	w.append(r)
}

func (w *writer) append(r journal.Record) {
	w.Helper()
	if err := w.store.Append(w.Context(), w.claim, fmt.Sprint(r.Grain.ID, r.First, time.Now()), []journal.Record{r}); err != nil {
		w.Fatal(err)
	}
}

// scribe is a grain that persists what it is told.
type scribe struct{}

func (scribe) Apply(campaign.Event) {}
func (scribe) Handle(c *engine.Context[[]campaign.Event], m []campaign.Event) {
	engine.Persist(c, m, func() { c.Respond(true) })
}

var scribes = engine.NewKind[[]campaign.Event](engine.KindConfig{Name: "catalog-scribe"})

// encode has an engine write the events, and takes what it wrote.
func encode(t *testing.T, events []campaign.Event) []byte {
	store := enginetest.NewStore()
	sys := enginetest.NewSystem(t, enginetest.Options{Store: store, Messages: messages()})
	engine.ServeDurable(sys, scribes, func(string) engine.Durable[[]campaign.Event, campaign.Event] { return scribe{} })
	if _, err := engine.Ask[bool](t.Context(), scribes.Ref(sys, "s"), events); err != nil {
		t.Fatal(err)
	}
	sys.Kill()
	for s, err := range store.Follow(t.Context(), "all", "catalog-scribe", 0) {
		if err != nil {
			t.Fatal(err)
		}
		return s.Record.Data
	}
	return nil
}

func accepted(channel string) campaign.Accepted {
	return campaign.Accepted{Definition: actors.Definition{Name: "n", Channel: channel}, Audience: actors.Audience{Rows: 3}, At: time.Now(), Due: time.Now()}
}

func finished() campaign.Finished {
	return campaign.Finished{State: actors.StateFinished, Totals: actors.Totals{actors.Delivered: 3}, At: time.Now()}
}

// start runs a catalog until the returned function is called, or the test ends.
func start(t *testing.T, store journal.Store) (*catalog.Catalog, func()) {
	c := catalog.New(catalog.Config{Store: store, Messages: messages()})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(ctx)
	}()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return c, stop
}

func want(t *testing.T, c *catalog.Catalog, q catalog.Query, text string) {
	t.Helper()
	synctest.Wait()
	if q.Limit == 0 {
		q.Limit = 100
	}
	items, more := c.Page(q, time.Now())
	var got strings.Builder
	for _, i := range items {
		got.WriteString(fmt.Sprintf("%s:%s:%d ", i.ID, i.State, i.Totals[actors.Delivered]))
	}
	if more {
		got.WriteString("…")
	}
	if got.String() != text {
		t.Errorf("%+v lists %q, want %q", q, got.String(), text)
	}
}

func TestTwoProcessesWriteOneList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		one, two := newWriter(t, store, 1), newWriter(t, store, 2)
		c, stop := start(t, store)
		if err := c.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		one.write("b", campaign.Uploading{Upload: "u"}, accepted("shop"))
		two.write("a", accepted("other"), campaign.RunStarted{Run: "r"})
		two.write("never", campaign.Uploading{Upload: "u"})
		want(t, c, catalog.Query{}, "a:running:0 b:accepted:0 ")
		one.write("b", campaign.Paused{})
		two.write("a", finished())
		want(t, c, catalog.Query{}, "a:finished:3 b:paused:0 ")
		want(t, c, catalog.Query{Limit: 1}, "a:finished:3 …")
		want(t, c, catalog.Query{Limit: 1, After: "a"}, "b:paused:0 ")
		want(t, c, catalog.Query{Channel: "shop"}, "b:paused:0 ")
		want(t, c, catalog.Query{State: actors.StateFinished}, "a:finished:3 ")

		stop() // a kill leaves nothing of it
		two.write("c", accepted("shop"))
		c, _ = start(t, store)
		want(t, c, catalog.Query{}, "a:finished:3 b:paused:0 c:accepted:0 ")
		// Another process takes the first shard over, and the list goes on.
		next := newWriter(t, store, 1)
		next.last = one.last
		next.write("b", campaign.Resumed{}, campaign.RunStarted{Run: "q"})
		want(t, c, catalog.Query{}, "a:finished:3 b:running:0 c:accepted:0 ")
		want(t, c, catalog.Query{State: actors.StatePaused}, "b:running:0 ") // it may be: only the campaign knows
	})
}

// TestNewestFirst: the order of acceptance, by id where that is the same, before and after the list is complete, and through pages.
func TestNewestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		w := newWriter(t, store, 1)
		w.write("b", accepted("shop"))
		time.Sleep(time.Second)
		w.write("c", accepted("shop"))
		w.write("a", accepted("shop"))
		c, _ := start(t, store)
		time.Sleep(time.Second)
		w.write("d", accepted("other"))
		want(t, c, catalog.Query{}, "a:accepted:0 b:accepted:0 c:accepted:0 d:accepted:0 ")
		want(t, c, catalog.Query{Newest: true}, "d:accepted:0 a:accepted:0 c:accepted:0 b:accepted:0 ")
		var pages []string
		q := catalog.Query{Newest: true, Limit: 1, Channel: "shop"}
		for more := true; more; {
			var items []catalog.Item
			items, more = c.Page(q, time.Now())
			var ok bool
			if q.Behind, ok = catalog.ParsePlace(catalog.PlaceOf(items[0]).String()); !ok {
				t.Fatalf("%v is no place", catalog.PlaceOf(items[0]))
			}
			pages = append(pages, items[0].ID)
		}
		if got := strings.Join(pages, " "); got != "a c b" {
			t.Errorf("pages of %s, want a c b", got)
		}
		time.Sleep(time.Second)
		w.write("aa", accepted("shop")) // what is newer than a page's place is in no later page
		want(t, c, q, "")
	})
}

func TestPlacesThatAreNone(t *testing.T) {
	for _, text := range []string{"", ".", "1", "1.", "x.id", ".id", "99999999999999999999.id"} {
		if p, ok := catalog.ParsePlace(text); ok {
			t.Errorf("%q is %v", text, p)
		}
	}
}

func TestListIsCompleteBeforeItIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &broken{Memory: enginetest.NewStore()}
		w := newWriter(t, store, 1)
		for i := range 20 {
			w.write(fmt.Sprintf("c%02d", i), accepted("shop"))
		}
		store.fail.Store(5) // the first five follows break off after a few records
		began := time.Now()
		c, _ := start(t, store)
		synctest.Wait()
		if items, _ := c.Page(catalog.Query{Limit: 100}, time.Now()); len(items) != 0 {
			t.Errorf("%d campaigns of an unfinished list", len(items))
		}
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := c.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait: %v", err)
		}
		if err := c.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d != 5*100*time.Millisecond {
			t.Errorf("complete after %v, want 5 pauses of 100ms: each got further", d)
		}
		if items, _ := c.Page(catalog.Query{Limit: 100}, time.Now()); len(items) != 20 {
			t.Errorf("%d of 20 campaigns", len(items))
		}
	})
}

// broken is a store whose followers lose their connection.
type broken struct {
	*journal.Memory
	fail atomic.Int64 // so many follows break off after three records
	lose atomic.Bool  // the next record is not shown
}

func (b *broken) Follow(ctx context.Context, role, kind string, after uint64) iter.Seq2[journal.Sight, error] {
	return func(yield func(journal.Sight, error) bool) {
		breaks := b.fail.Add(-1) >= 0
		n := 0
		for s, err := range b.Memory.Follow(ctx, role, kind, after) {
			if !s.Caught && err == nil && b.lose.CompareAndSwap(true, false) {
				continue
			}
			if n++; breaks && n > 3 {
				yield(journal.Sight{}, errors.New("the connection broke"))
				return
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

func TestRepeatsAndGaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := enginetest.NewStore()
		store := &broken{Memory: memory}
		w := newWriter(t, store, 1)
		var twice atomic.Bool
		memory.Fault = func(call journal.Call) error {
			if call.Op == "append" && !call.Done && twice.Load() {
				return journal.ErrStoreTwice
			}
			return nil
		}
		twice.Store(true)
		c, _ := start(t, store)
		w.write("a", accepted("shop"), campaign.Paused{})
		w.write("a", campaign.Resumed{})
		want(t, c, catalog.Query{}, "a:accepted:0 ")
		twice.Store(false)
		w.append(journal.Record{Grain: journal.Grain{Kind: "campaign", ID: "a"}, First: 2, Count: 1, Data: encode(t, []campaign.Event{campaign.Paused{}})})
		want(t, c, catalog.Query{}, "a:accepted:0 ") // an old record that comes late changes nothing

		w.write("b", accepted("shop"))
		synctest.Wait()
		store.lose.Store(true)
		w.write("b", campaign.RunStarted{Run: "r"})
		want(t, c, catalog.Query{}, "a:accepted:0 b:accepted:0 ")
		if store.lose.Load() {
			t.Fatal("no record was lost")
		}
		w.write("b", finished())
		want(t, c, catalog.Query{}, "a:accepted:0 b:accepted:0 ") // the gap shows; the old list stays until the new one is there
		time.Sleep(100 * time.Millisecond)
		want(t, c, catalog.Query{}, "a:accepted:0 b:finished:3 ")
		items, _ := c.Page(catalog.Query{After: "a", Limit: 1}, time.Now())
		if items[0].Run != "r" {
			t.Errorf("the event in the gap is missing: %+v", items[0])
		}
	})
}

func TestUnreadableRecordIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		w := newWriter(t, store, 1)
		c, _ := start(t, store)
		w.write("a", accepted("shop"))
		w.last["a"]++
		w.append(journal.Record{Grain: journal.Grain{Kind: "campaign", ID: "a"}, First: 2, Count: 1, Data: []byte{3, 0, 0, 0}})
		w.write("b", accepted("shop"))
		w.write("a", campaign.Paused{})
		want(t, c, catalog.Query{}, "a:paused:0 b:accepted:0 ")
		if items, _ := c.Page(catalog.Query{Limit: 9}, time.Now()); !items[0].Running || items[1].Running {
			t.Errorf("who has to be asked: %v, %v", items[0].Running, items[1].Running)
		}
	})
}
