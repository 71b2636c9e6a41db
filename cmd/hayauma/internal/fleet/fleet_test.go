package fleet_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/cmd/hayauma/internal/fleet"
)

// play runs a story of a fleet in a bubble, and judges it.
func play(t *testing.T, o fleet.Options, story func(w *fleet.World)) {
	t.Helper()
	if wrong, transcript := told(t, o, story); len(wrong) > 0 {
		file := filepath.Join(os.TempDir(), fmt.Sprintf("fleet-%d.txt", o.Seed))
		_ = os.WriteFile(file, []byte(transcript), 0o644)
		for _, x := range wrong {
			t.Error(x)
		}
		t.Logf("seed %d, transcript in %s", o.Seed, file)
	}
}

func told(t *testing.T, o fleet.Options, story func(w *fleet.World)) (wrong []string, transcript string) {
	t.Helper()
	dir, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	o.Dir = dir
	synctest.Test(t, func(t *testing.T) {
		w := fleet.New(t, o)
		defer w.Close()
		story(w)
		wrong, transcript = w.Judge(), w.Transcript(100_000)
	})
	return wrong, transcript
}

// send submits campaigns at once and waits for their ends; meanwhile the story goes on.
func send(w *fleet.World, missions []*fleet.Mission, meanwhile func()) {
	var all sync.WaitGroup
	for _, m := range missions {
		all.Go(func() {
			w.Submit(m)
			w.Await(m)
		})
	}
	meanwhile()
	all.Wait()
	time.Sleep(30 * time.Second)
}

func both(w *fleet.World, n int) []*fleet.Mission {
	return []*fleet.Mission{w.NewMission("first", n, n), w.NewMission("second", n/2, n*2)}
}

var seeds = flag.Int("fleet.seeds", 6, "how many seeds of each story are played")

// settled is how old a node is before it can vouch for the others.
const settled = 10 * time.Second

var (
	all   = fleet.All
	split = [][]string{{actors.RoleComposer}, {actors.RolePoster}, {actors.RoleChecker}}
	quick = linesim.Faults{Latency: 20 * time.Millisecond}
	pace  = actors.Limits{Push: 50, Multicast: 10}
)

func TestNothingHappens(t *testing.T) {
	for name, roles := range map[string][][]string{"all on one": {all}, "all on three": {all, all, all}, "a role each": split} {
		t.Run(name, func(t *testing.T) {
			play(t, fleet.Options{Seed: 1, Limits: pace, Faults: quick, Chunk: 20}, func(w *fleet.World) {
				w.Boot(roles...)
				w.Configure()
				missions := both(w, 100)
				for _, m := range missions {
					m.Within = 7 * time.Second
				}
				send(w, missions, func() {})
			})
		})
	}
}

func TestPlannedLeave(t *testing.T) {
	for seed := range uint64(*seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			play(t, fleet.Options{Seed: seed, Limits: pace, Faults: quick, Chunk: 20, Jitter: 2 * time.Millisecond}, func(w *fleet.World) {
				nodes := w.Boot(all, all, all)
				w.Configure()
				time.Sleep(settled)
				missions := both(w, 100)
				for _, m := range missions {
					m.Forget(3)
					m.Forget(-4)
					m.Within = 12 * time.Second
				}
				send(w, missions, func() {
					time.Sleep(time.Second + w.Within(time.Second))
					w.Leave(nodes[int(seed)%3])
				})
			})
		})
	}
}

func TestKill(t *testing.T) {
	for seed := range uint64(*seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			play(t, fleet.Options{Seed: seed, Limits: pace, Faults: quick, Chunk: 20, Jitter: 2 * time.Millisecond}, func(w *fleet.World) {
				nodes := w.Boot(all, all, all)
				w.Configure()
				missions := both(w, 100)
				for _, m := range missions {
					m.Forget(3)
					m.Unknown = true
					m.Within = 15 * time.Second
				}
				send(w, missions, func() {
					time.Sleep(time.Second + w.Within(time.Second))
					w.Kill(nodes[int(seed)%3])
				})
			})
		})
	}
}
