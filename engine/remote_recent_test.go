package engine_test

import (
	"testing"
	"time"

	"hayauma.example/engine"
)

// Grains whose identities end alike, and one of another kind, take each other's place among those that were sent to last; each still has its
// own messages, also after it has left memory.
func TestGrainsThatOthersSentToLast(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "a", "b")
		r.owns("b")
		refs := []engine.Ref[Roam]{r.ref("a", "x-1"), r.ref("a", "y-1"), strollers.Ref(r.systems["a"], "x-1"), r.ref("a", "1"), r.ref("a", "")}
		for life := range 3 {
			for seen := 1; seen <= 4; seen++ {
				for _, to := range refs[:4] {
					got, err := engine.AskTimeout[Whereabouts](to, Roam{}, time.Minute)
					if want := (Whereabouts{"b", seen}); err != nil || got != want {
						t.Fatalf("life %d of %q: got %v, %v, want %v", life, to.ID(), got, err, want)
					}
				}
			}
			for _, to := range refs[:4] {
				<-to.Stop()
			}
		}
		if got, err := engine.AskTimeout[Whereabouts](refs[4], Roam{}, time.Minute); err == nil {
			t.Errorf("a grain without an identity answered %v", got)
		}
	})
}
