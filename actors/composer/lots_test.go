package composer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/plan"
)

// TestLotsAreRendered: each chunk of a window with the template of its variant, and the time of its lot.
func TestLotsAreRendered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		d := actors.Definition{LocalTime: true, ZoneColumn: "zone", Zone: "UTC", At: due, Variants: []actors.Variant{
			{Name: "a", Weight: 1, Messages: json.RawMessage(`[{"type":"text","text":"{{ name }} a {{ now | date: '%H:%M' }}"}]`)},
			{Name: "b", Weight: 1, Messages: json.RawMessage(`[{"type":"text","text":"b {{ now | date: '%H:%M' }} {{ name | upcase }}"}]`)},
		}}
		var want []string
		var rows strings.Builder
		rows.WriteString("user_id,name,zone\n")
		for i := range 40 {
			user, zone := fmt.Sprintf("u%02d", i), []string{"Asia/Tokyo", "Pacific/Kiritimati", "America/New_York"}[i%3]
			rows.WriteString(user + ",name " + user + "," + zone + "\n")
			body := fmt.Sprintf("name %s a 23:00", user)
			if actors.VariantOf("seed", user, d.Variants) == 1 {
				body = "b 23:00 NAME " + strings.ToUpper(user)
			}
			want = append(want, user+" "+body)
		}
		table := divide(t, w, d, rows.String())
		if len(table.Lots) != 6 {
			t.Fatalf("%d lots", len(table.Lots))
		}
		var paths []actors.Path
		for n, e := range table.Chunks {
			paths = append(paths, actors.Path{Span: actors.Span{Lo: e.First, Hi: e.First + e.Count}, Chunk: uint32(n)})
		}
		slices.Reverse(paths)
		order := actors.Compose{Campaign: "c", Run: "x", Chunks: "x", Channel: "shop", Window: 1, Paths: paths, Deadline: time.Now().Add(time.Hour), Due: due,
			Variants: d.TemplatesOf()}
		actors.Composers.Ref(w.sys, actors.ComposerID("x", 1)).Tell(order)
		var got []string
		w.posts.Wait(len(want))
		for _, post := range w.posts.Messages() {
			got = append(got, post.To[0]+" "+textOf(t, post.Messages))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

func textOf(t *testing.T, messages json.RawMessage) string {
	var list []struct{ Text string }
	if err := json.Unmarshal(messages, &list); err != nil || len(list) != 1 {
		t.Fatalf("%s: %v", messages, err)
	}
	return list[0].Text
}

// divide stores the chunks of a run with lots.
func divide(t *testing.T, w *world, d actors.Definition, rows string) plan.Table {
	t.Helper()
	dir, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dir.Close() }()
	s := &sink{}
	sum, err := audience.Ingest(t.Context(), audience.Source{Reader: strings.NewReader(rows)}, s,
		audience.Options{Dir: dir, Needs: []string{"name"}, Optional: []string{"zone"}, ID: func([]byte) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	in := plan.Input{Parts: sum.Parts, DuplicateParts: sum.DuplicateParts, Now: due, Part: func(n int) ([]byte, error) { return s.parts[n], nil }}
	if err := (campaign.Lots{Definition: d, Due: due, Seed: "seed"}).Fill(&in); err != nil {
		t.Fatal(err)
	}
	table, err := plan.Freeze(t.Context(), in, plan.Options{Dir: dir}, func(n int, _ plan.Entry, data []byte) error {
		return w.objects.Put(t.Context(), campaign.ChunkName("x", uint32(n)), data)
	})
	if err != nil {
		t.Fatal(err)
	}
	return table
}
