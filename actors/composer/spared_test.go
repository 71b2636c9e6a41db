package composer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/campaign"
)

// Whom a window leaves out has an empty place in each of its multicasts, at first and in a re-drive; a path of nobody else is not told.
func TestWhoIsLeftOutHasAnEmptyPlace(t *testing.T) {
	const messages = `[{"type":"text","text":"hello"}]`
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		dir, err := os.OpenRoot(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = dir.Close() }()
		s := &campaign.Parts{Upload: "u", Put: func(name string, data []byte) error { return w.objects.Put(t.Context(), name, data) }}
		sum, err := audience.Ingest(t.Context(), audience.Source{Reader: strings.NewReader("user_id\nua\nub\nuc\nud\n")}, s,
			audience.Options{Dir: dir, ID: func([]byte) bool { return true }})
		if err != nil {
			t.Fatal(err)
		}
		job := campaign.PlanJob{Ctx: t.Context(), Upload: "u", Chunks: "m", Definition: actors.Definition{Messages: json.RawMessage(messages)}, Audience: campaign.Stored(sum)}
		if _, err := (campaign.Freezer{Objects: w.objects, Dir: dir}).Freeze(job); err != nil {
			t.Fatal(err)
		}
		order := actors.Compose{Campaign: "c", Run: "r", Chunks: "m", Channel: "shop", Window: 1, Messages: json.RawMessage(messages), Deadline: due.Add(time.Hour),
			Except: []actors.Span{span(1, 2), span(2, 4)}}
		for number, paths := range [][]actors.Path{{{Span: span(0, 4), Multicast: true}}, {{Span: span(0, 2), Multicast: true}, {Span: span(2, 4), Multicast: true}}} {
			order.Number, order.Paths = uint32(number), paths
			w.ref(1).Tell(order)
			time.Sleep(400 * time.Millisecond)
			synctest.Wait()
		}
		var got []string
		for _, p := range w.posts.Messages() {
			got = append(got, fmt.Sprintf("%v %q", p.Path, p.To))
		}
		if want := `0-4 ["ua" "" "" ""]; 0-2 ["ua" ""]`; strings.Join(got, "; ") != want {
			t.Errorf("%s, want %s", strings.Join(got, "; "), want)
		}
		granted := 0
		for _, m := range w.wanted.Messages() {
			granted += m.Bytes
		}
		for _, p := range w.posts.Messages() {
			granted -= p.Demand
		}
		if granted != w.givenBack() {
			t.Errorf("%d bytes of demand are nobody's, %d were given back", granted, w.givenBack())
		}
	})
}
