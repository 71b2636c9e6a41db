package engine_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// beats is a durable grain that has work of its own: its Started sets a timer, whose message is stored. Only the first start needs
// somebody to send.
type beats struct {
	log    *[]time.Duration // of Started, since began
	began  time.Time
	panics *atomic.Int64 // so many beats fail

	stored int
}

type (
	beatMsg interface{ beatMsg() }
	wakeUp  struct{}
	beat    struct{}
	count   struct{}
	beaten  struct{}
)

func (wakeUp) beatMsg() {}
func (beat) beatMsg()   {}
func (count) beatMsg()  {}

func (b *beats) Apply(beaten) { b.stored++ }

func (b *beats) Started(c *engine.Context[beatMsg]) {
	*b.log = append(*b.log, time.Since(b.began))
	if b.stored == 0 {
		c.After(time.Second, beat{})
	}
}

func (b *beats) Handle(c *engine.Context[beatMsg], m beatMsg) {
	switch m.(type) {
	case beat:
		if b.panics.Add(-1) >= 0 {
			panic("missed")
		}
		engine.Persist(c, []beaten{{}}, nil)
	case count:
		c.Respond(b.stored)
	}
}

var beating = engine.NewKind[beatMsg](engine.KindConfig{Name: "beats", Role: "test", Idle: time.Hour})

// startBeating starts a grain of beats, and returns when its activations began.
func startBeating(t *testing.T, store *journal.Memory, panics int64) (*engine.System, *[]time.Duration) {
	r := codec.NewRegistry()
	codec.Register[beaten](r, "beaten")
	s := enginetest.NewSystem(t, enginetest.Options{Store: store, Messages: r})
	var missed atomic.Int64
	missed.Store(panics)
	log, began := &[]time.Duration{}, time.Now()
	engine.ServeDurable(s, beating, func(string) engine.Durable[beatMsg, beaten] {
		return &beats{log: log, began: began, panics: &missed}
	})
	beating.Ref(s, "a").Tell(wakeUp{})
	return s, log
}

func wantBeats(t *testing.T, s *engine.System, want int) {
	t.Helper()
	if n, err := engine.Ask[int, beatMsg](t.Context(), beating.Ref(s, "a"), count{}); n != want || err != nil {
		t.Errorf("%d beats stored, %v; want %d", n, err, want)
	}
}

// within checks a list of times, each against the least and the most that the jitter allows.
func within(t *testing.T, got []time.Duration, least, most []time.Duration) {
	t.Helper()
	if len(got) != len(least) {
		t.Fatalf("began at %v, want %d activations", got, len(least))
	}
	for i, at := range got {
		if at < least[i] || at > most[i] {
			t.Errorf("activation %d began after %v, want %v to %v", i, at, least[i], most[i])
		}
	}
}

const ms = time.Millisecond

// TestGrainBeginsAgainAfterARefusedAppend: its mailbox is empty and its timers are gone, so nothing else would wake it.
func TestGrainBeginsAgainAfterARefusedAppend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		refused := 2
		store.Fault = func(c journal.Call) error {
			if c.Op == "append" && !c.Done && refused > 0 {
				refused--
				return journal.ErrFull
			}
			return nil
		}
		s, log := startBeating(t, store, 0)
		time.Sleep(time.Minute)
		synctest.Wait()
		within(t, *log, []time.Duration{0, 1075 * ms, 2225 * ms}, []time.Duration{0, 1100 * ms, 2300 * ms})
		wantBeats(t, s, 1)
	})
}

// TestGrainBeginsAgainAfterAPanic: at once after the first, after a pause when it fails again.
func TestGrainBeginsAgainAfterAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, log := startBeating(t, enginetest.NewStore(), 3)
		time.Sleep(time.Minute)
		synctest.Wait()
		within(t, *log, []time.Duration{0, 1000 * ms, 2075 * ms, 3225 * ms}, []time.Duration{0, 1000 * ms, 2100 * ms, 3300 * ms})
		wantBeats(t, s, 1)
	})
}

// TestFencedGrainDoesNotBeginAgain: it lives elsewhere now.
func TestFencedGrainDoesNotBeginAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		s, log := startBeating(t, store, 0)
		synctest.Wait()
		if _, err := store.Claim(t.Context(), "another", []journal.Shard{{Role: "all"}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(*log) != 1 || statsOf(s, "beats").Active != 0 {
			t.Errorf("began at %v, %d active", *log, statsOf(s, "beats").Active)
		}
	})
}

// TestPassivatedGrainDoesNotBeginAgain until somebody sends.
func TestPassivatedGrainDoesNotBeginAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, log := startBeating(t, enginetest.NewStore(), 0)
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		if len(*log) != 1 || statsOf(s, "beats").Active != 0 {
			t.Errorf("began at %v, %d active", *log, statsOf(s, "beats").Active)
		}
		wantBeats(t, s, 1)
	})
}

