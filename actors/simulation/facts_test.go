package simulation

import (
	"context"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/checker"
)

// fact is one event as it was stored.
type fact[E any] struct {
	at    time.Duration
	grain string
	by    int
	event E
}

// facts are the events of one type in the order in which they were stored.
func facts[E any](t *testing.T, r result) (out []fact[E]) {
	t.Helper()
	for _, l := range r.world.lines {
		if k := l.record.Grain.Kind; l.what != "stored" || k != actors.Campaigns.Name() && k != actors.Checkers.Name() {
			continue
		}
		for data := l.record.Data; len(data) > 0; {
			e, rest, err := cut(data)
			if err != nil {
				break // a snapshot
			}
			if e, ok := e.(E); ok {
				out = append(out, fact[E]{l.at, l.record.Grain.ID, l.number, e})
			}
			data = rest
		}
	}
	return out
}

// noRedrive fails where anything was marked as sent again.
func noRedrive(t *testing.T, r result) {
	t.Helper()
	for _, f := range facts[checker.Redriven](t, r) {
		t.Errorf("%v: window %d of run %s was sent again: %v", f.at, f.event.Window, f.grain, f.event.Paths)
	}
}

// usersOf are a campaign's recipients by index.
func usersOf(t *testing.T, r result, m *mission) []string {
	t.Helper()
	for _, f := range facts[campaign.Planned](t, r) {
		if f.grain != m.id {
			continue
		}
		users := make([]string, f.event.Table.Recipients)
		for n := range f.event.Table.Chunks {
			chunk, err := campaign.LoadChunk(context.Background(), r.world.memory, f.event.Chunks, uint32(n))
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range chunk.Recipients {
				users[int(chunk.First)+i] = p.User
			}
		}
		return users
	}
	t.Fatalf("%s was never planned", m.name)
	return nil
}

// inFlight is how many calls were under way at a time, began within a second of it, or had their answer less than within before it.
func inFlight(r result, at, within time.Duration) uint32 {
	n := map[string]int{}
	for _, l := range r.world.lines {
		switch {
		case l.what == "call" && l.at <= at+time.Second:
			n[l.about]++
		case l.what == "answer" && l.at < at-within:
			n[l.about]--
		}
	}
	under := uint32(0)
	for _, k := range n {
		if k > 0 {
			under++
		}
	}
	return under
}
