package composer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/composer"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/template"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

const (
	planned = `[{"type":"text","text":"hi {{ name }}"}]`
	altered = `[{"type":"text","text":"hi {{ name | upcase }}"}]` // other bytes for ann and cat, the same for BOB and DAN
)

var due = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// world is one composer; channel, posters and checker are played.
type world struct {
	sys     *engine.System
	objects *objects
	posts   *enginetest.Probe[actors.Post]
	reports *enginetest.Probe[actors.Report]
	wanted  *enginetest.Probe[actors.WantDemand]

	mu     sync.Mutex
	freed  int
	stingy bool // grants nothing by itself
	deaf   bool // the checker answers nothing
	asked  []time.Time
}

// objects fails the next writes.
type objects struct {
	journal.Objects
	mu   sync.Mutex
	fail int
}

func (o *objects) Put(ctx context.Context, name string, data []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail > 0 {
		o.fail--
		return errors.New("disk is full")
	}
	return o.Objects.Put(ctx, name, data)
}

func (o *objects) failing(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail = n
}

type sink struct{ parts [][]byte }

func (s *sink) Part(_ int, data []byte) error {
	s.parts = append(s.parts, append([]byte(nil), data...))
	return nil
}

// freeze stores the chunks of a run of four pushes.
func freeze(t *testing.T, store journal.Objects, source string) plan.Table {
	t.Helper()
	dir, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dir.Close() }()
	rows := "user_id,name\nua,ann\nub,BOB\nuc,cat\nud,DAN\n"
	s := &sink{}
	sum, err := audience.Ingest(t.Context(), audience.Source{Reader: strings.NewReader(rows)}, s,
		audience.Options{Dir: dir, Needs: []string{"name"}, ID: func([]byte) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := template.Parse(json.RawMessage(source), template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := plan.Input{Parts: sum.Parts, DuplicateParts: sum.DuplicateParts, Template: tmpl, Now: due, Part: func(n int) ([]byte, error) { return s.parts[n], nil }}
	table, err := plan.Freeze(t.Context(), in, plan.Options{Dir: dir}, func(n int, _ plan.Entry, data []byte) error {
		return store.Put(t.Context(), campaign.ChunkName("r", uint32(n)), data)
	})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func newWorld(t *testing.T) *world {
	store := enginetest.NewStore()
	w := &world{sys: enginetest.NewSystem(t, enginetest.Options{Store: store}), objects: &objects{Objects: store}}
	w.posts = enginetest.NewProbe[actors.Post](t, w.sys, "posts")
	w.reports = enginetest.NewProbe[actors.Report](t, w.sys, "reports")
	w.wanted = enginetest.NewProbe[actors.WantDemand](t, w.sys, "wanted")
	engine.Serve(w.sys, actors.Channels, func(string) engine.Actor[actors.ChannelMsg] { return channels{w} })
	engine.Serve(w.sys, actors.Posters, func(string) engine.Actor[actors.PosterMsg] { return posters{w} })
	engine.Serve(w.sys, actors.Checkers, func(string) engine.Actor[actors.CheckerMsg] { return checkers{w} })
	composer.Serve(w.sys, composer.Deps{Objects: w.objects})
	if table := freeze(t, store, planned); len(table.Chunks) != 1 || table.Chunks[0].Mode != plan.Push {
		t.Fatalf("planned as %+v", table)
	}
	return w
}

type channels struct{ w *world }

func (a channels) Handle(_ *engine.Context[actors.ChannelMsg], m actors.ChannelMsg) {
	if f, ok := m.(actors.FreeDemand); ok {
		a.w.mu.Lock()
		defer a.w.mu.Unlock()
		a.w.freed += f.Bytes
		return
	}
	want := m.(actors.WantDemand)
	a.w.wanted.Tell(want)
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if !a.w.stingy {
		a.w.grant(want)
	}
}

func (w *world) grant(m actors.WantDemand) {
	actors.Composers.Ref(w.sys, m.Composer).Tell(actors.Granted{Channel: "shop", Run: m.Run, Window: m.Window, Bytes: m.Bytes, Piece: m.Piece})
}

func (w *world) givenBack() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.freed
}

// ignores notes a question, and tells whether it stays without an answer.
func (w *world) ignores() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, time.Now())
	return w.deaf
}

func (w *world) hear(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf = !on
}

func (w *world) grantNothing(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stingy = on
}

type posters struct{ w *world }

func (a posters) Handle(_ *engine.Context[actors.PosterMsg], m actors.PosterMsg) {
	a.w.posts.Tell(m.(actors.Post))
}

type checkers struct{ w *world }

func (a checkers) Handle(c *engine.Context[actors.CheckerMsg], m actors.CheckerMsg) {
	u := m.(actors.Untold)
	if a.w.ignores() {
		return
	}
	for _, p := range u.Paths {
		a.w.reports.Tell(actors.Report{Run: u.Run, Window: u.Window, Path: p, What: u.What})
	}
	c.Respond(actors.Done{})
}

