package recipient_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/recipient"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// A channel without settings costs a question to it and none to a book.
func TestChannelWithoutSettingsIsOneQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		asked := w.counting()
		defer w.stop()
		for range 5 {
			if set := w.fetch(); set.Len() != 0 {
				t.Errorf("%d users", set.Len())
			}
		}
		if got := asked.Load(); got != 0 {
			t.Errorf("%d books were asked", got)
		}
		w.set(user(1), recipient.Settings{OptOut: true})
		if set := w.fetch(); set.Len() != 1 || asked.Load() != 1 {
			t.Errorf("%d users of %d books", set.Len(), asked.Load())
		}
		if noted := w.books("shop"); !noted.Whole || noted.Books != actors.BooksOf(w.addresses.Number(user(1))) {
			t.Errorf("%+v", noted)
		}
		w.start()
		if set := w.fetch(); set.Len() != 1 {
			t.Errorf("%d users after a restart", set.Len())
		}
	})
}

// Of a channel whose books were written before there was a list of them, all are asked once.
func TestBooksOfAnEarlierBuildAreFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		asked := w.counting()
		defer w.stop()
		if noted := w.books("old"); noted.Whole {
			t.Fatal("a channel that nobody has added knows of all of its books")
		}
		for n, questions := range []int64{recipient.BookCount, recipient.BookCount} {
			set, err := w.sets.Fetch(t.Context(), "old")
			if err != nil || set.Len() != 0 || asked.Load() != questions {
				t.Fatalf("%d. fetch: %v, %d questions", n, err, asked.Load())
			}
		}
		w.configure("old")
		if noted := w.books("old"); !noted.Whole || noted.Books != (actors.Books{}) {
			t.Errorf("%+v", noted)
		}
	})
}

// A book is written only when its channel knows of it.
func TestNothingIsWrittenThatTheChannelDoesNotKnowOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.stop()
		var fails atomic.Bool
		fails.Store(true)
		w.store.Fault = func(c journal.Call) error {
			if c.Op == "append" && fails.Load() {
				return errors.New("no")
			}
			return nil
		}
		change := actors.Change{Entries: []actors.RecipientChange{{User: user(1), Sets: actors.FieldOptOut, Settings: recipient.Settings{OptOut: true}}}}
		began := time.Now()
		_, err := engine.Ask[actors.Done](context.Background(), w.book(user(1)), actors.RecipientMsg(change))
		var problem actors.Problem
		if !errors.As(err, &problem) || problem.Status != 503 || time.Since(began) > 10*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		fails.Store(false)
		w.start()
		if got := w.lookup(user(1)); !recipient.IsDefault(got) {
			t.Errorf("%+v", got)
		}
		w.set(user(1), recipient.Settings{OptOut: true})
		if set := w.fetch(); set.Len() != 1 {
			t.Errorf("%d users", set.Len())
		}
	})
}

func TestNobodysBookIsRefused(t *testing.T) {
	w := newWorld(t)
	change := actors.Change{Entries: []actors.RecipientChange{{User: user(1), Sets: actors.FieldOptOut, Settings: recipient.Settings{OptOut: true}}}}
	_, err := engine.Ask[actors.Done](context.Background(), actors.Recipients.Ref(w.sys, "shop/none"), actors.RecipientMsg(change))
	var problem actors.Problem
	if !errors.As(err, &problem) || problem.Status != 404 {
		t.Errorf("%v", err)
	}
}

// What a channel is told while it isn't added, and removed, stays.
func TestBooksOutlastTheChannel(t *testing.T) {
	w := newWorld(t)
	w.set(user(1), recipient.Settings{OptOut: true})
	if _, err := engine.Ask[actors.Done](context.Background(), w.channel("shop"), actors.ChannelMsg(actors.RemoveChannel{})); err != nil {
		t.Fatal(err)
	}
	w.start()
	if set := w.fetch(); set.Len() != 1 {
		t.Errorf("%d users of a channel that was removed", set.Len())
	}
	w.configure("shop")
	if set := w.fetch(); set.Len() != 1 || !w.books("shop").Whole {
		t.Errorf("%d users of a channel that was added again", set.Len())
	}
}
