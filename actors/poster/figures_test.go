package poster_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

// TestWhatPostersDoIsCounted has a call in doubt, then an accepted one, whose report is recorded late.
func TestWhatPostersDoIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, provider.Doubtful, provider.Accepted)
		w.latency = time.Second
		f := w.gates.Figures("shop")
		w.poster().Tell(push())
		w.poster().Tell(push())
		synctest.Wait()
		if held, flying, again := f.Held.Load(), f.InFlight.Load(), f.Repeated.Load(); held != 1 || flying != 1 || again != 1 {
			t.Errorf("at first %d are held, %d in flight, %d repeated, want 1 of each", held, flying, again)
		}
		time.Sleep(20 * time.Second)
		if held, flying := f.Held.Load(), f.InFlight.Load(); held != 1 || flying != 0 {
			t.Errorf("before it is recorded %d are held, %d in flight, want 1 and 0", held, flying)
		}
		w.poster().Tell(actors.Recorded{Run: "r", Window: 1, Path: push().Path})
		synctest.Wait()
		if held := f.Held.Load(); held != 0 {
			t.Errorf("%d are held in the end", held)
		}
		doubt, fine := &f.Calls[provider.Doubtful], &f.Calls[provider.Accepted]
		took, batch := fine.Took.Read(), f.Batch.Read()
		if doubt.Recipients.Load() != 1 || doubt.Again.Load() != 1 || fine.Recipients.Load() != 1 || fine.Again.Load() != 0 {
			t.Errorf("in doubt %d, of them %d again; accepted %d", doubt.Recipients.Load(), doubt.Again.Load(), fine.Recipients.Load())
		}
		if took.Count() != 1 || took.Sum != 1 || batch.Count() != 2 || batch.Sum != 2 {
			t.Errorf("the call took %v s; %d calls to %v recipients", took.Sum, batch.Count(), batch.Sum)
		}
	})
}

// TestAPosterThatLeavesHoldsNothing: its shard goes to another node.
func TestAPosterThatLeavesHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, provider.Accepted)
		w.hold(true)
		f := w.gates.Figures("shop")
		w.poster().Tell(push())
		synctest.Wait()
		if held := f.Held.Load(); held != 1 {
			t.Fatalf("%d are held, want 1", held)
		}
		<-w.poster().Stop()
		if held := f.Held.Load(); held != 0 {
			t.Errorf("%d are held by nobody", held)
		}
	})
}
