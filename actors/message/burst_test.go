package message_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/engine/journal"
)

// Many long messages that are due within one second: no more of them are in memory than the budget says, they go in the order of their times, and
// each goes once, though the process dies in between.
func TestABurstOfLongMessagesKeepsTheBudget(t *testing.T) {
	in(t, linesim.Options{LedgerOnly: true, Faults: linesim.Faults{Latency: 200 * time.Millisecond}}, func(w *world) {
		const messages, long, room, rate = 600, 20_000, 400_000, 100
		w.budget = room
		w.crash()
		w.configure(actors.Limits{Push: rate})
		var all []*sending
		for i := range messages {
			s := &sending{to: i * 7 % messages, words: fmt.Sprint("m", i), long: long, after: time.Minute + time.Duration(i)*time.Millisecond}
			all = append(all, s)
		}
		for part := range slices.Chunk(all, 15) { // what is accepted at once is at most 384 KiB
			w.accept(part)
		}
		books := map[string]bool{}
		for _, s := range all {
			books[bookOf(user(s.to))] = true
		}
		most := 0
		for second := range 10 {
			time.Sleep(time.Until(w.began.Add(time.Minute + time.Duration(second)*time.Second + 100*time.Millisecond)))
			sending := 0
			for book := range books {
				list, err := ask[actors.MessageList](w, actors.Messages, book, actors.MessageMsg(actors.ListMessages{State: actors.MessageSending, Limit: 500}))
				if err != nil {
					t.Fatal(err)
				}
				sending += len(list.Messages)
			}
			most = max(most, sending)
			if sending*long > room {
				t.Errorf("after %d s %d messages of %d bytes are with posters, and there is room for %d", second, sending, long, room)
			}
			if second == 3 {
				w.crash()
			}
		}
		if most < room/long/2 {
			t.Errorf("at most %d are with posters at once: the room isn't used", most)
		}
		over := w.settle(all, time.Hour)
		w.judge(all, over)
		for _, s := range all {
			if o := over[s.words]; o.State != delivered {
				t.Errorf("%s is %s: %s", s.words, o.State, o.Reason)
			}
		}
		t.Logf("figure: at most %d with posters at once", most)
		w.wantsOrder(all, 2*room/long)
	})
}

// sameBook is another user of a user's book.
func sameBook(n int) int {
	other := n + 1
	for bookOf(user(other)) != bookOf(user(n)) {
		other++
	}
	return other
}

// What was loaded when the channel stands still holds no room: it goes when the channel sends again.
func TestNoRoomIsHeldWhileTheChannelStandsStill(t *testing.T) {
	in(t, linesim.Options{Faults: linesim.Faults{Unauthorized: 1}}, func(w *world) {
		w.budget = 1 // one at a time: the second is loaded when the first has come back
		w.crash()
		other := sameBook(1)
		a := w.send(text(1, "one"), text(other, "two"))
		time.Sleep(time.Minute)
		w.wants(user(1), a[0].Number, actors.MessagePending, "the channel doesn't send")
		w.sim.SetFaults(linesim.Faults{})
		time.Sleep(5 * time.Minute)
		w.wants(user(1), a[0].Number, delivered, "")
		w.wants(user(other), a[1].Number, delivered, "")
	})
}

// Nobody gets a message whose settings can't be looked up; it is tried again until they can.
func TestAMessageWaitsForItsUsersSettings(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		w.store.Fault = func(c journal.Call) error {
			if c.Op == "replay" && c.Grain.Kind == actors.Recipients.Name() && time.Since(w.began) < 20*time.Second {
				return errors.New("unreadable")
			}
			return nil
		}
		a := w.send(text(1, "one"))
		time.Sleep(time.Until(w.began.Add(19 * time.Second)))
		w.wants(user(1), a[0].Number, actors.MessagePending, "")
		time.Sleep(12 * time.Second)
		w.wants(user(1), a[0].Number, delivered, "")
	})
}

// A message that can't be read, as its shard is moving, is tried again each second, and no faster.
func TestAMessageWaitsUntilItCanBeRead(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		var tries atomic.Int64
		w.unread = func(string) error {
			if tries.Add(1); time.Since(w.began) < 20*time.Second {
				return errors.New("unreadable")
			}
			return nil
		}
		w.crash()
		began := time.Now()
		a := w.send(text(1, "one"))
		time.Sleep(time.Until(w.began.Add(19 * time.Second)))
		w.wants(user(1), a[0].Number, actors.MessagePending, "")
		time.Sleep(5 * time.Second)
		w.wants(user(1), a[0].Number, delivered, "")
		if most := int64(time.Since(began)/time.Second) + 1; tries.Load() > most {
			t.Errorf("tried %d times, want at most %d", tries.Load(), most)
		}
	})
}

// A message that is cancelled while it is loaded leaves no room taken behind.
func TestNoRoomIsHeldForWhatWasCancelledMeanwhile(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		w.budget = 1 // one at a time
		w.crash()
		w.store.Fault = func(c journal.Call) error {
			if c.Op == "replay" && c.Grain.Kind == actors.Recipients.Name() {
				time.Sleep(3 * time.Second)
			}
			return nil
		}
		other := sameBook(1)
		a := w.send(text(1, "one"), text(other, "two"))
		time.Sleep(time.Second) // one of them is being loaded
		for _, s := range []struct {
			to     int
			number uint32
		}{{1, a[0].Number}, {other, a[1].Number}} {
			if _, err := w.cancel(user(s.to), s.number); err != nil {
				t.Fatal(err)
			}
		}
		last := w.send(text(other, "three"))
		time.Sleep(time.Minute)
		w.wants(user(other), last[0].Number, delivered, "")
		if n := w.callCount(); n != 1 {
			t.Errorf("%d calls, want one", n)
		}
	})
}

// wantsOrder fails where a message came more than slack places behind its place by due time, or more than half as many messages for each start of the
// process came as much before theirs: those that were the first to ask for room that was free.
func (w *world) wantsOrder(all []*sending, slack int) {
	w.Helper()
	came := slices.Clone(all)
	at := func(s *sending) time.Time { return w.sim.User(user(s.to))[0].At }
	slices.SortStableFunc(came, func(a, b *sending) int { return at(a).Compare(at(b)) })
	early := 0
	for i, s := range came {
		switch place := slices.Index(all, s); {
		case i-place > slack:
			w.Errorf("%s, by its time the %dth, came as the %dth", s.words, place, i)
		case place-i > slack:
			early++
		}
	}
	if early > w.starts*slack/2 {
		w.Errorf("%d came before their turn", early)
	}
}
