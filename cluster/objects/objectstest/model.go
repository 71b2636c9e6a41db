package objectstest

import (
	"errors"
	"slices"
	"testing"

	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// Model checks random sequences of operations against a dumb model.
func Model(t *testing.T, s Subject) {
	rapid.Check(t, func(r *rapid.T) {
		f := newFixture(t, s)
		m := &model{fixture: f, t: t, shards: f.shards(3), fences: make([]objects.Fenced, 3), records: map[string]roster.Found{}}
		for range 2 {
			m.ids = append(m.ids, ulid.Make().String())
		}
		r.Repeat(map[string]func(*rapid.T){"record": m.record, "fences": m.claim, "": m.check})
	})
}

type model struct {
	fixture
	t       *testing.T
	ids     []string
	shards  []journal.Shard
	records map[string]roster.Found
	fences  []objects.Fenced
	revised uint64 // highest revision seen
}

// near is what stands, or something that doesn't.
func near(r *rapid.T, stands uint64) uint64 {
	return rapid.SampledFrom([]uint64{stands, stands, 0, stands + 1, stands / 2}).Draw(r, "expect")
}

func (m *model) store(r *rapid.T) objects.Store {
	return rapid.SampledFrom([]objects.Store{m.One, m.Two}).Draw(r, "connection")
}

func (m *model) record(r *rapid.T) {
	id, s := rapid.SampledFrom(m.ids).Draw(r, "id"), m.store(r)
	stands := m.records[id]
	expect := near(r, stands.Revision)
	rec := roster.Record{Incarnation: id, Number: rapid.Uint64Max(9).Draw(r, "number")}
	rev, err := calm(func() (uint64, error) { return s.PutRecord(m.ctx, rec, expect) })
	switch {
	case expect != stands.Revision:
		if got := found[roster.Found](m.t, err); got != stands {
			r.Fatalf("found %+v, want %+v", got, stands)
		}
	case err != nil || rev <= m.revised:
		r.Fatalf("revision %d after %d, %v", rev, m.revised, err)
	default:
		m.records[id], m.revised = roster.Found{Record: rec, Revision: rev}, rev
	}
}

func (m *model) claim(r *rapid.T) {
	s, fits := m.store(r), true
	var cs []objects.FenceChange
	for i, stands := range m.fences {
		if !rapid.Bool().Draw(r, "shard") {
			continue
		}
		c := objects.FenceChange{Shard: m.shards[i], Fence: owned(rapid.StringMatching("[a-c]").Draw(r, "owner"))}
		c.Expect = journal.Fence(near(r, uint64(stands.Sequence)))
		fits = fits && c.Expect == stands.Sequence
		cs = append(cs, c)
	}
	at, err := calm(func() ([]journal.Fence, error) { return s.PutFences(m.ctx, cs) })
	if !fits && errors.Is(err, objects.ErrRefused) {
		return
	}
	if !fits || err != nil {
		r.Fatalf("put %+v over %+v: %v", cs, m.fences, err)
	}
	for i, c := range cs {
		m.fences[c.Shard.Number] = objects.Fenced{Shard: c.Shard, Fence: c.Fence, Sequence: at[i]}
	}
}

func (m *model) check(r *rapid.T) {
	s := m.store(r)
	for _, id := range m.ids {
		if got, err := s.Record(m.ctx, id); err != nil || got != m.records[id] {
			r.Fatalf("found %+v, %v; want %+v", got, err, m.records[id])
		}
	}
	for i := range m.fences {
		m.fences[i].Shard = m.shards[i]
	}
	if got, err := s.Fences(m.ctx, m.shards); err != nil || !slices.Equal(got, m.fences) {
		r.Fatalf("found %+v, %v; want %+v", got, err, m.fences)
	}
}
