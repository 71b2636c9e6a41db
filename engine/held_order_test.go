package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
)

// TestWhatWaitsGoesBehindOlderMail: messages are just about to go on when the grain leaves, and its mailbox has what was sent before them.
func TestWhatWaitsGoesBehindOlderMail(t *testing.T) {
	there, soon := engine.Place{Answer: engine.Elsewhere, Member: "B"}, engine.Place{Answer: engine.Soon, Member: "B"}
	inOrder := []string{"B x 1", "B x 2", "B x 3", "B x 4"}
	for name, tale := range map[string]struct {
		from        string       // who sends all of it
		interrupted int          // the grain leaves while the place of this one of those that wait is asked for
		found       engine.Place // which is answered with this
		want        []string
	}{
		"others' wait on":     {"B", 1, soon, inOrder},
		"others' could go":    {"B", 1, there, inOrder},
		"one has gone before": {"B", 2, soon, []string{"B x 3", "B x 1", "B x 2", "B x 4"}},
		"the last could go":   {"B", 2, there, []string{"B x 3", "B x 1", "B x 2", "B x 4"}},
		"it is taken back":    {"B", 1, engine.Place{Answer: engine.Here}, []string{"A x 1", "A x 2", "A x 3", "A x 4"}},
		"our own wait on":     {"A", 1, soon, inOrder},
		"our own could go":    {"A", 1, there, inOrder},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r, dirs := markedRoad(t, "A", "B")
				r.owns("A")
				r.ref("A", "x").Tell(Roam{What: "nap", N: 10})
				synctest.Wait()
				r.notes(tale.from, 1, 2)
				synctest.Wait()
				r.dirs["A"].Place(func(string, string) engine.Place { return soon })
				r.ref("A", "y").Tell(Roam{What: "silent"}) // something waits, so nothing goes straight to a mailbox
				r.notes(tale.from, 3, 4)
				synctest.Wait()
				r.believes("B", "B")
				asked := 0
				dirs["A"].answer = func(key string, p engine.Place) engine.Place {
					if key != "x" {
						return soon
					}
					if asked++; asked == tale.interrupted {
						r.systems["A"].Vacate(t.Context(), everybody)
						return tale.found
					}
					return p
				}
				if tale.found.Answer == engine.Here {
					r.believes("A", "A")
				} else {
					r.believes("A", "B")
				}
				time.Sleep(time.Second)
				r.expect(tale.want...)
			})
		})
	}
}
