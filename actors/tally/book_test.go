package tally

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hayauma.example/actors"
	"hayauma.example/codec"
)

// teller is a run's checker as far as telling goes, by the rules of doc.go.
type teller struct {
	version, told uint64
	figures, base []actors.Figures // cloned before they are changed
	has           uint64           // lost in a crash
}

func (r *teller) word(name string, now time.Time) actors.Count {
	return actors.Count{Run: name, Sent: now, Version: r.version, Figures: r.figures, Told: r.told, Base: r.base}
}

// world is a book, its tellers, and a network that loses, repeats and delays.
type world struct {
	book    Book
	events  []Event
	now     time.Time
	tellers map[string]*teller
	words   []actors.Count
	accepts map[string]actors.Count // the dumb model: of each run, for ever, the newest word that was answered
}

func (w *world) check(t rapid.TB) {
	sum := map[string]actors.Figures{}
	for _, run := range slices.Sorted(maps.Keys(w.accepts)) {
		for _, f := range w.accepts[run].Figures {
			total := sum[f.Month].Plus(f, 1)
			total.Month = f.Month
			sum[f.Month] = total
		}
	}
	for month, want := range sum {
		if got := w.book.Month(month); got != want {
			t.Fatalf("%s: the book has %+v, the model %+v", month, got, want)
		}
	}
	for month, got := range w.book.Months {
		if want, ok := sum[month]; !ok && got != (actors.Figures{Month: month}) {
			t.Fatalf("%s: the book has %+v, the model %+v", month, got, want)
		}
	}
}

func (w *world) deliver(t rapid.TB, m actors.Count, answered bool) {
	events, err := w.book.take(m, w.now)
	if err != nil {
		if age := w.now.Sub(m.Sent); age <= actors.WordsGoStale {
			t.Fatalf("a word %v old is refused: %v", age, err)
		}
		return
	}
	for _, e := range events {
		w.book.Apply(e)
	}
	w.events = append(w.events, events...)
	if m.Version > w.accepts[m.Run].Version {
		w.accepts[m.Run] = m
	}
	if r := w.tellers[m.Run]; answered {
		r.has = max(r.has, m.Version)
	}
}

// settle is what a checker does once its newest figures are answered: on disk, then told.
func (w *world) settle(name string, r *teller) {
	if r.has >= r.version && r.told < r.version {
		r.told, r.base = r.version, r.figures
		w.words = append(w.words, r.word(name, w.now))
	}
}

func (w *world) step(t *rapid.T) {
	names := slices.Sorted(maps.Keys(w.tellers))
	name := rapid.SampledFrom(names).Draw(t, "run")
	r := w.tellers[name]
	switch rapid.IntRange(0, 8).Draw(t, "step") {
	case 0, 1: // outcomes come, also late ones that replace another month's
		r.figures = slices.Clone(r.figures)
		month := rapid.IntRange(0, 2).Draw(t, "month")
		o := rapid.IntRange(1, int(actors.Delivered)).Draw(t, "outcome")
		r.figures[month].Outcomes[o] += int64(rapid.IntRange(1, 9).Draw(t, "recipients"))
		if from := rapid.IntRange(0, 2).Draw(t, "from"); r.figures[from].Outcomes[actors.Unknown] > 0 {
			r.figures[from].Outcomes[actors.Unknown]--
			r.figures[month].Outcomes[actors.Delivered]++
		}
		r.version++
	case 2, 3:
		w.words = append(w.words, r.word(name, w.now))
	case 4, 5, 6:
		if len(w.words) == 0 {
			return
		}
		i := rapid.IntRange(0, len(w.words)-1).Draw(t, "word")
		m := w.words[i]
		if rapid.IntRange(0, 3).Draw(t, "copies") > 0 {
			w.words = slices.Delete(w.words, i, i+1)
		}
		w.deliver(t, m, rapid.Bool().Draw(t, "answered"))
		w.settle(m.Run, w.tellers[m.Run])
	case 7:
		r.has = 0 // the checker's process is killed
	case 8:
		w.now = w.now.Add(time.Duration(rapid.SampledFrom([]int{1, 59, 61, 24 * 60, 200 * 24 * 60}).Draw(t, "minutes")) * time.Minute)
	}
}

