package journaltest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"hayauma.example/engine/journal"
)

// RunFull fills the store, which should be small, and finds that claims, reads and purges still work and make room.
func RunFull(t *testing.T, s Subject) {
	f := newFixture(t, s)
	c := f.claim(t, 0)
	var err error
	n := uint64(0)
	for ; err == nil; n++ {
		if n > 10_000 {
			t.Fatal("the store never fills")
		}
		r := event("a", n+1, "")
		r.Data = make([]byte, 50_000)
		batch := []journal.Record{r}
		if n%2 == 1 {
			batch = append(batch, event(fmt.Sprint("b", n), 1, "x"))
		}
		err = f.append(c, uuid.NewString(), batch...)
	}
	if !errors.Is(err, journal.ErrFull) {
		t.Fatalf("a full store answers %v", err)
	}
	g := journal.Grain{Kind: "k", ID: "a"}
	if got := f.replay(t, c, g); len(got) != int(n-1) {
		t.Errorf("%d records are stored, %d were acknowledged", len(got), n-1)
	}
	for range 20 {
		c = f.claim(t, 0)
	}
	if err := f.Store.Purge(f.ctx, c, g, 0); err != nil {
		t.Fatal(err)
	}
	f.mustAppend(t, c, event("a", n, "room again"))
	f.want(t, c, "a", fmt.Sprintf("%d+1:room again", n))
}
