package checker_test

import (
	"testing"
	"testing/synctest"

	"hayauma.example/actors"
	"hayauma.example/engine/enginetest"
)

// TestDirectOfAWindowMayBeRepeated: it counts as settled in the window, and a repeat stores nothing.
func TestDirectOfAWindowMayBeRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		w := newWorld(t, store)
		w.open()
		word := actors.Direct{Run: "r", Window: 3, Paths: []actors.Span{{Lo: 2, Hi: 4}, {Lo: 610, Hi: 620}}, Outcome: actors.Suppressed, Reason: "opted_out"}
		var records uint64
		for n := range 4 {
			if n == 2 { // another activation
				w.sys.Kill()
				w = newWorld(t, store)
			}
			p := ask[actors.Progress](w, word)
			if p.Totals[actors.Suppressed] != 12 || p.Windows[3] != 12 {
				t.Fatalf("%v, %v", p.Totals, p.Windows)
			}
			stats, err := store.Stats(t.Context())
			if err != nil || n > 0 && stats.Records != records {
				t.Errorf("a repeat is stored: %d records, %d before: %v", stats.Records, records, err)
			}
			records = stats.Records
		}
	})
}
