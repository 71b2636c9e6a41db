package message_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/engine/journal"
)

const (
	delivered = actors.MessageState("delivered")
	failed    = actors.MessageState("failed")
	cancelled = actors.MessageState("cancelled")
)

// in runs a test in a bubble, with a channel.
func in(t *testing.T, o linesim.Options, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, o)
		w.configure(actors.LINELimits)
		time.Sleep(time.Second) // a fresh channel grants nothing at first
		f(w)
	})
}

// The bubble begins at midnight UTC of 2000-01-01.
func TestAMessageGoesWhenItIsDue(t *testing.T) {
	in(t, linesim.Options{Faults: linesim.Faults{Latency: 10 * time.Millisecond}}, func(w *world) {
		now, later := text(1, "now"), text(1, "later")
		later.Due = w.began.Add(time.Hour)
		a := w.send(now, later)
		if a[0].State != actors.MessagePending || a[1].State != actors.MessageScheduled || !a[1].Due.Equal(later.Due) {
			t.Errorf("accepted as %+v", a)
		}
		time.Sleep(time.Second)
		info := w.wants(user(1), a[0].Number, delivered, "")
		if info.Request == "" || info.Tries != 1 || info.To != "" {
			t.Errorf("%+v", info)
		}
		if info := w.wants(user(1), a[1].Number, actors.MessageScheduled, ""); info.To != user(1) || !info.At.Equal(later.Due) {
			t.Errorf("%+v", info)
		}
		time.Sleep(2 * time.Hour)
		w.wants(user(1), a[1].Number, delivered, "")
		if n := w.in.counted.Outcomes[actors.Delivered].Load(); n != 2 {
			t.Errorf("%d are counted as delivered, want 2", n)
		}
		if late := w.sim.User(user(1))[1].At.Sub(later.Due); late < 0 || late > 200*time.Millisecond { // a channel that was idle grants nothing at first
			t.Errorf("it came %s late", late)
		}
	})
}

func TestARepeatIsTheSameMessage(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		one, other := text(1, "one"), text(1, "one")
		other.Content++
		first := w.send(one, one, other)
		if first[1].Number != first[0].Number || !first[1].Repeat || first[1].Conflict || !first[2].Conflict {
			t.Errorf("in one batch %+v", first)
		}
		w.crash()
		time.Sleep(time.Minute) // what was under way is in doubt first
		for _, state := range []actors.MessageState{delivered, delivered} {
			again := w.send(one, other)
			if again[0].Number != first[0].Number || !again[0].Repeat || again[0].Conflict || again[0].State != state || !again[1].Conflict {
				t.Errorf("again %+v", again)
			}
			time.Sleep(23 * time.Hour)
			w.crash()
		}
		if n := w.sim.Ledger().Deliveries; n != 1 {
			t.Errorf("%d deliveries", n)
		}
	})
}

// A day after its end nothing of a message is known or stored.
func TestAMessageIsForgottenADayAfterItsEnd(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		a := w.send(text(1, "one"))
		time.Sleep(time.Second)
		w.wants(user(1), a[0].Number, delivered, "")
		time.Sleep(23 * time.Hour)
		w.wants(user(1), a[0].Number, delivered, "")
		time.Sleep(3 * time.Hour)
		_, err := ask[actors.MessageInfo](w, actors.Messages, bookOf(user(1)), actors.MessageMsg(actors.ShowMessage{Number: a[0].Number}))
		if p, ok := errors.AsType[actors.Problem](err); !ok || p.Status != 404 {
			t.Errorf("a day later: %v", err)
		}
		w.nothingStored(user(1), "one")
		if again := w.send(text(1, "one")); again[0].Repeat || again[0].Number != a[0].Number+1 {
			t.Errorf("its key is %+v", again)
		}
	})
}

