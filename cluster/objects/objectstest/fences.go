package objectstest

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

func owned(who string) roster.Fence {
	return roster.Fence{Owner: who, Epoch: 3, State: roster.FenceOwned}
}

func (f fixture) claim(t *testing.T, cs []objects.FenceChange) []journal.Fence {
	t.Helper()
	got, err := calm(func() ([]journal.Fence, error) { return f.One.PutFences(f.ctx, cs) })
	if err != nil || len(got) != len(cs) {
		t.Fatalf("%d fences: %v, %v", len(cs), got, err)
	}
	return got
}

// wantFences: what stands is what was written.
func (f fixture) wantFences(t *testing.T, cs []objects.FenceChange, at []journal.Fence) {
	t.Helper()
	for _, s := range []objects.Store{f.One, f.Two} {
		var shards []journal.Shard
		for _, c := range cs {
			shards = append(shards, c.Shard)
		}
		got, err := s.Fences(f.ctx, shards)
		if err != nil || len(got) != len(cs) {
			t.Fatalf("%d fences, %v", len(got), err)
		}
		for i, g := range got {
			if g != (objects.Fenced{Shard: cs[i].Shard, Fence: cs[i].Fence, Sequence: at[i]}) {
				t.Errorf("found %+v, want %+v as %d", g, cs[i], at[i])
			}
		}
	}
}

func fences(t *testing.T, f fixture) {
	shards := f.shards(roster.Shards)
	got, err := f.One.Fences(f.ctx, shards)
	if err != nil || len(got) != len(shards) || got[5] != (objects.Fenced{Shard: shards[5]}) {
		t.Fatalf("before the first claim: %+v, %v", got, err)
	}
	claims := changes(shards, nil, owned("a"))
	first := f.claim(t, claims)
	f.wantFences(t, claims, first)
	if !slices.IsSorted(first) || len(slices.Compact(slices.Clone(first))) != len(shards) {
		t.Errorf("sequences %v", first)
	}
	one := changes(shards[7:8], first[7:8], roster.Fence{Owner: "a", Epoch: 4, State: roster.FenceReleased, To: "b"})
	second := f.claim(t, one)
	if second[0] <= first[63] {
		t.Errorf("sequence %d follows %d", second[0], first[63])
	}
	f.wantFences(t, one, second)
	none, err := f.One.PutFences(f.ctx, nil)
	if err != nil || len(none) != 0 {
		t.Errorf("no change: %v, %v", none, err)
	}
}

func fencesRefused(t *testing.T, f fixture) {
	shards := f.shards(4)
	claims := changes(shards, nil, owned("a"))
	at := f.claim(t, claims)
	for name, expect := range map[string][]journal.Fence{
		"all of them": {0, 0, 0, 0}, "the first": {0, at[1], at[2], at[3]}, "the last": {at[0], at[1], at[2], at[2]}, "one in between": {at[0], 1, at[2], at[3]},
	} {
		_, err := f.Two.PutFences(f.ctx, changes(shards, expect, owned("b")))
		wantErr(t, err, objects.ErrRefused)
		got := found[[]objects.Fenced](t, err)
		if len(got) != 4 || got[2] != (objects.Fenced{Shard: shards[2], Fence: owned("a"), Sequence: at[2]}) {
			t.Errorf("%s is stale: found %+v", name, got)
		}
	}
	_, err := f.Two.PutFences(f.ctx, changes(shards[:1], []journal.Fence{1}, owned("b")))
	wantErr(t, err, objects.ErrRefused)
	f.wantFences(t, claims, at)
}

func fencesInvalid(t *testing.T, f fixture) {
	shards := f.shards(1)
	twice := changes([]journal.Shard{shards[0], shards[0]}, nil, owned("a"))
	for _, cs := range [][]objects.FenceChange{
		twice, changes(shards, nil, roster.Fence{}), changes(shards, nil, owned(strings.Repeat("a", 100))),
		changes([]journal.Shard{{}}, nil, owned("a")), changes(f.shards(journal.MaxClaim+1), nil, owned("a")),
	} {
		_, err := f.One.PutFences(f.ctx, cs)
		wantErr(t, err, objects.ErrInvalid)
	}
	_, err := f.One.Fences(f.ctx, []journal.Shard{{}})
	wantErr(t, err, objects.ErrInvalid)
}

func oneClaimWins(t *testing.T, f fixture) {
	shards := f.shards(8)
	at := f.claim(t, changes(shards, nil, owned("before")))
	var wins atomic.Int32
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			s, who := []objects.Store{f.One, f.Two}[i%2], string(rune('a'+i))
			_, err := calm(func() ([]journal.Fence, error) { return s.PutFences(f.ctx, changes(shards, at, owned(who))) })
			if err == nil {
				wins.Add(1)
			} else {
				wantErr(t, err, objects.ErrRefused)
			}
		})
	}
	wg.Wait()
	got, err := f.One.Fences(f.ctx, shards)
	if err != nil || wins.Load() != 1 {
		t.Fatalf("%d of 4 claims were stored, %v", wins.Load(), err)
	}
	for _, g := range got {
		if g.Fence != got[0].Fence || g.Fence == owned("before") {
			t.Errorf("shards went to several: %+v", got)
		}
	}
}
