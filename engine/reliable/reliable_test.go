package reliable_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/reliable"
)

// Messages of a shipper, which sends, and of a taker, which handles.
type (
	shipperMsg interface{ shipperMsg() }
	ship       struct{ n int }
	wake       struct{}
	receipt    struct{ reliable.Receipt }

	takerMsg interface{ takerMsg() }
	parcel   struct{ reliable.Parcel[int] }
	done     struct{}
)

func (ship) shipperMsg()    {}
func (wake) shipperMsg()    {}
func (receipt) shipperMsg() {}
func (parcel) takerMsg()    {}
func (done) takerMsg()      {}

// shipper fails now and then; what it must not forget stands outside, as if it were stored.
type shipper struct {
	to    engine.Ref[takerMsg]
	store *stored
	fail  func() bool

	sender *reliable.Sender[int]
	timer  *engine.Timer
}

type stored struct {
	mu    sync.Mutex // the test looks too
	base  uint64
	items []int
}

func (s *stored) set(base uint64, items []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base, s.items = base, items
}

func (s *stored) get() (base uint64, items []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base, s.items
}

func (a *shipper) Started(c *engine.Context[shipperMsg]) {
	base, items := a.store.get()
	a.sender = reliable.NewSender(reliable.Options{Session: "s", First: time.Second, Max: 8 * time.Second}, base, items)
	a.send(c)
}

func (a *shipper) Handle(c *engine.Context[shipperMsg], m shipperMsg) {
	switch m := m.(type) {
	case ship:
		if err := a.sender.Offer(m.n); err != nil {
			c.Respond(err)
			return
		}
		c.Respond(true)
	case receipt:
		a.sender.Heed(m.Receipt)
	case wake:
		a.timer = nil
	}
	a.store.set(a.sender.State())
	if a.fail() {
		panic("a shipper fails")
	}
	a.send(c)
}

func (a *shipper) send(c *engine.Context[shipperMsg]) {
	for _, p := range a.sender.Due(c.Uptime()) {
		a.to.Tell(parcel{p})
	}
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
	if at, ok := a.sender.Wake(); ok {
		a.timer = c.After(at-c.Uptime(), wake{})
	}
}

// taker handles one item at a time, which takes a while.
type taker struct {
	from  engine.Ref[shipperMsg]
	place *place
	fail  func() bool

	receiver *reliable.Receiver[int]
	waiting  []int
	busy     bool
}

type place struct {
	session string
	handled uint64

	mu  sync.Mutex // the test looks too
	got []int
}

func (p *place) take(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, n)
}

func (p *place) taken() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

func (a *taker) Started(c *engine.Context[takerMsg]) {
	a.receiver = reliable.NewReceiver[int](8, a.place.session, a.place.handled)
	a.waiting, a.busy = nil, false
}

func (a *taker) Handle(c *engine.Context[takerMsg], m takerMsg) {
	switch m := m.(type) {
	case parcel:
		if a.fail() {
			panic("a taker fails")
		}
		a.waiting = append(a.waiting, a.receiver.Accept(m.Parcel)...)
	case done:
		a.busy = false
		a.place.take(a.waiting[0])
		a.waiting = a.waiting[1:]
		a.receiver.Handled(1)
		a.place.session, a.place.handled = a.receiver.State()
	}
	a.from.Tell(receipt{a.receiver.Receipt()})
	if !a.busy && len(a.waiting) > 0 {
		a.busy = true
		c.After(10*time.Millisecond, done{})
	}
}

// TestEveryItemOnceAndInOrder: over wires that lose, double and reorder, between actors that fail, for 1,000 seeds.
func TestEveryItemOnceAndInOrder(t *testing.T) {
	seeds := 1000
	if testing.Short() {
		seeds = 50
	}
	_, first := enginetest.Rand(t)
	for i := range uint64(seeds) {
		synctest.Test(t, func(t *testing.T) { voyage(t, first+i) })
		if t.Failed() {
			t.Fatalf("seed %d", first+i)
		}
	}
}

