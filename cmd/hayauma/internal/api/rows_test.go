package api

import (
	"encoding/csv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What is written is read back by a reader of RFC 4180, and no cell is a formula to a spreadsheet.
func TestCSVIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		out := newRecipientRows(true, false)
		written := out.head()
		var want []Recipient
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			r := Recipient{UserID: rapid.StringMatching(`[U=+\-@][a-f"',]{0,5}`).Draw(t, "user"), Index: rapid.Uint32().Draw(t, "index"), State: "failed",
				Reason: rapid.OneOf(rapid.StringMatching("[=+@\t -]?.{0,20}"), rapid.StringMatching("[a-z,\"\n]{0,9}")).Draw(t, "reason")}
			if err := out.add(r); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "take") {
				written = append(written, out.take()...)
			}
			want = append(want, r)
		}
		text := string(append(written, out.take()...))
		if n := strings.Count(text, "\r\n"); n < len(want)+1 {
			t.Fatalf("%d line ends in %q", n, text)
		}
		got, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(got) != len(want)+1 {
			t.Fatalf("%d records of %d: %v", len(got), len(want), err)
		}
		for i, r := range got[1:] {
			for _, column := range []int{0, 3} {
				cell, meant := r[column], []string{want[i].UserID, "", "", want[i].Reason}[column]
				meant = strings.ReplaceAll(meant, "\r\n", "\n")
				if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") || cell != meant && cell != "'"+meant {
					t.Fatalf("%q is written as %q", meant, cell)
				}
			}
		}
	})
}
