package journaltest

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hayauma.example/engine/journal"
)

// Model checks random sequences of operations against a dumb model.
func Model(t *testing.T, s Subject) {
	rapid.Check(t, func(r *rapid.T) {
		m := &model{fixture: newFixture(t, s), t: t, next: map[string]uint64{}, kept: map[string][]string{}}
		m.claims = append(m.claims, m.claim(t, 0))
		r.Repeat(map[string]func(*rapid.T){
			"append":   m.append,
			"stale":    m.stale,
			"claim":    func(*rapid.T) { m.claims = append(m.claims, m.claim(t, 0)) },
			"snapshot": m.snapshot,
			"purge":    m.purge,
			"":         m.check,
		})
	})
}

type model struct {
	fixture
	t      *testing.T
	claims []journal.Claim     // the last one rules
	next   map[string]uint64   // events of each id, less one
	kept   map[string][]string // what a replay yields
}

var modelIDs = rapid.SampledFrom([]string{"a", "b.c", "*"})

func (m *model) owner() journal.Claim { return m.claims[len(m.claims)-1] }

func (m *model) append(r *rapid.T) {
	ids := rapid.SliceOfN(modelIDs, 1, 5).Draw(r, "ids")
	times := rapid.IntRange(1, 2).Draw(r, "times")
	var records []journal.Record
	for _, id := range ids {
		count := rapid.Uint32Range(1, 3).Draw(r, "count")
		rec := event(id, m.next[id]+1, fmt.Sprint(len(m.kept[id])))
		rec.Count = count
		m.next[id] += uint64(count)
		m.kept[id] = append(m.kept[id], text([]journal.Record{rec}))
		records = append(records, rec)
	}
	for range times {
		m.mustAppend(m.t, m.owner(), records...)
	}
}

func (m *model) stale(r *rapid.T) {
	if len(m.claims) < 2 {
		r.Skip("one claim only")
	}
	c := rapid.SampledFrom(m.claims[:len(m.claims)-1]).Draw(r, "claim")
	wantErr(m.t, m.fixture.append(c, "", event("a", m.next["a"]+1, "no")), journal.ErrFenced)
}

func (m *model) snapshot(r *rapid.T) {
	id := modelIDs.Draw(r, "id")
	rec := event(id, m.next[id], "state")
	rec.Snapshot, rec.Count = true, 0
	m.mustAppend(m.t, m.owner(), rec)
	m.kept[id] = []string{text([]journal.Record{rec})}
	if !rapid.Bool().Draw(r, "purge") {
		return
	}
	at := m.replay(m.t, m.owner(), rec.Grain)[0].Position
	if err := m.Store.Purge(m.ctx, m.owner(), rec.Grain, at); err != nil {
		r.Fatal(err)
	}
}

func (m *model) purge(r *rapid.T) {
	id := modelIDs.Draw(r, "id")
	if err := m.Store.Purge(m.ctx, m.owner(), journal.Grain{Kind: "k", ID: id}, 0); err != nil {
		r.Fatal(err)
	}
	delete(m.kept, id)
	delete(m.next, id)
}

func (m *model) check(r *rapid.T) {
	for _, id := range []string{"a", "b.c", "*"} {
		var got []string
		for _, rec := range m.replay(m.t, m.owner(), journal.Grain{Kind: "k", ID: id}) {
			got = append(got, text([]journal.Record{rec}))
		}
		if !slices.Equal(got, m.kept[id]) {
			r.Fatalf("replay of %q: %v, want %v", id, got, m.kept[id])
		}
	}
}