// starter is a plain cell whose timer fails; Started sets it anew.
type starter struct{ log *[]time.Duration }

func (p starter) Started(c *engine.Context[script]) {
	*p.log = append(*p.log, time.Duration(c.Now().UnixNano()))
	c.After(time.Second, func(*engine.Context[script]) { panic("again") })
}

func (starter) Handle(c *engine.Context[script], m script) { m(c) }

func TestPlainCellBeginsAgainAfterAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		var log []time.Duration
		began := time.Duration(time.Now().UnixNano())
		if _, err := engine.Spawn(s, "timer", func() engine.Actor[script] { return starter{&log} }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3500 * ms)
		synctest.Wait()
		for i := range log {
			log[i] -= began
		}
		within(t, log, []time.Duration{0, 1000 * ms, 2075 * ms, 3225 * ms}, []time.Duration{0, 1000 * ms, 2100 * ms, 3300 * ms})
	})
}

// TestKillDoesNotWaitForEver: a handler that is stuck keeps Kill for 5 s; when it goes on, nothing that it does has an effect.
func TestKillDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log enginetest.Log
		store := enginetest.NewStore()
		s := enginetest.NewSystem(t, enginetest.Options{Store: store, Log: log.Logger()})
		release, over := make(chan struct{}), make(chan struct{})
		var after atomic.Int64
		note := func(*engine.Context[script]) { after.Add(1) }
		engine.Serve(s, scripts, func(string) engine.Actor[script] { return &hooks{} })
		asked := make(chan error, 1)
		go func() {
			_, err := engine.Ask[int, script](t.Context(), scripts.Ref(s, "a"), func(c *engine.Context[script]) {
				defer close(over)
				<-release
				c.Respond(1)
				c.Self().Tell(note)
				scripts.Ref(s, "b").Tell(note)
				c.After(time.Second, note)
				c.Go(func(context.Context) script { after.Add(1); return note })
			})
			asked <- err
		}()
		synctest.Wait()
		began := time.Now()
		s.Kill()
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("Kill took %v, want 5s", took)
		}
		if err := <-asked; err == nil {
			t.Error("the Ask was answered")
		}
		if !strings.Contains(log.String(), "handlers=1") {
			t.Errorf("log: %q", log.String())
		}
		close(release)
		<-over
		time.Sleep(time.Minute)
		if n := after.Load(); n > 0 {
			t.Errorf("%d effects after Kill", n)
		}
	})
}

// stuck is a durable grain that waits before it stores.
type stuck struct {
	release <-chan struct{}
	then    *atomic.Int64
	events  int
}

func (k *stuck) Apply(beaten) {}

func (k *stuck) Handle(c *engine.Context[beatMsg], _ beatMsg) {
	<-k.release
	engine.Persist(c, make([]beaten, k.events), func() { k.then.Add(1) })
}

func TestKilledHandlerStoresNothing(t *testing.T) {
	for _, events := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			r := codec.NewRegistry()
			codec.Register[beaten](r, "beaten")
			store := enginetest.NewStore()
			s := enginetest.NewSystem(t, enginetest.Options{Store: store, Messages: r})
			release := make(chan struct{})
			var then atomic.Int64
			engine.ServeDurable(s, beating, func(string) engine.Durable[beatMsg, beaten] {
				return &stuck{release: release, then: &then, events: events}
			})
			beating.Ref(s, "a").Tell(beat{})
			synctest.Wait()
			s.Kill()
			close(release)
			synctest.Wait()
			if stats, err := store.Stats(t.Context()); stats.Records != 0 || then.Load() != 0 || err != nil {
				t.Errorf("%d events: %d records, %d continuations, %v after Kill", events, stats.Records, then.Load(), err)
			}
		})
	}
}

// TestNowIsTheWalls: a monotonic part would make a deadline of yesterday seem near after the machine has slept.
func TestNowIsTheWalls(t *testing.T) {
	s := scriptSystem(t)
	type clocks struct {
		now    time.Time
		uptime time.Duration
	}
	look := func(c *engine.Context[script]) { c.Respond(clocks{c.Now(), c.Uptime()}) }
	before, last := time.Now().Round(0), time.Duration(-1)
	for range 100 {
		got, err := engine.Ask[clocks, script](t.Context(), scripts.Ref(s, "a"), look)
		switch {
		case err != nil:
			t.Fatal(err)
		case strings.Contains(got.now.String(), "m="), strings.Contains(got.now.Add(time.Hour).String(), "m="):
			t.Fatalf("%s has a monotonic part", got.now)
		case got.now.Before(before), time.Since(got.now) > time.Minute:
			t.Fatalf("%s is not the time", got.now)
		case got.uptime < last:
			t.Fatalf("the uptime went from %v to %v", last, got.uptime)
		}
		last = got.uptime
	}
}
