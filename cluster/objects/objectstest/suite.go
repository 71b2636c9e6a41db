package objectstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// Subject is what the suite runs against: two connections to one store.
type Subject struct{ One, Two objects.Store }

// Run runs the whole suite.
func Run(t *testing.T, s Subject) {
	cases := []struct {
		name string
		run  func(*testing.T, fixture)
	}{
		{"record", record},
		{"record refused", recordRefused},
		{"record invalid", recordInvalid},
		{"one renewal wins", oneRenewalWins},
		{"many are born at once", manyBorn},
		{"records watched", recordsWatched},
		{"watch ends", watchEnds},
		{"view", view},
		{"view refused", viewRefused},
		{"view watched", viewWatched},
		{"fences", fences},
		{"fences refused", fencesRefused},
		{"fences invalid", fencesInvalid},
		{"one claim wins", oneClaimWins},
		{"ended context", endedContext},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, newFixture(t, s)) })
	}
}

type fixture struct {
	Subject
	ctx  context.Context
	role string
}

func newFixture(t *testing.T, s Subject) fixture {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return fixture{Subject: s, ctx: ctx, role: "role" + ulid.Make().String()}
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("error is %v, want %v", got, want)
	}
}

// found is what a refusal says stands there.
func found[T any](t *testing.T, err error) T {
	t.Helper()
	r, ok := errors.AsType[*objects.Refused[T]](err)
	if !ok || !r.Known {
		t.Fatalf("error is %v, want a refusal with what was found", err)
	}
	return r.Found
}

// calm repeats what is surely not stored, as every member does.
func calm[T any](f func() (T, error)) (T, error) {
	for {
		v, err := f()
		if !errors.Is(err, objects.ErrBusy) || errors.Is(err, context.DeadlineExceeded) {
			return v, err
		}
	}
}

func (f fixture) put(t *testing.T, r roster.Record, expect uint64) uint64 {
	t.Helper()
	rev, err := calm(func() (uint64, error) { return f.One.PutRecord(f.ctx, r, expect) })
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

func (f fixture) shards(n int) []journal.Shard {
	out := make([]journal.Shard, n)
	for i := range out {
		out[i] = journal.Shard{Role: f.role, Number: i}
	}
	return out
}

func changes(shards []journal.Shard, expect []journal.Fence, fence roster.Fence) []objects.FenceChange {
	out := make([]objects.FenceChange, len(shards))
	for i, s := range shards {
		out[i] = objects.FenceChange{Shard: s, Fence: fence}
		if expect != nil {
			out[i].Expect = expect[i]
		}
	}
	return out
}

func member() roster.Member {
	id := ulid.Make().String()
	return roster.Member{Incarnation: id, Node: "node-" + id, Address: "127.0.0.1:1", Roles: []string{"a", "b"}, Weight: 2, State: roster.Joining, Proven: 1}
}
