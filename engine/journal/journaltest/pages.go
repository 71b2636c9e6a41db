package journaltest

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"hayauma.example/engine/journal"
)

// pages reads a grain in pieces: snapshots, what they replace, and nothing of other grains.
func pages(t *testing.T, f fixture) {
	c := f.claim(t, 0)
	g := journal.Grain{Kind: "k", ID: "a"}
	var stored []journal.Record
	for i := range uint64(7) {
		r := event("a", i+1, strings.Repeat("x", int(i)))
		if r.Snapshot = i == 3; r.Snapshot {
			r.Count = 0
		}
		f.mustAppend(t, c, event("b", i+1, "other"), r)
		stored = append(stored, r)
	}
	all := f.page(t, c, g, 0, 100)
	if text(all) != text(stored) {
		t.Fatalf("all:\n got %s\nwant %s", text(all), text(stored))
	}
	for i, r := range all {
		for _, most := range []int{1, 3} {
			got, want := f.page(t, c, g, r.Position, most), all[i:min(len(all), i+most)]
			if text(got) != text(want) || got[0].Position != r.Position {
				t.Errorf("%d from record %d:\n got %s\nwant %s", most, i, text(got), text(want))
			}
		}
		if got := f.page(t, c, g, r.Position-1, 1); i == 0 && text(got) != text(all[:1]) {
			t.Errorf("from before the first: %s", text(got))
		}
	}
	last := all[len(all)-1].Position
	if got := f.page(t, c, g, last+1, 3); len(got) > 0 {
		t.Errorf("beyond the last: %s", text(got))
	}
	if err := f.Store.Purge(f.ctx, c, g, 0); err != nil {
		t.Fatal(err)
	}
	f.mustAppend(t, c, event("a", 9, "anew"))
	if got := text(f.page(t, c, g, 0, 1)); got != "9+1:anew" {
		t.Errorf("after a purge: %s", got)
	}
	_, err := f.Store.Page(f.ctx, c, journal.Grain{Kind: "k", ID: uuid.NewString() + strings.Repeat("x", journal.MaxName)}, 0, 1)
	wantErr(t, err, journal.ErrName)
}

func (f fixture) page(t *testing.T, c journal.Claim, g journal.Grain, from uint64, most int) []journal.Record {
	t.Helper()
	records, err := f.Store.Page(f.ctx, c, g, from, most)
	if err != nil {
		t.Fatal(err)
	}
	return records
}
