package message_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider/linesim"
)

// How late 10,000 messages are that are due within one second, by this machine's clock, through every actor to a simulated provider and a store in
// memory. The bound only tells that it works.
func TestLateness(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	w := newWorld(t, linesim.Options{LedgerOnly: true, Limits: linesim.Limits{Off: true}})
	w.configure(actors.Limits{})
	const messages, lead, bound = 10_000, 5 * time.Second, 20 * time.Second
	began := time.Now()
	due := func(i int) time.Time {
		return began.Add(lead + time.Duration(i)*time.Second/messages).Truncate(time.Millisecond)
	}
	byBook := map[string][]actors.NewMessage{}
	for i := range messages {
		m := text(i, fmt.Sprint("m", i))
		m.Due = due(i)
		byBook[bookOf(m.To)] = append(byBook[bookOf(m.To)], m)
	}
	for _, ms := range byBook {
		w.send(ms...)
	}
	t.Logf("figure: accepted in %s", time.Since(began).Round(time.Millisecond))
	for end := began.Add(lead + time.Second + bound); w.callCount() < messages && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	var late []time.Duration
	for i := range messages {
		if d := w.sim.User(user(i)); len(d) == 1 {
			late = append(late, d[0].At.Sub(due(i)))
		}
	}
	if len(late) != messages {
		t.Fatalf("%d of %d messages came in %s", len(late), messages, bound)
	}
	slices.Sort(late)
	t.Logf("figure: %d messages due within a second came late by %s (median), %s (99 %%), %s (longest)", messages,
		late[messages/2].Round(time.Millisecond), late[messages*99/100].Round(time.Millisecond), late[messages-1].Round(time.Millisecond))
	if late[0] < 0 {
		t.Errorf("one came %s too early", -late[0])
	}
}