func span(lo, hi uint32) actors.Span { return actors.Span{Lo: lo, Hi: hi} }

// compose tells the composer of a window its four paths, in two pieces.
func (w *world) compose(window, number uint32, messages string, anew bool) {
	w.ref(window).Tell(actors.Compose{Campaign: "c", Run: "r", Chunks: "r", Channel: "shop", Window: window, Number: number, Messages: json.RawMessage(messages),
		Due: due, Deadline: due.Add(time.Hour), Paths: []actors.Path{{Span: span(0, 2), Anew: anew}, {Span: span(2, 4), Anew: anew}}})
	time.Sleep(400 * time.Millisecond)
	synctest.Wait()
}

func (w *world) ref(window uint32) engine.Ref[actors.ComposerMsg] {
	return actors.Composers.Ref(w.sys, actors.ComposerID("r", window))
}

// expect compares the recipients of all posts, and all reports.
func (w *world) expect(t *testing.T, posts []uint32, reports ...actors.Report) {
	t.Helper()
	got := w.posts.Messages()
	var at []uint32
	for _, p := range got {
		at = append(at, p.Path.Lo)
	}
	slices.Sort(at) // posters are many: between them there is no order
	slices.Sort(posts)
	if !slices.Equal(at, posts) {
		t.Fatalf("posts of %v, want %v", at, posts)
	}
	told := w.reports.Messages()
	if len(told) != len(reports) {
		t.Fatalf("reports %+v, want %+v", told, reports)
	}
	for _, want := range reports {
		found := false
		for _, r := range told {
			found = found || r.What == want.What && r.Path == want.Path && r.Window == want.Window && r.Poster == ""
		}
		if !found {
			t.Fatalf("reports %+v, want %+v", told, want)
		}
	}
}

// TestClockOfTheZone: what a template makes of now is the same on every node, whatever zone a time came with.
func TestClockOfTheZone(t *testing.T) {
	const messages = `[{"type":"text","text":"{{ name }}, it is {{ 'now' | date: '%H:%M %z' }}"}]`
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		dir, err := os.OpenRoot(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = dir.Close() }()
		def := actors.Definition{Messages: json.RawMessage(messages), Zone: "Asia/Tokyo"}
		s := &campaign.Parts{Upload: "u", Put: func(name string, data []byte) error { return w.objects.Put(t.Context(), name, data) }}
		sum, err := audience.Ingest(t.Context(), audience.Source{Reader: strings.NewReader("user_id,name\nua,ann\nub,BOB\nuc,cat\nud,DAN\n")}, s,
			audience.Options{Dir: dir, Needs: []string{"name"}, ID: func([]byte) bool { return true }})
		if err != nil {
			t.Fatal(err)
		}
		freezer := campaign.Freezer{Objects: w.objects, Dir: dir}
		job := campaign.PlanJob{Ctx: t.Context(), Upload: "u", Chunks: "r", Due: due.In(time.FixedZone("", -3600)), Definition: def, Audience: campaign.Stored(sum)}
		if _, err := freezer.Freeze(job); err != nil {
			t.Fatal(err)
		}
		w.ref(1).Tell(actors.Compose{Campaign: "c", Run: "r", Chunks: "r", Channel: "shop", Window: 1, Messages: def.Messages, Due: due.In(time.FixedZone("", 7200)),
			Zone: def.Zone, Deadline: due.Add(time.Hour), Paths: []actors.Path{{Span: span(0, 4)}}})
		time.Sleep(400 * time.Millisecond)
		synctest.Wait()
		posts := w.posts.Messages()
		if len(posts) != 4 {
			t.Fatalf("%d posts, reports %+v", len(posts), w.reports.Messages())
		}
		for _, p := range posts {
			if !strings.Contains(string(p.Messages), "it is 18:00 +0900") {
				t.Errorf("%s", p.Messages)
			}
		}
	})
}

func TestNothingIsToldWithoutDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.grantNothing(true)
		w.compose(1, 0, planned, false)
		w.expect(t, nil)
		asked := w.wanted.Messages()
		if len(asked) != 1 || asked[0].Anew || asked[0].Bytes <= 0 {
			t.Fatalf("demand %+v, want one piece at a time", asked)
		}
		w.grant(asked[0])
		w.grant(asked[0]) // a second one is for nothing
		synctest.Wait()
		w.expect(t, []uint32{0, 1})
		w.grant(w.wanted.Wait(2))
		synctest.Wait()
		w.expect(t, []uint32{0, 1, 2, 3})
		first, second := w.posts.Wait(1), w.posts.Wait(2)
		if first.Path.Lo > second.Path.Lo {
			first, second = second, first
		}
		if first.Demand+second.Demand != asked[0].Bytes {
			t.Errorf("%d and %d bytes are on the posts, %d were granted", first.Demand, second.Demand, asked[0].Bytes)
		}
		if string(first.Messages) != `[{"type":"text","text":"hi ann"}]` || first.To[0] != "ua" || !first.Deadline.Equal(due.Add(time.Hour)) {
			t.Errorf("%+v", first)
		}
	})
}