func voyage(t *testing.T, seed uint64) {
	const items = 60
	r := rand.New(rand.NewPCG(seed, seed))
	faults := func() enginetest.Faults {
		return enginetest.Faults{
			Loss: r.Float64() * 0.5, Duplication: r.Float64() * 0.5, Latency: time.Millisecond, Jitter: time.Duration(r.IntN(500)+1) * time.Millisecond,
		}
	}
	s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
	kept, at := &stored{}, &place{}
	rarely := func() func() bool {
		own := rand.New(rand.NewPCG(seed, r.Uint64()))
		return func() bool { return own.IntN(20) == 0 }
	}
	there := func(other engine.Ref[takerMsg]) engine.Ref[shipperMsg] {
		a := &shipper{to: other, store: kept, fail: rarely()}
		return spawn(t, s, "shipper", func() engine.Actor[shipperMsg] { *a = shipper{to: a.to, store: a.store, fail: a.fail}; return a })
	}
	tk := &taker{place: at, fail: rarely()}
	toTaker := enginetest.NewWire(t, s, "to taker", spawn(t, s, "taker", func() engine.Actor[takerMsg] { return tk }), faults(), rand.New(rand.NewPCG(seed, 1)))
	from := there(toTaker.Ref)
	back := enginetest.NewWire(t, s, "to shipper", from, faults(), rand.New(rand.NewPCG(seed, 2)))
	tk.from = back.Ref

	for n := range items {
		for { // who offers repeats what the shipper failed over
			ok, err := engine.Ask[bool](t.Context(), from, shipperMsg(ship{n}))
			synctest.Wait()
			if _, items := kept.get(); err == nil && ok || len(items) > 0 && items[len(items)-1] == n {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Duration(r.IntN(100)) * time.Millisecond)
		if n == items/2 {
			toTaker.Cut()
			time.Sleep(20 * time.Second)
			toTaker.Mend(faults())
		}
	}
	for range 1000 {
		synctest.Wait()
		if _, left := kept.get(); len(at.taken()) >= items && len(left) == 0 {
			break
		}
		time.Sleep(time.Second)
	}
	time.Sleep(time.Minute) // what is still under way
	synctest.Wait()
	got := at.taken()
	for i, n := range got {
		if i != n {
			t.Fatalf("item %d came as number %d: %v", n, i, got)
		}
	}
	if _, left := kept.get(); len(got) != items || len(left) != 0 {
		t.Fatalf("%d of %d items arrived, %d wait", len(got), items, len(left))
	}
}

func spawn[M any](t *testing.T, s *engine.System, name string, produce func() engine.Actor[M]) engine.Ref[M] {
	r, err := engine.Spawn(s, name, produce, engine.WithSupervision(engine.Supervision{Backoff: engine.Backoff{First: time.Millisecond, Max: time.Millisecond}}))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBounds(t *testing.T) {
	s := reliable.NewSender[int](reliable.Options{Session: "a", Keep: 3}, 0, nil)
	for i := range 3 {
		if err := s.Offer(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Offer(3); !errors.Is(err, reliable.ErrFull) {
		t.Errorf("a fourth item: %v", err)
	}
	r := reliable.NewReceiver[int](2, "", 0)
	if got := s.Due(0); len(got) != 1 || got[0].Number != 1 {
		t.Fatalf("without demand %v", got)
	}
	r.Accept(reliable.Parcel[int]{Session: "a", Number: 1, Base: 1})
	s.Heed(r.Receipt()) // nothing is handled: room for two
	if got := s.Due(0); len(got) != 1 || got[0].Number != 2 {
		t.Fatalf("with demand for two %v", got)
	}
	if got := s.Due(time.Second); len(got) != 2 || got[0].Number != 1 {
		t.Fatalf("after the pause %v", got)
	}
	if got := r.Accept(reliable.Parcel[int]{Session: "a", Number: 3, Base: 1}); got != nil {
		t.Errorf("beyond its window: %v", got)
	}
}

func TestPausesDouble(t *testing.T) {
	s := reliable.NewSender[int](reliable.Options{Session: "a", First: time.Second, Max: 3 * time.Second}, 0, nil)
	if err := s.Offer(1); err != nil {
		t.Fatal(err)
	}
	var at []time.Duration
	for now := time.Duration(0); now < 12*time.Second; now += 100 * time.Millisecond {
		if len(s.Due(now)) > 0 {
			at = append(at, now)
		}
	}
	if got, want := fmt.Sprint(at), "[0s 1s 3s 6s 9s]"; got != want {
		t.Errorf("sent at %s, want %s", got, want)
	}
	s.Heed(reliable.Receipt{Session: "a", Handled: 2, Until: 10})
	if _, ok := s.Wake(); ok || s.Waiting() != 0 || len(s.Due(time.Minute)) != 0 {
		t.Error("something waits that is handled")
	}
}

func TestSessions(t *testing.T) {
	r := reliable.NewReceiver[string](8, "b", 5)
	for _, tt := range []struct {
		what string
		p    reliable.Parcel[string]
		want string
	}{
		{"an old life's", reliable.Parcel[string]{Session: "a", Number: 5, Base: 1, Item: "x"}, "[]"},
		{"a copy", reliable.Parcel[string]{Session: "b", Number: 4, Base: 1, Item: "x"}, "[]"},
		{"the next", reliable.Parcel[string]{Session: "b", Number: 5, Base: 5, Item: "five"}, "[five]"},
		{"a new life's second", reliable.Parcel[string]{Session: "c", Number: 2, Base: 1, Item: "two"}, "[]"},
		{"its first", reliable.Parcel[string]{Session: "c", Number: 1, Base: 1, Item: "one"}, "[one two]"},
		{"of a sender that knows more", reliable.Parcel[string]{Session: "c", Number: 9, Base: 9, Item: "nine"}, "[nine]"},
	} {
		if got := fmt.Sprint(r.Accept(tt.p)); got != tt.want {
			t.Errorf("%s brings %s, want %s", tt.what, got, tt.want)
		}
	}
	s := reliable.NewSender[int](reliable.Options{Session: "c"}, 0, nil)
	s.Heed(reliable.Receipt{Session: "b", Handled: 1, Until: 100})
	s.Heed(reliable.Receipt{Session: "c", Handled: 50, Until: 100}) // of what was never sent
	for range 3 {
		if err := s.Offer(1); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Due(0); len(got) != 1 {
		t.Errorf("a receipt that is none of its own granted demand: %v", got)
	}
}
