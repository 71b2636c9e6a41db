package journaltest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"hayauma.example/engine/journal"
)

// sights pulls what a follower sees, one after the other.
type sights struct {
	t    *testing.T
	next func() (journal.Sight, error, bool)
}

func (f fixture) follow(t *testing.T, ctx context.Context, kind string, after uint64) sights {
	next, stop := iter.Pull2(f.Store.Follow(ctx, f.role, kind, after))
	t.Cleanup(stop)
	return sights{t, next}
}

// want pulls as many sights as there are words: "id:data", "id*snapshot" or "caught".
func (s sights) want(words ...string) (last journal.Sight) {
	s.t.Helper()
	for _, want := range words {
		sight, err, ok := s.next()
		if err != nil || !ok {
			s.t.Fatalf("instead of %s: %v, %v", want, err, ok)
		}
		if got := word(sight); got != want {
			s.t.Fatalf("saw %s, want %s", got, want)
		}
		if !sight.Caught && sight.Record.Position <= last.Record.Position {
			s.t.Errorf("%s at position %d follows position %d", want, sight.Record.Position, last.Record.Position)
		}
		last = sight
	}
	return last
}

func word(s journal.Sight) string {
	switch {
	case s.Caught:
		return "caught"
	case s.Record.Snapshot:
		return fmt.Sprintf("%s*%s", s.Record.Grain.ID, s.Record.Data)
	}
	return fmt.Sprintf("%s:%s", s.Record.Grain.ID, s.Record.Data)
}

func follow(t *testing.T, f fixture) {
	f.follow(t, f.ctx, "k", 0).want("caught")
	one, two := f.claim(t, 1), f.claim(t, 2)
	odd := "a.b*c> d\x00%41"
	f.mustAppend(t, one, event("a", 1, "x"), event(odd, 1, "y"))
	f.mustAppend(t, two, event("b", 1, "z"), journal.Record{Grain: journal.Grain{Kind: "other", ID: "d"}, First: 1, Count: 1})
	s := f.follow(t, f.ctx, "k", 0)
	s.want("a:x", odd+":y", "b:z", "caught")
	f.mustAppend(t, two, journal.Record{Grain: journal.Grain{Kind: "other", ID: "d"}, First: 2, Count: 1}, event("b", 2, "later"))
	f.mustAppend(t, f.claim(t, 1), event("a", 2, "by another owner"))
	s.want("b:later")
	last := s.want("a:by another owner")
	if last.Record.First != 2 || last.Record.Count != 1 || last.Record.Stored.IsZero() {
		t.Errorf("the record is %+v", last.Record)
	}
}

func followFrom(t *testing.T, f fixture) {
	c := f.claim(t, 1)
	f.mustAppend(t, c, event("a", 1, "x"))
	f.mustAppend(t, c, event("b", 1, "y"))
	first := f.follow(t, f.ctx, "k", 0).want("a:x")
	last := f.follow(t, f.ctx, "k", first.Record.Position).want("b:y")
	s := f.follow(t, f.ctx, "k", last.Record.Position)
	s.want("caught")
	f.mustAppend(t, c, event("a", 2, "z"))
	s.want("a:z")

	ctx, cancel := context.WithCancel(f.ctx)
	ended := f.follow(t, ctx, "k", 0)
	ended.want("a:x", "b:y", "a:z", "caught")
	cancel()
	if _, err, ok := ended.next(); !ok || !errors.Is(err, context.Canceled) {
		t.Errorf("after its context: %v, %v", err, ok)
	}
	if _, err, _ := f.follow(t, f.ctx, "", 0).next(); !errors.Is(err, journal.ErrName) {
		t.Errorf("no kind: %v", err)
	}
}

func followPurged(t *testing.T, f fixture) {
	c := f.claim(t, 1)
	f.mustAppend(t, c, event("a", 1, "x"))
	s := f.follow(t, f.ctx, "k", 0)
	s.want("a:x", "caught")
	snapshot := journal.Record{Grain: journal.Grain{Kind: "k", ID: "a"}, First: 1, Snapshot: true, Data: []byte("s")}
	f.mustAppend(t, c, snapshot)
	at := s.want("a*s").Record.Position
	if err := f.Store.Purge(f.ctx, c, snapshot.Grain, at); err != nil {
		t.Fatal(err)
	}
	f.follow(t, f.ctx, "k", 0).want("a*s", "caught")
	if err := f.Store.Purge(f.ctx, c, snapshot.Grain, 0); err != nil {
		t.Fatal(err)
	}
	f.mustAppend(t, c, event("b", 1, "y"))
	s.want("b:y")
	f.follow(t, f.ctx, "k", 0).want("b:y", "caught")
}

func followMany(t *testing.T, f fixture) {
	const n = 1200
	c := f.claim(t, 1)
	var want []string
	for first := uint64(1); first <= n; first += 300 {
		var batch []journal.Record
		for i := first; i < first+300; i++ {
			batch = append(batch, event(fmt.Sprint("g", i%7), (i-1)/7+1, fmt.Sprint(i)))
			want = append(want, fmt.Sprintf("g%d:%d", i%7, i))
		}
		f.mustAppend(t, c, batch...)
	}
	var got []string
	for s, err := range f.Store.Follow(f.ctx, f.role, "k", 0) {
		if err != nil {
			t.Fatal(err)
		}
		if s.Caught {
			break
		}
		got = append(got, word(s))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d records of %d, or another order", len(got), len(want))
	}
}