// nothingStored fails where the store has a text.
func (w *world) nothingStored(texts ...string) {
	w.Helper()
	for _, kind := range []string{actors.Messages.Name(), "timetable"} {
		for s, err := range w.store.Follow(w.Context(), actors.RolePoster, kind, 0) {
			if err != nil {
				w.Fatal(err)
			}
			if s.Caught {
				break
			}
			for _, text := range texts {
				if bytes.Contains(s.Record.Data, []byte(text)) {
					w.Errorf("a record of %s holds %q", s.Record.Grain.Kind, text)
				}
			}
		}
	}
}

func TestSettingsOfTheUserRule(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		w.set(user(1), actors.RecipientSettings{OptOut: true})
		w.set(user(2), actors.RecipientSettings{Topics: []string{"news"}})
		w.set(user(3), actors.RecipientSettings{Quiet: "00:00-07:00"})
		w.set(user(4), actors.RecipientSettings{Suppressed: actors.Suppression{Reason: "gone", At: w.began}})
		news, urgent := text(2, "news"), text(3, "urgent")
		news.Topic, urgent.Urgent = "news", true
		out, topic, other := w.send(text(1, "a")), w.send(news), w.send(text(2, "b"))
		quiet := w.send(text(3, "c"), text(3, "d"))
		gone := w.send(text(4, "e"))
		time.Sleep(time.Second)
		loud := w.send(urgent)
		time.Sleep(time.Second)
		w.wants(user(1), out[0].Number, "suppressed", "opted_out")
		w.wants(user(2), topic[0].Number, "suppressed", "topic:news")
		w.wants(user(2), other[0].Number, delivered, "")
		w.wants(user(4), gone[0].Number, "suppressed", "suppressed: gone")
		w.wants(user(3), loud[0].Number, delivered, "")
		info := w.wants(user(3), quiet[0].Number, actors.MessageScheduled, "quiet hours")
		w.wants(user(3), quiet[1].Number, actors.MessageScheduled, "quiet hours")
		if want := w.began.Truncate(24 * time.Hour).Add(7 * time.Hour); !info.At.Equal(want) {
			t.Errorf("it goes at %s, the quiet hours end at %s", info.At, want)
		}
		w.crash()
		time.Sleep(7 * time.Hour)
		w.wants(user(3), quiet[0].Number, delivered, "")
		w.wants(user(3), quiet[1].Number, delivered, "")
		if d := w.sim.User(user(3)); d[1].BodySHA256 != (sending{words: "c"}).body() || d[1].At.Before(info.At) {
			t.Errorf("after the quiet hours came %+v", d)
		}
	})
}

func TestAMessageThatComesTooLateExpires(t *testing.T) {
	in(t, linesim.Options{Faults: linesim.Faults{Unauthorized: 1}}, func(w *world) {
		first := w.send(text(1, "stops the channel"))
		time.Sleep(2 * time.Second)
		m := text(2, "late")
		m.Expire = time.Minute
		a := w.send(m)
		time.Sleep(30 * time.Second)
		w.wants(user(1), first[0].Number, actors.MessagePending, "the channel doesn't send")
		time.Sleep(time.Minute)
		w.sim.SetFaults(linesim.Faults{})
		time.Sleep(2 * time.Minute)
		w.wants(user(1), first[0].Number, delivered, "")
		w.wants(user(2), a[0].Number, "expired", "it came more than 1m0s late")
	})
}

// A channel that stands still for days, and a process that dies meanwhile: what was never tried goes in a new window.
func TestAPauseLongerThanAKeyLives(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		w.sim.SetQuota(0)
		a := slices.Concat(w.send(text(1, "one"), text(1, "two")), w.send(text(2, "three")))
		later := text(3, "later")
		later.Due = w.began.Add(10 * time.Hour)
		a = append(a, w.send(later)...)
		time.Sleep(time.Hour)
		w.crash()
		time.Sleep(60 * time.Hour)
		if n := w.callCount(); n > 2 {
			t.Errorf("%d calls while the quota is used up", n)
		}
		w.sim.SetQuota(linesim.Unlimited)
		time.Sleep(5 * time.Minute)
		for i, u := range []int{1, 1, 2, 3} {
			w.wants(user(u), a[i].Number, delivered, "")
		}
	})
}

