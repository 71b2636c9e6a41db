package journaltest

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"hayauma.example/engine/journal"
)

func oddIDs(t *testing.T, f fixture) {
	ids := []string{
		"a b", "a.b", ".", "..", "a..b", "*", ">", "a.*", "a.>", "$JS", "%20", "%", "a%2Eb", "-", "_", "=", "/", "\\", "\"", "\x00", "\n", "\r\n", "\xff\xfe",
		"日本語", "ユーザー 1", "é", "e\u0301", "fence", "A", "a", strings.Repeat("x", 300), strings.Repeat("語", 100), strings.Repeat(".", 300),
		"U0123456789abcdef0123456789abcdef",
	}
	c := f.claim(t, 0)
	for _, kind := range []string{"k", "k.*", ">", "fence"} {
		var records []journal.Record
		for _, id := range ids {
			records = append(records, journal.Record{Grain: journal.Grain{Kind: kind, ID: id}, First: 1, Count: 1, Data: []byte(kind + "\x00" + id)})
		}
		f.mustAppend(t, c, records...)
	}
	for _, kind := range []string{"k", "k.*", ">", "fence"} {
		for _, id := range ids {
			got := f.replay(t, c, journal.Grain{Kind: kind, ID: id})
			if len(got) != 1 || string(got[0].Data) != kind+"\x00"+id || got[0].Grain != (journal.Grain{Kind: kind, ID: id}) {
				t.Errorf("replay of %q %q: %v", kind, id, got)
			}
		}
		f.wantGrains(t, kind, ids)
	}
}

func (f fixture) wantGrains(t *testing.T, kind string, want []string) {
	t.Helper()
	var got []string
	for id, err := range f.Store.Grains(f.ctx, f.role, kind) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, id)
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("grains of %q: %q, want %q", kind, got, want)
	}
}

func namesRefused(t *testing.T, f fixture) {
	c := f.claim(t, 0)
	for _, g := range []journal.Grain{{}, {Kind: "k"}, {ID: "x"}, {Kind: "k", ID: strings.Repeat("x", journal.MaxName)}} {
		wantErr(t, f.append(c, "", event("fine", 1, "no"), journal.Record{Grain: g, First: 1, Count: 1}), journal.ErrName)
		wantErr(t, f.Store.Purge(f.ctx, c, g, 0), journal.ErrName)
		for _, err := range f.Store.Replay(f.ctx, c, g) {
			wantErr(t, err, journal.ErrName)
		}
	}
	f.want(t, c, "fine", "")
}

func tooLarge(t *testing.T, f fixture) {
	c := f.claim(t, 0)
	big := event("a", 1, "")
	big.Data = make([]byte, journal.MaxRecord+1)
	wantErr(t, f.append(c, "", event("b", 1, "no"), big), journal.ErrTooLarge)
	many := make([]journal.Record, journal.MaxBatch+1)
	for i := range many {
		many[i] = event("b", uint64(i)+1, "no")
	}
	wantErr(t, f.append(c, "", many...), journal.ErrTooLarge)
	f.want(t, c, "a", "")
	f.want(t, c, "b", "")
}

func largest(t *testing.T, f fixture) {
	c := f.claim(t, 0)
	big := event(strings.Repeat(".", journal.MaxName-1), 1, "")
	big.Data = bytes.Repeat([]byte{0xe9}, journal.MaxRecord)
	f.mustAppend(t, c, big)
	f.mustAppend(t, c, event("a", 1, "x"), big)
	got := f.replay(t, c, big.Grain)
	if len(got) != 1 || !bytes.Equal(got[0].Data, big.Data) {
		t.Errorf("%d records", len(got))
	}
}

func grains(t *testing.T, f fixture) {
	f.wantGrains(t, "k", nil)
	one, two := f.claim(t, 1), f.claim(t, 2)
	f.mustAppend(t, one, event("a", 1, "x"), event("b", 1, "x"))
	f.mustAppend(t, one, event("a", 2, "x"))
	f.mustAppend(t, two, event("c", 1, "x"), journal.Record{Grain: journal.Grain{Kind: "other", ID: "d"}, First: 1, Count: 1})
	f.wantGrains(t, "k", []string{"a", "b", "c"})
	f.wantGrains(t, "other", []string{"d"})
	if err := f.Store.Purge(f.ctx, one, journal.Grain{Kind: "k", ID: "a"}, 0); err != nil {
		t.Fatal(err)
	}
	f.wantGrains(t, "k", []string{"b", "c"})
}
