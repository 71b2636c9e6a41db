package recipient

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hayauma.example/actors"
	"hayauma.example/codec"
	"hayauma.example/engine/journal"
)

// ask is how a reader asks a book without a grain around it.
func (b *book) ask(m actors.Since) (actors.RecipientDelta, error) { return b.delta(m), nil }

func hear(t rapid.TB, r *reader, b *book) {
	t.Helper()
	was := r.revision
	fresh, err := r.follow(b.ask)
	if err != nil || r.revision != b.revision || fresh != (was < b.revision) {
		t.Fatalf("from revision %d to %d of %d (%v): %v", was, r.revision, b.revision, fresh, err)
	}
}

// shelved is a book with the events since its newest snapshot, a dumb model of it, and followers.
type shelved struct {
	book      book
	snapshot  []byte
	events    []Changed
	model     map[string]Settings
	followers []*reader
}

func (w *shelved) check(t rapid.TB, p *page) {
	if p.len() != len(w.model) {
		t.Fatalf("%d users have settings, in the model %d", p.len(), len(w.model))
	}
	for user, want := range w.model {
		if got, some := p.of(user); !some || !Same(got, want) {
			t.Fatalf("%s has %+v (%v), in the model %+v", user, got, some, want)
		}
	}
	var all []string
	for user, got := range p.all() {
		if all = append(all, user); !Same(got, w.model[user]) {
			t.Fatalf("%s is told with %+v", user, got)
		}
	}
	if want := slices.Sorted(maps.Keys(w.model)); !slices.Equal(slices.Sorted(slices.Values(all)), want) {
		t.Fatalf("told are %v, want %v", all, want)
	}
}

func (w *shelved) change(t rapid.TB, entries []actors.RecipientChange) {
	e, changed, err := w.book.take(entries)
	if err != nil {
		t.Fatal(err)
	}
	if changed {
		before := w.book.revision
		w.book.apply(e)
		w.events = append(w.events, e)
		if w.book.revision != before+1 {
			t.Fatalf("revision %d after %d", w.book.revision, before)
		}
	}
	was := maps.Clone(w.model)
	for _, c := range entries {
		if s := with(w.model[c.User], c); IsDefault(s) {
			delete(w.model, c.User)
		} else {
			w.model[c.User] = s
		}
	}
	if really := !maps.EqualFunc(was, w.model, Same); really != changed {
		t.Fatalf("an event: %v, a change: %v", changed, really)
	}
	if _, again, _ := w.book.take(entries); again {
		t.Fatal("a repeat changes something")
	}
}

// restart makes a new book of what is on disk.
func (w *shelved) restart(t rapid.TB) {
	var again book
	if w.snapshot != nil {
		reg := codec.NewRegistry()
		Register(reg)
		m, _, err := reg.Decode(w.snapshot)
		if err != nil {
			t.Fatal(err)
		}
		again.restore(m.(Book))
	}
	for _, e := range w.events {
		again.apply(e)
	}
	if again.revision != w.book.revision || again.floor != w.book.floor || again.graves != w.book.graves {
		t.Fatalf("after a restart revision %d, floor %d, %d tombstones; before %d, %d, %d", again.revision, again.floor, again.graves,
			w.book.revision, w.book.floor, w.book.graves)
	}
	w.book = again
}

func (w *shelved) save(t rapid.TB) {
	reg := codec.NewRegistry()
	Register(reg)
	data, err := reg.Append(nil, w.book.snapshot())
	if err != nil {
		t.Fatal(err)
	}
	w.snapshot, w.events = data, nil
}

var drawnUsers = func() (users []string) {
	for i := range 12 {
		users = append(users, fmt.Sprintf("U%032x", uint64(i)*0x9e3779b97f4a7c15), strings.Repeat("x", i+1))
	}
	return append(users, "U"+strings.Repeat("f", 32), "U"+strings.Repeat("F", 32), "U"+strings.Repeat("0", 32), "ユーザー")
}()

func drawChange(t *rapid.T) (c actors.RecipientChange) {
	c.User = rapid.SampledFrom(drawnUsers).Draw(t, "user")
	c.Sets = actors.RecipientFields(rapid.Uint8Range(0, uint8(actors.AllFields)).Draw(t, "sets"))
	if rapid.IntRange(0, 3).Draw(t, "reset") == 0 {
		c.Sets = actors.AllFields
		return c
	}
	c.Settings = Settings{
		OptOut: rapid.Bool().Draw(t, "out"), Topics: rapid.SampledFrom([][]string{nil, {"a"}, {"a", "b"}}).Draw(t, "topics"),
		Zone:  rapid.SampledFrom([]string{"", "Asia/Tokyo", "Europe/Berlin"}).Draw(t, "zone"),
		Quiet: rapid.SampledFrom([]string{"", "22:00-07:00"}).Draw(t, "quiet"),
	}
	if rapid.Bool().Draw(t, "suppressed") {
		c.Settings.Suppressed = normalSuppression(actors.Suppression{Reason: "gone", At: time.Unix(rapid.Int64Range(0, 1<<32-1).Draw(t, "at"), 0)})
	}
	return c
}