// A planned stop asks back what waits at the gate: it isn't in doubt, so the provider's refusal is certain.
func TestADrainPutsNothingInDoubt(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		w.configure(actors.Limits{Push: 1})
		var a []actors.AcceptedMessage
		for i := range 20 {
			w.sim.Forget(user(i))
			a = append(a, w.send(text(i, fmt.Sprint("m", i)))...)
		}
		time.Sleep(3 * time.Second)
		for i := range 20 {
			actors.Messages.Ref(w.in.sys, bookOf(user(i))).Tell(actors.DrainMessages{})
		}
		time.Sleep(2 * time.Second)
		calls := w.callCount()
		time.Sleep(time.Minute)
		if n := w.callCount(); n != calls {
			t.Errorf("%d calls after the drain", n-calls)
		}
		w.crash()
		time.Sleep(2 * time.Minute)
		for i := range 20 {
			if info := w.show(user(i), a[i].Number); info.State != failed {
				t.Errorf("message %d is %s (%s)", i, info.State, info.Reason)
			}
		}
	})
}

func TestCancel(t *testing.T) {
	in(t, linesim.Options{Faults: linesim.Faults{Latency: 5 * time.Second}}, func(w *world) {
		later, key := text(1, "later"), text(1, "now")
		later.Due = w.began.Add(time.Hour)
		a := w.send(later, key)
		if info, err := w.cancel(user(1), a[0].Number); err != nil || info.State != cancelled {
			t.Errorf("%+v, %v", info, err)
		}
		if info, err := w.cancel(user(1), a[0].Number); err != nil || info.State != cancelled {
			t.Errorf("again %+v, %v", info, err)
		}
		time.Sleep(time.Second)
		_, err := w.cancel(user(1), a[1].Number) // its call is under way
		if p, ok := errors.AsType[actors.Problem](err); !ok || p.Status != 409 || p.Detail != "it is just being sent" {
			t.Errorf("under way: %v", err)
		}
		time.Sleep(10 * time.Second)
		_, err = w.cancel(user(1), a[1].Number)
		if p, ok := errors.AsType[actors.Problem](err); !ok || p.Status != 409 || p.Detail != "it is over: delivered" {
			t.Errorf("over: %v", err)
		}
		_, err = w.cancel(user(1), 99)
		if p, ok := errors.AsType[actors.Problem](err); !ok || p.Status != 404 {
			t.Errorf("unknown: %v", err)
		}
		time.Sleep(2 * time.Hour)
		if n := w.sim.Ledger().Deliveries; n != 1 {
			t.Errorf("%d deliveries", n)
		}
		w.nothingStored("later")
	})
}

// What waits at the gate for a token is asked back, and not sent.
func TestCancelOfWhatAPosterHas(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		w.configure(actors.Limits{Push: 1})
		var a []actors.AcceptedMessage
		for i := range 20 {
			a = append(a, w.send(text(i, fmt.Sprint("m", i)))...)
		}
		time.Sleep(3 * time.Second)
		w.wants(user(19), a[19].Number, actors.MessageSending, "")
		if info, err := w.cancel(user(19), a[19].Number); err != nil || info.State != cancelled {
			t.Errorf("%+v, %v", info, err)
		}
		time.Sleep(time.Minute)
		if n := w.sim.Ledger().Deliveries; n != 19 {
			t.Errorf("%d deliveries", n)
		}
	})
}