// restart makes a new book of what is on disk: all events, or a snapshot and those after it.
func (w *world) restart(t *rapid.T) {
	var again Book
	for _, e := range w.events {
		again.Apply(e)
	}
	registry := codec.NewRegistry()
	Register(registry)
	data, err := registry.Append(nil, again)
	if err != nil {
		t.Fatal(err)
	}
	restored, _, err := registry.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(restored.(Book)); text != fmt.Sprint(w.book) && len(w.events) > 0 {
		t.Fatalf("after a restart the book is\n%v, before it was\n%v", text, w.book)
	}
	if len(w.events) > 0 {
		w.book = restored.(Book)
	}
}

// However words are lost, repeated, delayed and overtaken, and whoever restarts: the book has the newest figures of each run once.
func TestBookCountsEachRunOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{now: time.Unix(1_800_000_000, 0), tellers: map[string]*teller{}, accepts: map[string]actors.Count{}}
		for i := range rapid.IntRange(1, 3).Draw(t, "runs") {
			w.tellers[fmt.Sprint("r", i)] = &teller{version: 1, figures: []actors.Figures{
				{Month: "2027-01", Started: 1}, {Month: "2027-02"}, {Month: "2027-03"},
			}}
		}
		for range rapid.IntRange(10, 300).Draw(t, "steps") {
			w.step(t)
			w.check(t)
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				w.restart(t)
			}
		}
		// Whoever owes tells, and a day later all runs are forgotten and nothing is lost.
		for name, r := range w.tellers {
			w.deliver(t, r.word(name, w.now), true)
			w.settle(name, r)
			if r.has < r.version && r.told < r.version {
				t.Fatalf("%s has told %d of %d", name, r.has, r.version)
			}
			w.deliver(t, r.word(name, w.now), true)
		}
		w.check(t)
		w.now = w.now.Add(forgetAfter)
		w.tellers["new"] = &teller{version: 1, figures: []actors.Figures{{Month: "2027-01", Started: 1}}}
		w.deliver(t, w.tellers["new"].word("new", w.now), false)
		for name, r := range w.tellers {
			if name != "new" {
				w.deliver(t, r.word(name, w.now), false) // that nothing is owed says who wakes
			}
		}
		w.check(t)
		if len(w.book.Runs) != 1 {
			t.Fatalf("%d runs are kept: %v", len(w.book.Runs), w.book.Runs)
		}
	})
}

func TestSilentRunsAreAskedForADayLater(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	b := Book{}
	b.Apply(Counted{Run: "lost", Version: 3, At: now})
	b.Apply(Counted{Run: "told", Version: 3, At: now})
	b.Apply(Released{Run: "told", At: now})
	if got := b.silent(now.Add(forgetAfter - 1)); got != nil {
		t.Errorf("too soon: %v", got)
	}
	if got := b.silent(now.Add(forgetAfter)); !slices.Equal(got, []string{"lost"}) {
		t.Errorf("silent: %v", got)
	}
}

func TestEventNamesNeverChange(t *testing.T) {
	reg := codec.NewRegistry()
	Register(reg)
	want := []string{"tally.book", "tally.counted", "tally.forgotten", "tally.released"}
	if !slices.Equal(reg.Names(), want) {
		t.Errorf("%v, want %v", reg.Names(), want)
	}
}

// A copy of a run's first word may come as late as it is not stale, though the run has been told to the end.
func TestForgettingOutlastsEveryWord(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	run, other := &teller{version: 1, figures: []actors.Figures{{Month: "2027-01", Started: 1}}}, &teller{version: 1}
	w := &world{now: now, tellers: map[string]*teller{"r": run, "other": other}, accepts: map[string]actors.Count{}}
	first := run.word("r", w.now)
	w.deliver(t, first, true)
	w.settle("r", run)
	w.deliver(t, run.word("r", w.now), true)
	w.now = now.Add(actors.WordsGoStale)
	w.deliver(t, other.word("other", w.now), true)
	w.deliver(t, first, false)
	w.check(t)
	if _, err := w.book.take(first, w.now.Add(1)); err == nil {
		t.Fatal("a word older than that is taken")
	}
}
