package journaltest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"hayauma.example/engine/journal"
)

func concurrentShards(t *testing.T, f fixture) {
	const shards, batches = 40, 5
	var wg sync.WaitGroup
	for n := range shards {
		wg.Go(func() {
			c := f.claim(t, n)
			for i := range batches {
				first := uint64(i + 1)
				if err := f.append(c, fmt.Sprint(f.role, n, i), event(fmt.Sprint("a", n), first, "x"), event(fmt.Sprint("b", n), first, "y")); err != nil {
					t.Error(err)
				}
			}
			for _, id := range []string{"a", "b"} {
				if got := f.replay(t, c, journal.Grain{Kind: "k", ID: fmt.Sprint(id, n)}); len(got) != batches {
					t.Errorf("%d records of %s in shard %d", len(got), id, n)
				}
			}
		})
	}
	wg.Wait()
}

func statsAndSkew(t *testing.T, f fixture) {
	c := f.claim(t, 0)
	before, err := f.Store.Stats(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	f.mustAppend(t, c, event("a", 1, strings.Repeat("x", 1000)), event("b", 1, "x"))
	after, err := f.Store.Stats(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if after.Records != before.Records+2 || after.Bytes < before.Bytes+1001 {
		t.Errorf("stats went from %+v to %+v", before, after)
	}
	if skew, err := f.Store.Skew(f.ctx); err != nil || skew.Abs() > 5*time.Second {
		t.Errorf("skew %v, %v", skew, err)
	}
}