func TestARefusalFailsAndTheNextGoes(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		w.sim.Forget(user(1))
		a := w.send(text(1, "one"), text(1, "two"))
		time.Sleep(time.Second)
		info := w.show(user(1), a[0].Number)
		if info.State != failed || info.Reason == "" {
			t.Errorf("%+v", info)
		}
		w.sim.Restore(user(1))
		again := w.send(text(1, "three"))
		time.Sleep(time.Second)
		w.wants(user(1), again[0].Number, delivered, "")
		if info := w.show(user(1), a[1].Number); info.State != failed {
			t.Errorf("%+v", info)
		}
	})
}

// What was told before a crash is in doubt: a refusal proves nothing.
func TestARefusalInDoubtIsUnknown(t *testing.T) {
	in(t, linesim.Options{Faults: linesim.Faults{Latency: time.Second}}, func(w *world) {
		w.sim.Forget(user(1))
		w.arm("poster.call.before", 1)
		a := w.send(text(1, "one"))
		time.Sleep(time.Second)
		w.revive()
		time.Sleep(5 * time.Second)
		if info := w.show(user(1), a[0].Number); info.State != "unknown" {
			t.Errorf("%+v", info)
		}
	})
}

// What was accepted before a crash and is held back after it stays under its key: it is not given back, and not sent twice.
func TestWhatIsInDoubtIsNotGivenBack(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		w.arm("poster.call.after", 1)
		a := w.send(text(1, "one"))
		time.Sleep(time.Second)
		w.sim.SetFaults(linesim.Faults{Unauthorized: 1})
		w.revive()
		time.Sleep(10 * time.Minute)
		w.sim.SetFaults(linesim.Faults{})
		time.Sleep(5 * time.Minute)
		w.wants(user(1), a[0].Number, delivered, "")
		if n := len(w.sim.User(user(1))); n != 1 {
			t.Errorf("%d deliveries", n)
		}
	})
}

// An outcome of one message doesn't hide that another of the same book is with a poster.
func TestABookDoesNotRestTooEarly(t *testing.T) {
	in(t, linesim.Options{Faults: linesim.Faults{Latency: 100 * time.Millisecond}}, func(w *world) {
		other := sameBook(1)
		w.arm("poster.call.after", 2)
		first := w.send(text(1, "one"))
		time.Sleep(150 * time.Millisecond)
		a := w.send(text(other, "two"))
		time.Sleep(time.Second)
		w.sim.SetFaults(linesim.Faults{Unauthorized: 1})
		w.revive()
		w.wants(user(1), first[0].Number, delivered, "")
		time.Sleep(10 * time.Minute)
		w.sim.SetFaults(linesim.Faults{})
		time.Sleep(5 * time.Minute)
		w.wants(user(other), a[0].Number, delivered, "")
		if n := len(w.sim.User(user(other))); n != 1 {
			t.Errorf("%d deliveries", n)
		}
	})
}

// A poster is told that its word is recorded when it is: one that was refused is said again, and nothing is called again.
func TestAReportIsRepeatedUntilItIsStored(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		var refused atomic.Bool
		w.crash()
		w.store.Fault = func(c journal.Call) error { // the first append is the acceptance
			mine := c.Op == "append" && !c.Done && len(c.Records) > 0 && c.Records[0].Grain.Kind == actors.Messages.Name()
			if mine && c.Records[0].First > 1 && !refused.Swap(true) {
				return journal.ErrFull
			}
			return nil
		}
		time.Sleep(time.Second)
		a := w.send(text(1, "one"))
		time.Sleep(20 * time.Second)
		w.wants(user(1), a[0].Number, delivered, "")
		if n := w.callCount(); n != 1 || !refused.Load() {
			t.Errorf("%d calls", n)
		}
	})
}

