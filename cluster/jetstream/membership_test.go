package jetstream_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/objects/objectstest"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// patient requests bear a machine that is busy with other things.
var patient = jetstream.Config{Request: 10 * time.Second}

func openMembership(t testing.TB, s *jetstream.Store) *jetstream.Membership {
	t.Helper()
	m, err := s.Membership(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func members(t *testing.T) objectstest.Subject {
	t.Helper()
	node := openNode(t, t.TempDir())
	one, two := openStore(t, node, patient), openStore(t, node, patient)
	return objectstest.Subject{One: openMembership(t, one), Two: openMembership(t, two)}
}

func TestMembershipConforms(t *testing.T) { objectstest.Run(t, members(t)) }

func TestMembershipMatchesModel(t *testing.T) { objectstest.Model(t, members(t)) }

// BenchmarkRenewal is what a member asks for twice a second.
func BenchmarkRenewal(b *testing.B) {
	m := openMembership(b, openStore(b, openNode(b, b.TempDir()), patient))
	r := roster.Record{Incarnation: ulid.Make().String(), Number: 1}
	rev, err := m.PutRecord(b.Context(), r, 0)
	for b.Loop() && err == nil {
		r.Number++
		rev, err = m.PutRecord(b.Context(), r, rev)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkClaim takes all shards of a role: reading their fences, and writing them in one batch.
func BenchmarkClaim(b *testing.B) {
	m := openMembership(b, openStore(b, openNode(b, b.TempDir()), patient))
	changes, shards := make([]objects.FenceChange, roster.Shards), make([]journal.Shard, roster.Shards)
	for i := range changes {
		shards[i] = journal.Shard{Role: "r", Number: i}
		changes[i] = objects.FenceChange{Shard: shards[i], Fence: roster.Fence{Owner: ulid.Make().String(), Epoch: 1}}
	}
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := m.Fences(b.Context(), shards); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			fences, err := m.PutFences(b.Context(), changes)
			if err != nil {
				b.Fatal(err)
			}
			for i, f := range fences {
				changes[i].Expect = f
			}
		}
	})
}

// BenchmarkView writes a view of ten members.
func BenchmarkView(b *testing.B) {
	m := openMembership(b, openStore(b, openNode(b, b.TempDir()), patient))
	v, rev, err := roster.View{}, uint64(0), error(nil)
	for i := range 10 {
		member := roster.Member{Incarnation: ulid.Make().String(), Node: fmt.Sprint("n", i), Address: "h:1", Roles: []string{"a", "b", "c"}}
		if v, _, err = v.Join(member); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() && err == nil {
		rev, err = m.PutView(b.Context(), v, rev)
	}
	if err != nil {
		b.Fatal(err)
	}
}