func TestAlteredBytes(t *testing.T) {
	for _, c := range []struct {
		name   string
		number uint32
		what   actors.What
	}{{"at first dispatch", 0, actors.PathAltered}, {"at a re-drive", 1, actors.PathUnmatched}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.compose(1, c.number, altered, false)
				w.expect(t, []uint32{1, 3}, actors.Report{Window: 1, What: c.what, Path: span(0, 1)}, actors.Report{Window: 1, What: c.what, Path: span(2, 3)})
			})
		})
	}
}

func TestNextWindowFreezesItsOwnBytes(t *testing.T) {
	for _, failures := range []int{0, 2} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.objects.failing(failures)
			w.compose(2, 0, altered, true)
			time.Sleep(5 * time.Second)
			w.expect(t, []uint32{0, 1, 2, 3})
			w.compose(2, 1, altered, true) // the same build again: the same bytes
			w.expect(t, []uint32{0, 1, 2, 3, 0, 1, 2, 3})
			w.compose(2, 2, planned, true) // the older build: not what this window froze
			w.expect(t, []uint32{0, 1, 2, 3, 0, 1, 2, 3, 1, 3},
				actors.Report{Window: 2, What: actors.PathUnmatched, Path: span(0, 1)}, actors.Report{Window: 2, What: actors.PathUnmatched, Path: span(2, 3)})
		})
	}
}

func TestReturnWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.grantNothing(true)
		w.compose(1, 0, planned, false)
		w.ref(1).Tell(actors.ReturnWindow{})
		synctest.Wait()
		all := []actors.Report{{Window: 1, What: actors.PathReturned, Path: span(0, 2)}, {Window: 1, What: actors.PathReturned, Path: span(2, 4)}}
		w.expect(t, nil, all...)
		late := w.wanted.Wait(1)
		w.grant(late) // comes too late
		time.Sleep(time.Minute)
		w.expect(t, nil, all...)
		if got := w.givenBack(); got != late.Bytes {
			t.Errorf("%d bytes of demand came back, want %d", got, late.Bytes)
		}

		w.compose(2, 1, planned, false) // a re-drive is not untried
		w.ref(2).Tell(actors.ReturnWindow{})
		time.Sleep(400 * time.Millisecond)
		w.expect(t, nil, all...)
		w.grant(w.wanted.Wait(2))
		synctest.Wait()
		w.expect(t, []uint32{0, 1}, all...)
	})
}

// A checker that is down is asked less and less often, and still told in the end.
func TestReturnsAreRepeatedMoreAndMoreSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.grantNothing(true)
		w.hear(false)
		w.compose(1, 0, planned, false)
		began := time.Now()
		w.ref(1).Tell(actors.ReturnWindow{})
		time.Sleep(50 * time.Second)
		w.hear(true)
		time.Sleep(time.Minute)
		synctest.Wait()
		w.mu.Lock()
		defer w.mu.Unlock()
		var at []time.Duration
		for _, when := range w.asked {
			at = append(at, when.Sub(began))
		}
		if got, want := fmt.Sprint(at), "[0s 2s 6s 14s 29s 44s 59s]"; got != want {
			t.Errorf("asked at %s, want %s", got, want)
		}
	})
}

// TestReDriveTakesThePlaceOfWhatIsStuck: the question for demand, or its answer, was lost with the channel's node.
func TestReDriveTakesThePlaceOfWhatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.grantNothing(true)
		w.compose(1, 0, planned, false)
		w.grantNothing(false)
		w.compose(1, 1, planned, false)
		w.expect(t, []uint32{0, 1, 2, 3})
		for i, want := range []bool{false, true, false} { // only the first piece of the re-drive voids what the window held
			if m := w.wanted.Wait(i + 1); m.Anew != want {
				t.Errorf("question %d: %+v", i+1, m)
			}
		}
		for _, p := range w.posts.Messages() {
			if p.Number != 1 {
				t.Errorf("%v is told as dispatch %d", p.Path, p.Number)
			}
		}
	})
}

// TestAPartPassesWhatWaits: paths that were lost with a node go before a piece that waits for demand.
func TestAPartPassesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.compose(1, 0, planned, false)
		w.expect(t, []uint32{0, 1, 2, 3})
		w.grantNothing(true)
		w.compose(1, 1, planned, false) // waits with its first two
		w.ref(1).Tell(actors.Compose{Campaign: "c", Run: "r", Chunks: "r", Channel: "shop", Window: 1, Number: 2, Part: true,
			Messages: json.RawMessage(planned), Due: due, Deadline: due.Add(time.Hour), Paths: []actors.Path{{Span: span(3, 4)}}})
		synctest.Wait()
		w.grantNothing(false)
		w.grant(w.wanted.Wait(4)) // the part's question
		time.Sleep(5 * time.Second)
		w.expect(t, []uint32{0, 1, 2, 3, 3, 0, 1, 2, 3})
	})
}
