package message_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider/linesim"
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
			time.Sleep(w.began.Add(time.Minute + time.Duration(second)*time.Second + 100*time.Millisecond).Sub(time.Now()))
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
		w.wantsOrder(all, 3*room/long)
	})
}

// wantsOrder fails where a message came more than a number of places before or behind its place by due time.
func (w *world) wantsOrder(all []*sending, slack int) {
	w.Helper()
	came := slices.Clone(all)
	at := func(s *sending) time.Time { return w.sim.User(user(s.to))[0].At }
	slices.SortStableFunc(came, func(a, b *sending) int { return at(a).Compare(at(b)) })
	for i, s := range came {
		if place := slices.Index(all, s); max(place-i, i-place) > slack {
			w.Errorf("%s, by its time the %dth, came as the %dth", s.words, place, i)
		}
	}
}
