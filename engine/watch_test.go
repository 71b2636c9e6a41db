package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
)

// seen is a message that notes what was told.
func seen(d *diary, who string) func(engine.Terminated) script {
	return func(e engine.Terminated) script {
		return func(*engine.Context[script]) { d.at("%s: %s %s %s", who, e.Kind, e.ID, e.Reason) }
	}
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		parent, kids := family(t, s, d, nil)
		_ = kids
		watcher := scripts.Ref(s, "watcher")
		grain := scripts.Ref(s, "grain")
		watch := func(c *engine.Context[script]) {
			c.Every(time.Second, func(*engine.Context[script]) {}) // stays in memory
			engine.Watch(c, parent, seen(d, "w"))
			engine.Watch(c, grain, seen(d, "w"))
		}
		watcher.Tell(watch)
		d.want(t, "0s w: script grain absent")
		grain.Tell(func(*engine.Context[script]) {})
		synctest.Wait()
		watcher.Tell(func(c *engine.Context[script]) { engine.Watch(c, grain, seen(d, "w")) })
		time.Sleep(2 * time.Minute)
		d.want(t, "1m15s w: script grain passivated")
		parent.Tell(func(c *engine.Context[script]) { watcher.Tell(func(*engine.Context[script]) { d.note("last words") }) })
		parent.Poison()
		d.want(t, "parent stopping", "parent stopped", "last words", "2m0s w: cell parent stopped")
		watcher.Tell(func(c *engine.Context[script]) { engine.Watch(c, parent, seen(d, "w")) })
		d.want(t, "2m0s w: cell parent absent")
	})
}

func TestWatchEndsWithItsActivation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		parent, _ := family(t, s, d, nil)
		a, b := scripts.Ref(s, "a"), scripts.Ref(s, "b")
		for _, w := range []engine.Ref[script]{a, b} {
			w.Tell(func(c *engine.Context[script]) { engine.Watch(c, parent, seen(d, c.ID())) })
		}
		synctest.Wait()
		<-a.Stop()
		b.Tell(func(c *engine.Context[script]) { engine.Unwatch(c, parent) })
		synctest.Wait()
		<-parent.Stop()
		d.want(t, "parent stopping", "parent stopped")
	})
}

// What was watched and has failed too often says so.
func TestTerminatedTellsTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		top, err := engine.Spawn(s, "top", func() engine.Actor[script] { return &hooks{} },
			engine.WithSupervision(engine.Supervision{Decide: always(engine.Stop)}))
		if err != nil {
			t.Fatal(err)
		}
		w := scripts.Ref(s, "w")
		w.Tell(func(c *engine.Context[script]) { engine.Watch(c, top, seen(d, "w")) })
		synctest.Wait()
		top.Tell(fail)
		d.want(t, "0s w: cell top failed")
	})
}

func TestPoisonHandlesWhatIsQueuedAndRefusesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		parent, _ := family(t, s, d, nil)
		release := make(chan struct{})
		parent.Tell(func(*engine.Context[script]) { <-release })
		for i := range 3 {
			parent.Tell(func(*engine.Context[script]) { d.note("%d", i) })
		}
		done := parent.Poison()
		if _, err := engine.Ask[int](t.Context(), parent, script(fail)); !isDeadLetter(err, "stopped") {
			t.Errorf("after Poison: %v", err)
		}
		close(release)
		<-done
		d.want(t, "0", "1", "2", "parent stopping", "parent stopped")
		<-parent.Stop() // both are answered by one that has ended
		<-parent.Poison()
	})
}

func TestPoisonedGrainsComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		g := scripts.Ref(s, "g")
		g.Tell(func(*engine.Context[script]) {})
		synctest.Wait()
		<-g.Poison()
		if n := inMemory(s.Stats(), "script"); n != 0 {
			t.Errorf("%d active", n)
		}
		if n, err := engine.Ask[int](t.Context(), g, script(func(c *engine.Context[script]) { c.Respond(1) })); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		<-g.Stop()
		<-g.Stop() // nothing is there
	})
}

// Who waits for an end is not forgotten by a system that is killed.
func TestKillEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		parent, _ := family(t, s, d, nil)
		parent.Tell(func(c *engine.Context[script]) { time.Sleep(time.Second) })
		synctest.Wait()
		done := parent.Stop()
		s.Kill()
		<-done
	})
}

func TestTouchKeepsAGrainInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		g := scripts.Ref(s, "g")
		g.Touch()
		synctest.Wait()
		for range 10 {
			if n := inMemory(s.Stats(), "script"); n != 1 {
				t.Fatalf("%d active", n)
			}
			time.Sleep(59 * time.Second)
			g.Touch()
			synctest.Wait()
		}
		time.Sleep(75 * time.Second)
		synctest.Wait()
		if n := inMemory(s.Stats(), "script"); n != 0 {
			t.Errorf("%d active", n)
		}
	})
}