func TestListsByState(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		later := w.began.Add(time.Hour)
		var ms []actors.NewMessage
		for i := range 5 {
			m := text(1, fmt.Sprint("m", i))
			if i > 0 {
				m.Due = later
			}
			ms = append(ms, m)
		}
		w.send(ms...)
		time.Sleep(time.Second)
		list := func(state actors.MessageState, after uint32, limit int) (numbers []uint32, more bool) {
			l, err := ask[actors.MessageList](w, actors.Messages, bookOf(user(1)), actors.MessageMsg(actors.ListMessages{State: state, After: after, Limit: limit}))
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range l.Messages {
				numbers = append(numbers, m.Number)
			}
			return numbers, l.More
		}
		for _, tc := range []struct {
			state actors.MessageState
			after uint32
			limit int
			want  []uint32
			more  bool
		}{
			{"", 0, 9, []uint32{2, 3, 4, 5}, false}, {"", 0, 3, []uint32{2, 3, 4}, true}, {"", 4, 3, []uint32{5}, false},
			{"delivered", 0, 9, []uint32{1}, false}, {"scheduled", 0, 4, []uint32{2, 3, 4, 5}, false}, {"failed", 0, 9, nil, false},
		} {
			if got, more := list(tc.state, tc.after, tc.limit); !slices.Equal(got, tc.want) || more != tc.more {
				t.Errorf("%+v: %v, %v", tc, got, more)
			}
		}
	})
}

// The usage ledger and the statistics count messages once, though processes die.
func TestMessagesAreCounted(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		w.sim.Forget(user(7))
		for round := range 3 {
			for i := range 30 {
				w.send(text(i, fmt.Sprintf("r%d-%d", round, i)))
			}
			time.Sleep(5 * time.Second)
			w.crash()
		}
		time.Sleep(3 * time.Minute)
		for _, k := range []struct {
			name  string
			month func(time.Time) string
		}{{"usage", actors.BillingMonth}, {"statistics", actors.StatisticsMonth}} {
			kind := actors.Usages
			if k.name == "statistics" {
				kind = actors.Statistics
			}
			f, err := ask[actors.Figures](w, kind, "shop", actors.TallyMsg(actors.MonthOf{Month: k.month(time.Now())}))
			if err != nil {
				t.Fatal(err)
			}
			if f.Outcomes[actors.Delivered] != 87 || f.Outcomes[actors.Failed] != 3 || f.Requests < 90 {
				t.Errorf("%s: %+v", k.name, f)
			}
		}
	})
}

func TestABookIsBounded(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		due := w.began.Add(time.Hour)
		var err error
		n := 0
		for ; err == nil && n < 40; n++ {
			var ms []actors.NewMessage
			for i := range actors.MaxMessages {
				m := text(1, fmt.Sprintf("%d-%d", n, i))
				m.Due = due
				ms = append(ms, m)
			}
			_, err = w.try(ms...)
		}
		if p, ok := errors.AsType[actors.Problem](err); !ok || p.Status != 507 || n != 31 {
			t.Errorf("after %d batches: %v", n, err)
		}
		many := make([]actors.NewMessage, actors.MaxMessages+1)
		for i := range many {
			many[i] = text(1, fmt.Sprint(i))
		}
		if _, err = w.try(many...); err == nil {
			t.Error("more messages than a batch has were accepted")
		}
	})
}

// A store that refuses an append loses nothing.
func TestAppendRefused(t *testing.T) {
	in(t, linesim.Options{}, func(w *world) {
		w.budget = 1 // what an activation held that ended would keep the others waiting
		w.crash()
		var n atomic.Int64
		w.store.Fault = func(c journal.Call) error {
			if c.Op == "append" && !c.Done && len(c.Records) > 0 && c.Records[0].Grain.Kind == actors.Messages.Name() && n.Add(1)%3 == 0 {
				return journal.ErrFull
			}
			return nil
		}
		var all []*sending
		for i := range 60 {
			all = append(all, &sending{to: i % 7, words: fmt.Sprint("m", i), after: time.Duration(i%3) * time.Minute})
		}
		w.accept(all)
		w.judge(all, w.settle(all, 2*time.Hour))
	})
}