// Whatever is changed, snapshotted, restarted and asked for, and from whichever revision: a book and its followers have what a plain map has.
func TestBookIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &shelved{model: map[string]Settings{}, followers: []*reader{{}, {}, {}}}
		for range rapid.IntRange(5, 80).Draw(t, "steps") {
			switch rapid.IntRange(0, 6).Draw(t, "step") {
			case 0, 1, 2, 3:
				entries := make([]actors.RecipientChange, rapid.IntRange(1, 4).Draw(t, "users"))
				for i := range entries {
					entries[i] = drawChange(t)
				}
				w.change(t, entries)
			case 4:
				f := w.followers[rapid.IntRange(0, 2).Draw(t, "follower")]
				hear(t, f, &w.book)
				w.check(t, &f.page)
			case 5:
				w.save(t)
			case 6:
				w.restart(t)
			}
			w.check(t, &w.book.page)
			if rapid.IntRange(0, 9).Draw(t, "bury") == 0 && w.book.graves > keepFew {
				w.buryFew(t)
			}
		}
	})
}

const keepFew = 2

// buryFew forgets tombstones as a full book does, but earlier, and then stores the book.
func (w *shelved) buryFew(t rapid.TB) {
	w.book.bury(keepFew)
	w.save(t)
}

func lineUser(n int) string { return fmt.Sprintf("U%032x", uint64(n)*0x9e3779b97f4a7c15) }

// fill changes users from..to-1 of a book, 500 at a time, until it is refused.
func fill(b *book, from, to int, settings func(n int) Settings) error {
	for at := from; at < to; at += actors.MaxChange {
		var entries []actors.RecipientChange
		for n := at; n < min(at+actors.MaxChange, to); n++ {
			entries = append(entries, actors.RecipientChange{User: lineUser(n), Sets: actors.AllFields, Settings: settings(n)})
		}
		e, changed, err := b.take(entries)
		if err != nil {
			return err
		}
		if changed {
			b.apply(e)
		}
	}
	return nil
}

// A book takes as many users as 5 million of a channel need, its snapshot and its answers stay within what the store and the wire take, and
// one that is full says so and takes what makes it smaller.
func TestFullBook(t *testing.T) {
	for name, settings := range map[string]func(n int) Settings{
		"opted out": func(int) Settings { return Settings{OptOut: true} },
		"ten zones and hours": func(n int) Settings {
			return Settings{Zone: []string{"Asia/Tokyo", "Europe/Berlin"}[n%2], Quiet: fmt.Sprintf("%02d:00-07:00", 18+n%5)}
		},
		"suppressed": func(n int) Settings {
			return Settings{Suppressed: actors.Suppression{Reason: "no such user", At: time.Unix(1_800_000_000+int64(n), 0)}}
		},
	} {
		var b book
		err := fill(&b, 0, 50_000, settings)
		var problem actors.Problem
		if !errors.As(err, &problem) || problem.Status != 507 {
			t.Fatalf("%s: %v", name, err)
		}
		t.Logf("figure: %s: %d users a book, %.1f million a channel, snapshot of %d KiB", name, b.len(), float64(b.len())*BookCount/1e6,
			len(b.snapshot().Entries)>>10)
		if mean := 5_000_000 / BookCount; b.len() < mean*11/10 {
			t.Errorf("%s: full with %d users, the mean of 5 million is %d", name, b.len(), mean)
		}
		checkSize(t, &b)
		if err := fill(&b, 0, 500, func(int) Settings { return Settings{} }); err != nil {
			t.Errorf("%s: reset: %v", name, err)
		}
		checkSize(t, &b)
		again := book{}
		again.restore(b.snapshot())
		if got := pack(&again.page, again.revision); !bytes.Equal(got, b.snapshot().Entries) {
			t.Errorf("%s: another snapshot after a restart", name)
		}
	}
}

