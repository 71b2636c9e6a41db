package journaltest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/oklog/ulid/v2"

	"hayauma.example/engine/journal"
)

// Subject is what the suite runs against.
type Subject struct {
	Store   journal.Store
	Objects journal.Objects
}

// Run runs the whole suite.
func Run(t *testing.T, s Subject) {
	cases := []struct {
		name string
		run  func(*testing.T, fixture)
	}{
		{"cluster id", clusterID},
		{"claims", claims},
		{"claim refuses", claimRefuses},
		{"claim of many", claimOfMany},
		{"two owners", twoOwners},
		{"replay in order", replayInOrder},
		{"batch is atomic", batchIsAtomic},
		{"repeated batch", repeatedBatch},
		{"double record", doubleRecord},
		{"snapshot", snapshot},
		{"purge", purge},
		{"long history", longHistory},
		{"pages", pages},
		{"odd ids", oddIDs},
		{"names refused", namesRefused},
		{"too large", tooLarge},
		{"largest", largest},
		{"grains", grains},
		{"follow", follow},
		{"follow from a position", followFrom},
		{"follow what is purged", followPurged},
		{"follow many", followMany},
		{"concurrent shards", concurrentShards},
		{"stats and skew", statsAndSkew},
		{"objects", objects},
		{"objects dropped", objectsDropped},
		{"object names", objectNames},
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
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return fixture{Subject: s, ctx: ctx, role: "role" + ulid.Make().String()}
}

func (f fixture) shard(n int) journal.Shard { return journal.Shard{Role: f.role, Number: n} }

func (f fixture) claim(t *testing.T, n int) journal.Claim {
	t.Helper()
	claims, err := f.Store.Claim(f.ctx, "owner", []journal.Shard{f.shard(n)})
	if err != nil {
		t.Fatal(err)
	}
	return claims[0]
}

// append retries what the store calls busy, as every owner does.
func (f fixture) append(c journal.Claim, id string, records ...journal.Record) error {
	for {
		if err := f.Store.Append(f.ctx, c, id, records); !errors.Is(err, journal.ErrBusy) {
			return err
		}
	}
}

func (f fixture) mustAppend(t *testing.T, c journal.Claim, records ...journal.Record) {
	t.Helper()
	if err := f.append(c, uuid.NewString(), records...); err != nil {
		t.Fatal(err)
	}
}

func (f fixture) replay(t *testing.T, c journal.Claim, g journal.Grain) []journal.Record {
	t.Helper()
	var all []journal.Record
	for r, err := range f.Store.Replay(f.ctx, c, g) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func event(id string, first uint64, data string) journal.Record {
	return journal.Record{Grain: journal.Grain{Kind: "k", ID: id}, First: first, Count: 1, Data: []byte(data)}
}

// text is a replay without what the store adds.
func text(records []journal.Record) string {
	var b strings.Builder
	for _, r := range records {
		mark := ""
		if r.Snapshot {
			mark = "*"
		}
		fmt.Fprintf(&b, "%d+%d%s:%s ", r.First, r.Count, mark, r.Data)
	}
	return strings.TrimSpace(b.String())
}

func (f fixture) want(t *testing.T, c journal.Claim, id, want string) {
	t.Helper()
	if got := text(f.replay(t, c, journal.Grain{Kind: "k", ID: id})); got != want {
		t.Errorf("replay of %q:\n got %s\nwant %s", id, got, want)
	}
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("error is %v, want %v", got, want)
	}
}

func clusterID(t *testing.T, f fixture) {
	id := f.Store.ClusterID()
	if id == uuid.Nil || id != f.Store.ClusterID() {
		t.Errorf("cluster id %v", id)
	}
}

func claims(t *testing.T, f fixture) {
	shards := []journal.Shard{f.shard(0), f.shard(7), f.shard(3)}
	one, err := f.Store.Claim(f.ctx, "one", shards)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range one {
		if c.Shard != shards[i] || c.Fence == 0 {
			t.Errorf("claim %d is %+v", i, c)
		}
		f.mustAppend(t, c, event("a", 1, "x"))
	}
	two, err := f.Store.Claim(f.ctx, "two", shards[1:])
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range two {
		if c.Fence <= one[i+1].Fence {
			t.Errorf("fence of %v went from %d to %d", c.Shard, one[i+1].Fence, c.Fence)
		}
		wantErr(t, f.append(one[i+1], "late", event("a", 2, "no")), journal.ErrFenced)
		f.mustAppend(t, c, event("a", 2, "y"))
		f.want(t, c, "a", "1+1:x 2+1:y")
	}
	f.mustAppend(t, one[0], event("a", 2, "z")) // this shard has still its first owner
}

func claimRefuses(t *testing.T, f fixture) {
	_, err := f.Store.Claim(f.ctx, "", []journal.Shard{f.shard(0)})
	wantErr(t, err, journal.ErrName)
	_, err = f.Store.Claim(f.ctx, "o", []journal.Shard{{Number: 1}})
	wantErr(t, err, journal.ErrName)
	_, err = f.Store.Claim(f.ctx, "o", []journal.Shard{f.shard(1), f.shard(1)})
	wantErr(t, err, journal.ErrName)
	_, err = f.Store.Claim(f.ctx, "o", make([]journal.Shard, journal.MaxClaim+1))
	wantErr(t, err, journal.ErrTooLarge)
	wantErr(t, f.append(journal.Claim{Shard: f.shard(5), Fence: 1}, "x", event("a", 1, "no")), journal.ErrFenced)
}

func claimOfMany(t *testing.T, f fixture) {
	shards := make([]journal.Shard, 192)
	for i := range shards {
		shards[i] = f.shard(i)
	}
	start := time.Now()
	claims, err := f.Store.Claim(f.ctx, "o", shards)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("claimed %d shards in %v", len(shards), time.Since(start).Round(time.Microsecond))
	for _, i := range []int{0, 100, 191} {
		f.mustAppend(t, claims[i], event("a", 1, "x"))
	}
}

// twoOwners take the shard from each other; whatever an owner's append answered nil for is there, in one order.
func twoOwners(t *testing.T, f fixture) {
	var mu sync.Mutex
	var stored []string
	next := uint64(1)
	var wg sync.WaitGroup
	for o := range 2 {
		wg.Go(func() {
			for i := range 10 {
				claim := f.claim(t, 0)
				mu.Lock()
				data := fmt.Sprintf("%d/%d", o, i)
				err := f.append(claim, data, event("a", next, data))
				if err == nil {
					stored = append(stored, data)
					next++
				} else if !errors.Is(err, journal.ErrFenced) {
					t.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	var got []string
	for _, r := range f.replay(t, f.claim(t, 0), journal.Grain{Kind: "k", ID: "a"}) {
		got = append(got, string(r.Data))
	}
	if !slices.Equal(got, stored) {
		t.Errorf("replay %v, acknowledged %v", got, stored)
	}
}

func replayInOrder(t *testing.T, f fixture) {
	c := f.claim(t, 0)
	f.want(t, c, "a", "")
	before := time.Now().Add(-time.Minute)
	f.mustAppend(t, c, event("a", 1, "one"))
	f.mustAppend(t, c, journal.Record{Grain: journal.Grain{Kind: "k", ID: "a"}, First: 2, Count: 3, Data: []byte("two to four")}, event("b", 1, "other"))
	f.mustAppend(t, c, event("a", 5, ""))
	f.want(t, c, "a", "1+1:one 2+3:two to four 5+1:")
	last := uint64(0)
	for _, r := range f.replay(t, c, journal.Grain{Kind: "k", ID: "a"}) {
		if r.Position <= last || r.Stored.Before(before) {
			t.Errorf("record %d at position %d after %d, stored %v", r.First, r.Position, last, r.Stored)
		}
		last = r.Position
	}
	for r, err := range f.Store.Replay(f.ctx, c, journal.Grain{Kind: "k", ID: "a"}) {
		if err != nil || r.First != 1 {
			t.Errorf("first is %d, error %v", r.First, err)
		}
		break // an early stop is allowed
	}
	f.want(t, f.claim(t, 0), "a", "1+1:one 2+3:two to four 5+1:") // and so a later owner sees it
}

func batchIsAtomic(t *testing.T, f fixture) {
	c := f.claim(t, 0)
	var records []journal.Record
	for i := range journal.MaxBatch {
		records = append(records, event(fmt.Sprint("g", i), 1, "x"))
	}
	f.mustAppend(t, c, records...)
	f.claim(t, 0)
	wantErr(t, f.append(c, "stale", event("g0", 2, "no"), event("g1", 2, "no"), event("new", 1, "no")), journal.ErrFenced)
	c = f.claim(t, 0)
	for _, id := range []string{"g0", "g1", fmt.Sprint("g", journal.MaxBatch-1)} {
		f.want(t, c, id, "1+1:x")
	}
	f.want(t, c, "new", "")
}

func repeatedBatch(t *testing.T, f fixture) {
	c := f.claim(t, 0)
	for range 3 {
		if err := f.append(c, f.role+"-1", event("a", 1, "x")); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if err := f.append(c, f.role+"-2", event("a", 2, "y"), event("b", 1, "z")); err != nil {
			t.Fatal(err)
		}
	}
	f.mustAppend(t, c, event("a", 3, "w"))
	f.want(t, c, "a", "1+1:x 2+1:y 3+1:w")
	f.want(t, c, "b", "1+1:z")
}

// doubleRecord is what a lost answer leaves behind when the repeat came under another id.
func doubleRecord(t *testing.T, f fixture) {
	c := f.claim(t, 0)
	for range 2 {
		f.mustAppend(t, c, event("a", 1, "x"), event("b", 1, "y"))
	}
	f.mustAppend(t, c, event("a", 2, "z"))
	f.mustAppend(t, c, event("a", 1, "x"))
	f.want(t, c, "a", "1+1:x 2+1:z")
	f.want(t, c, "b", "1+1:y")
}

func snapshot(t *testing.T, f fixture) {
	c := f.claim(t, 0)
	g := journal.Grain{Kind: "k", ID: "a"}
	for i := range uint64(3) {
		f.mustAppend(t, c, event("a", i+1, fmt.Sprint("e", i+1)))
	}
	f.mustAppend(t, c, journal.Record{Grain: g, First: 3, Snapshot: true, Data: []byte("s3")})
	f.want(t, c, "a", "3+0*:s3")
	f.mustAppend(t, c, event("a", 4, "e4"))
	f.mustAppend(t, c, journal.Record{Grain: g, First: 4, Snapshot: true, Data: []byte("s4")}, event("b", 1, "x"))
	f.mustAppend(t, c, event("a", 5, "e5"))
	f.want(t, c, "a", "4+0*:s4 5+1:e5")
	at := f.replay(t, c, g)[0].Position
	if err := f.Store.Purge(f.ctx, c, g, at); err != nil {
		t.Fatal(err)
	}
	f.want(t, c, "a", "4+0*:s4 5+1:e5")
	f.want(t, c, "b", "1+1:x")
	f.want(t, f.claim(t, 0), "a", "4+0*:s4 5+1:e5")
}

func purge(t *testing.T, f fixture) {
	c := f.claim(t, 0)
	g := journal.Grain{Kind: "k", ID: "a"}
	f.mustAppend(t, c, event("a", 1, "x"), event("ab", 1, "other"))
	f.mustAppend(t, c, event("a", 2, "y"))
	for range 2 { // what is gone may be purged again
		if err := f.Store.Purge(f.ctx, c, g, 0); err != nil {
			t.Fatal(err)
		}
		f.want(t, c, "a", "")
	}
	f.want(t, c, "ab", "1+1:other")
	f.mustAppend(t, c, event("a", 1, "again"))
	f.want(t, c, "a", "1+1:again")
	f.claim(t, 0)
	wantErr(t, f.Store.Purge(f.ctx, c, g, 0), journal.ErrFenced)
	f.want(t, f.claim(t, 0), "a", "1+1:again")
}

func longHistory(t *testing.T, f fixture) {
	const n = 2000
	c := f.claim(t, 0)
	for i := uint64(0); i < n; {
		var records []journal.Record
		for ; len(records) < journal.MaxBatch; i++ {
			records = append(records, event("a", i+1, strings.Repeat("x", 200)))
		}
		f.mustAppend(t, c, records...)
	}
	start := time.Now()
	got := f.replay(t, c, journal.Grain{Kind: "k", ID: "a"})
	t.Logf("replayed %d records in %v", len(got), time.Since(start).Round(time.Microsecond))
	if len(got) != n || got[n-1].First != n {
		t.Errorf("%d records, the last %d", len(got), got[len(got)-1].First)
	}
}
