package recipient_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/recipient"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

func (w *world) lookup(user string) recipient.Settings {
	w.Helper()
	return ask[actors.RecipientSettings](w, w.book(user), actors.Lookup{User: user})
}

func TestSettingsSurviveARestart(t *testing.T) {
	w := newWorld(t)
	given := wishes
	given.Suppressed = actors.Suppression{}
	w.set(user(1), given)
	w.set("someone", recipient.Settings{Topics: []string{"b", "a"}})
	w.set(user(2), given)
	w.set(user(2), recipient.Settings{})
	w.change(actors.RecipientChange{User: user(1), Sets: actors.FieldOptOut})
	given.OptOut = false
	w.start()
	for id, want := range map[string]recipient.Settings{user(1): given, user(2): {}, user(3): {}, "someone": {Topics: []string{"a", "b"}}} {
		if got := w.lookup(id); !recipient.Same(got, want) {
			t.Errorf("%s has %+v, want %+v", id, got, want)
		}
	}
}

// A book is snapshotted before it has many events to read again.
func TestSnapshotsBoundTheReplay(t *testing.T) {
	w := newWorld(t)
	for i := range 2100 {
		w.set(user(1), recipient.Settings{OptOut: i%2 == 0})
	}
	stats, err := w.store.Stats(t.Context())
	if err != nil || stats.Records > 1200 {
		t.Errorf("%d records: %v", stats.Records, err)
	}
	w.start()
	if got := w.lookup(user(1)); got.OptOut {
		t.Errorf("%+v", got)
	}
}

func TestSuppress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.stop()
		began := time.Now().UTC()
		id := user(1)
		w.set(id, recipient.Settings{Zone: "Asia/Tokyo"})
		ask[actors.Done](w, w.book(id), actors.Suppress{User: id, Reason: "no such user"})
		time.Sleep(time.Hour)
		ask[actors.Done](w, w.book(id), actors.Suppress{User: id, Reason: "blocked"})
		want := recipient.Settings{Zone: "Asia/Tokyo", Suppressed: actors.Suppression{Reason: "no such user", At: began}}
		if got := w.lookup(id); !recipient.Same(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
		ask[actors.Done](w, w.book(user(2)), actors.Suppress{User: user(2)})
		if got := w.lookup(user(2)).Suppressed.Reason; got != "refused for good" {
			t.Errorf("without a reason: %q", got)
		}
		w.change(actors.RecipientChange{User: id, Sets: actors.AllFields &^ actors.FieldSuppressed, Settings: recipient.Settings{OptOut: true}})
		if got := w.lookup(id); got.Suppressed.Reason == "" || !got.OptOut || got.Zone != "" {
			t.Errorf("after other settings: %+v", got)
		}
		w.set(id, recipient.Settings{})
		if got := w.lookup(id); !recipient.IsDefault(got) {
			t.Errorf("after a reset: %+v", got)
		}
	})
}

// What the store doesn't take is neither answered nor kept, and the words for it name no user.
func TestChangeThatIsNotStored(t *testing.T) {
	w := newWorld(t)
	w.set(user(1), recipient.Settings{OptOut: true})
	w.store.Fault = func(c journal.Call) error {
		if c.Op == "append" {
			return journal.ErrFull
		}
		return nil
	}
	change := actors.Change{Entries: []actors.RecipientChange{{User: user(1), Sets: actors.AllFields}}}
	_, err := engine.Ask[actors.Done](t.Context(), w.book(user(1)), actors.RecipientMsg(change))
	if !errors.Is(err, journal.ErrFull) || strings.Contains(err.Error(), user(1)) {
		t.Errorf("answered with %v", err)
	}
	w.store.Fault = nil
	w.start()
	if got := w.lookup(user(1)); !got.OptOut {
		t.Errorf("%+v", got)
	}
}

// Who asks for anybody's settings leaves nothing in memory.
func TestEmptyBooksLeave(t *testing.T) {
	w := newWorld(t)
	for i := range 50 {
		w.lookup(user(i))
	}
	for deadline := time.Now().Add(5 * time.Second); w.cells() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d books are in memory", w.cells())
		}
	}
}

func (w *world) cells() (n int) {
	w.sys.Cells(func(c engine.CellInfo) bool {
		if c.Kind == actors.Recipients.Name() {
			n++
		}
		return true
	})
	return n
}