func checkSize(t *testing.T, b *book) {
	t.Helper()
	reg := codec.NewRegistry()
	Register(reg)
	data, err := reg.Append(nil, b.snapshot())
	if err != nil || len(data) > journal.MaxRecord || len(data) > b.size()+64 {
		t.Errorf("a snapshot of %d bytes (%v), counted are %d", len(data), err, b.size())
	}
	if d := b.delta(actors.Since{}); !d.Whole || len(d.Entries) > journal.MaxRecord {
		t.Errorf("everything begins with %d bytes", len(d.Entries))
	}
}

// Settings that all differ make a book full sooner; those that nobody has any more don't count.
func TestValuesThatNobodyHasAreForgotten(t *testing.T) {
	var b book
	long := func(round int) func(n int) Settings {
		return func(n int) Settings {
			s := Settings{}
			for i := range MaxTopics {
				s.Topics = append(s.Topics, fmt.Sprintf("t%02d-%d-%d-%s", i, round, n, strings.Repeat("x", 40)))
			}
			s, err := Normal(s)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	few := func(round int) error {
		for at := range 4 {
			if err := fill(&b, at*100, at*100+100, long(round)); err != nil {
				return err
			}
		}
		return nil
	}
	for round := range 10 {
		if err := few(round); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		checkSize(t, &b)
		if len(b.values) > 64+2*b.len() {
			t.Errorf("%d values of %d users", len(b.values), b.len())
		}
	}
	if got, _ := b.of(lineUser(7)); !Same(got, long(9)(7)) {
		t.Errorf("user 7 has %v", got)
	}
	if err := fill(&b, 400, 900, long(1)); err == nil || !strings.Contains(err.Error(), "possible at once") {
		t.Errorf("half a megabyte at once: %v", err)
	}
	for n := 400; n < 1400; n += 100 {
		if err := fill(&b, n, n+100, long(1)); err != nil {
			if !strings.Contains(err.Error(), "no room for more") {
				t.Error(err)
			}
			checkSize(t, &b)
			return
		}
	}
	t.Error("never full")
}

func TestTombstonesAreForgotten(t *testing.T) {
	var b book
	if err := fill(&b, 0, 6000, func(int) Settings { return Settings{OptOut: true} }); err != nil {
		t.Fatal(err)
	}
	all, late := reader{}, reader{}
	hear(t, &all, &b)
	hear(t, &late, &b)
	for at := 0; at < 5000; at += 250 {
		if err := fill(&b, at, at+250, func(int) Settings { return Settings{} }); err != nil {
			t.Fatal(err)
		}
		if d := b.delta(actors.Since{Revision: all.revision}); d.Whole {
			t.Fatalf("everything is told to one who lacks one change, at %d", at)
		}
		hear(t, &all, &b)
	}
	if b.graves > maxGraves || b.graves < keepGraves-250 {
		t.Errorf("%d tombstones", b.graves)
	}
	if d := b.delta(actors.Since{Revision: late.revision}); !d.Whole {
		t.Error("tombstones are missing and a part is told")
	}
	hear(t, &late, &b)
	for _, f := range []*reader{&all, &late} {
		if f.len() != 1000 || f.graves != 0 || f.revision != b.revision {
			t.Errorf("%d users, %d tombstones, revision %d of %d", f.len(), f.graves, f.revision, b.revision)
		}
	}
	if d := b.delta(actors.Since{Revision: b.revision + 1}); d.Latest != b.revision || d.Entries != nil {
		t.Errorf("who knows more is told %+v", d)
	}
}

// Everything is told in pieces, and what changes between them is not lost: neither settings nor, however many tombstones are forgotten
// meanwhile, that there are none any more.
func TestPieces(t *testing.T) {
	out := func(int) Settings { return Settings{OptOut: true} }
	back := func(int) Settings { return Settings{} }
	for name, meanwhile := range map[string]func(b *book) error{
		"nothing":        func(*book) error { return nil },
		"some are back":  func(b *book) error { return fill(b, 100, 400, back) },
		"many are back":  func(b *book) error { return fill(b, 0, 3000, back) },
		"others are new": func(b *book) error { return fill(b, 20_000, 20_300, out) },
		"some are others": func(b *book) error {
			return fill(b, 0, 200, func(int) Settings { return Settings{Zone: "Asia/Tokyo"} })
		},
	} {
		var b book
		if err := errors.Join(fill(&b, 0, 15_000, out), fill(&b, 20_000, 24_000, out), fill(&b, 20_000, 24_000, back)); err != nil {
			t.Fatal(err)
		}
		if b.floor < 30 {
			t.Fatalf("no tombstones were forgotten: floor %d", b.floor)
		}
		var r reader
		pieces, whole, largest := 0, 0, 0
		_, err := r.follow(func(m actors.Since) (actors.RecipientDelta, error) {
			if pieces++; pieces == 3 {
				if err := meanwhile(&b); err != nil {
					return actors.RecipientDelta{}, err
				}
			}
			if pieces > 50 {
				return actors.RecipientDelta{}, errors.New("it never ends")
			}
			d := b.delta(m)
			if p, _, err := unpack(d.Entries); err != nil || len(p.lines.users) > pieceUsers {
				t.Errorf("%s: a piece of %d users: %v", name, len(p.lines.users), err)
			}
			if largest = max(largest, len(d.Entries)); d.Whole {
				whole++
			}
			return d, nil
		})
		if err != nil || r.revision != b.revision || r.len() != b.len() {
			t.Errorf("%s: %d of %d users at revision %d of %d: %v", name, r.len(), b.len(), r.revision, b.revision, err)
		}
		for user, want := range b.all() {
			if got, _ := r.of(user); !Same(got, want) {
				t.Fatalf("%s: %s has %+v, want %+v", name, user, got, want)
			}
		}
		if again := name == "many are back"; largest > 100<<10 || whole > 1 != again || pieces > 8 {
			t.Errorf("%s: %d pieces, %d of them the beginning, the largest of %d bytes", name, pieces, whole, largest)
		}
	}
}

func TestChangeRefused(t *testing.T) {
	var b book
	for name, entries := range map[string][]actors.RecipientChange{
		"501 users": make([]actors.RecipientChange, 501),
		"no id":     {{Sets: actors.FieldOptOut}},
		"zone":      {{User: "U1", Sets: actors.FieldOptOut, Settings: Settings{OptOut: true}}, {User: "U2", Sets: actors.FieldZone, Settings: Settings{Zone: "x"}}},
	} {
		var problem actors.Problem
		if _, changed, err := b.take(entries); changed || !errors.As(err, &problem) || problem.Status != 422 || strings.Contains(problem.Detail, "U2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzUnpack: no input panics, and what is read is written as the same.
func FuzzUnpack(f *testing.F) {
	users := map[string]Settings{}
	for i, user := range drawnUsers {
		users[user] = Settings{OptOut: i%2 == 0, Zone: []string{"", "Asia/Tokyo"}[i%2], Topics: []string{"a", "b"}[:i%3]}
	}
	users["gone"] = Settings{Suppressed: actors.Suppression{Reason: "gone", At: time.Unix(5, 0).UTC()}}
	users["back"] = Settings{}
	p := compose(users, 9)
	f.Add(pack(&p, 300))
	f.Add(pack(&page{}, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, revision, err := unpack(data)
		if err != nil {
			return
		}
		again, r, err := unpack(pack(&p, revision))
		if err != nil || r != revision || again.len() != p.len() {
			t.Fatalf("%d users are %d users: %v", p.len(), again.len(), err)
		}
		p.each(func(user string, s slot) bool {
			if got, _ := again.of(user); !Same(got, p.settings(s)) {
				t.Fatalf("%q has %+v, then %+v", user, p.settings(s), got)
			}
			return true
		})
	})
}

func TestPackedNeverChanges(t *testing.T) {
	users := map[string]Settings{
		lineUser(1): {OptOut: true}, lineUser(2): {OptOut: true, Topics: []string{"a", "bc"}, Zone: "Asia/Tokyo", Quiet: "22:00-07:00"},
		"text": {Suppressed: actors.Suppression{Reason: "gone", At: time.Unix(300, 0).UTC()}}, "back": {},
	}
	p := compose(users, 7)
	const want = "500109030f0201610262630a417369612f546f6b796f0b32323a30302d30373a3030011004676f6e65" +
		"0200000000000000003c6ef372fe94f82a010200000000000000009e3779b97f4a7c15020202046261636b000204746578740302ac02"
	if got := fmt.Sprintf("%x", pack(&p, 9)); got != want {
		t.Errorf("packed as %s, want %s", got, want)
	}
	reg := codec.NewRegistry()
	Register(reg)
	if names := []string{"recipient.book", "recipient.changed"}; !slices.Equal(reg.Names(), names) {
		t.Errorf("%v, want %v", reg.Names(), names)
	}
}

func TestLinesAreTexts(t *testing.T) {
	for range 1000 {
		l := line{rand.Uint64(), rand.Uint64()}
		if got, ok := lineOf(l.text()); !ok || got != l {
			t.Fatalf("%v is %s is %v", l, l.text(), got)
		}
	}
	for _, text := range []string{"", "U", strings.Repeat("a", 33), "U" + strings.Repeat("A", 32), "U" + strings.Repeat("a", 31) + "g"} {
		if _, ok := lineOf(text); ok {
			t.Errorf("%q is a line", text)
		}
	}
}
