package roster_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"hayauma.example/cluster/roster"
)

const ms = time.Millisecond

const me = "01JD3Y6Z9V0000000000000001"

// leased has a lease whose record was created by a renewal sent at 0 and acknowledged at once, in a view that names it.
func leased(t testing.TB) *roster.Lease {
	l := roster.NewLease(me, roster.Timers{}, 0)
	r, ok := l.Renew(0)
	if !ok || r != (roster.Renewal{Number: 1}) {
		t.Fatalf("%+v, %v", r, ok)
	}
	l.Acknowledged(r, 1, 0)
	token, needed := l.Unproven()
	if !needed || l.Standing(0) != roster.Suspended {
		t.Fatal("a record that was only created gives a lease")
	}
	l.Proven(token, 0)
	l.See(naming(1, me))
	return l
}

func naming(epoch uint64, ids ...string) roster.View {
	v := roster.View{Epoch: epoch}
	for _, id := range ids {
		v.Members = append(v.Members, roster.Member{Incarnation: id, Node: id})
	}
	return v
}

func standings(t *testing.T, l *roster.Lease, want map[time.Duration]roster.Standing) {
	t.Helper()
	for at, w := range want {
		if got := l.Standing(at); got != w {
			t.Errorf("at %v: %d, want %d", at, got, w)
		}
	}
}

func TestLeaseEndsByTheSending(t *testing.T) {
	l := leased(t)
	standings(t, l, map[time.Duration]roster.Standing{0: roster.Leased, 1500*ms - 1: roster.Leased, 1500 * ms: roster.Suspended})
	r, ok := l.Renew(500 * ms)
	if !ok {
		t.Fatal("not due")
	}
	l.Acknowledged(r, 2, 1400*ms) // late, but it counts from 500 ms
	standings(t, l, map[time.Duration]roster.Standing{1999 * ms: roster.Leased, 2000*ms - 1: roster.Leased, 2000 * ms: roster.Suspended})
}

func TestLeaseComesBack(t *testing.T) {
	l := leased(t)
	r, _ := l.Renew(500 * ms)
	l.Acknowledged(r, 2, 1700*ms) // after the end of the first, before its own
	standings(t, l, map[time.Duration]roster.Standing{1700 * ms: roster.Leased, 2000 * ms: roster.Suspended})
	r, _ = l.Renew(1900 * ms)
	l.Acknowledged(r, 3, 3500*ms) // over already
	standings(t, l, map[time.Duration]roster.Standing{3500 * ms: roster.Suspended})
}

func TestRenewalsAreDueEvery500ms(t *testing.T) {
	l := leased(t)
	for at := 500 * ms; at < 5*time.Second; at += 500 * ms {
		if _, ok := l.Renew(at - 1); ok {
			t.Errorf("due before %v", at)
		}
		if r, ok := l.Renew(at); !ok || r.Expect != 1 || l.Due() != at+500*ms {
			t.Errorf("at %v: %+v, %v, next at %v", at, r, ok, l.Due())
		}
	}
}

// chain renews every step up to end, acknowledged 1 ms later.
func chain(l *roster.Lease, from, end, step time.Duration, revision uint64) uint64 {
	for at := from; at <= end; at += step {
		if r, ok := l.Renew(at); ok {
			revision++
			l.Acknowledged(r, revision, at+ms)
		}
	}
	return revision
}

func TestSteadyAfterTwoSecondsWithoutAGap(t *testing.T) {
	l := leased(t)
	chain(l, 500*ms, 2*time.Second, 500*ms, 1)
	standings(t, l, map[time.Duration]roster.Standing{2*time.Second - 1: roster.Leased, 2 * time.Second: roster.Steady})
	// the last renewal was sent at 2 s
	standings(t, l, map[time.Duration]roster.Standing{3250 * ms: roster.Steady, 3250*ms + 1: roster.Leased, 3500 * ms: roster.Suspended})
}

func TestOneLostRenewalIsNoGapTwoAre(t *testing.T) {
	for between, want := range map[time.Duration]roster.Standing{1250 * ms: roster.Steady, 1250*ms + 1: roster.Leased} {
		l := leased(t)
		rev := chain(l, 500*ms, 2*time.Second, 500*ms, 1)
		chain(l, 2*time.Second+between, 2*time.Second+between, ms, rev)
		standings(t, l, map[time.Duration]roster.Standing{2*time.Second + between + ms: want})
	}
}

func TestAnOldAcknowledgementChangesNothing(t *testing.T) {
	l := leased(t)
	a, _ := l.Renew(500 * ms)
	b, _ := l.Renew(1000 * ms)
	l.Acknowledged(b, 3, 1001*ms)
	l.Acknowledged(a, 2, 1002*ms)
	standings(t, l, map[time.Duration]roster.Standing{2500*ms - 1: roster.Leased, 2500 * ms: roster.Suspended})
	if r, _ := l.Renew(1500 * ms); r.Expect != 3 {
		t.Errorf("expects %d, want 3", r.Expect)
	}
}

func live(number, revision uint64) roster.Found {
	return roster.Found{Record: roster.Record{Incarnation: me, Number: number}, Revision: revision}
}

func TestARefusedRenewalFindsTheOneBefore(t *testing.T) {
	l := leased(t)
	a, _ := l.Renew(500 * ms) // stored as 2, its answer was lost
	b, _ := l.Renew(1000 * ms)
	l.Refused(b, live(a.Number, 2), 1010*ms)
	standings(t, l, map[time.Duration]roster.Standing{2000*ms - 1: roster.Leased, 2000 * ms: roster.Suspended})
	if r, ok := l.Renew(1010 * ms); !ok || r.Expect != 2 {
		t.Errorf("%+v, %v: want one at once that expects 2", r, ok)
	}
}

func TestWhatEndsALease(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*roster.Lease, roster.Renewal)
		want roster.Standing
	}{
		"barred": {func(l *roster.Lease, r roster.Renewal) {
			l.Refused(r, roster.Found{Record: roster.Record{Incarnation: me, State: roster.Barred}, Revision: 9}, 500*ms)
		}, roster.Ended},
		"another's record": {func(l *roster.Lease, r roster.Renewal) {
			l.Refused(r, roster.Found{Record: roster.Record{Incarnation: "another"}, Revision: 9}, 500*ms)
		}, roster.Ended},
		"evicted":       {func(l *roster.Lease, _ roster.Renewal) { l.See(naming(2, "another")) }, roster.Ended},
		"an older view": {func(l *roster.Lease, _ roster.Renewal) { l.See(naming(0)) }, roster.Leased},
		"own will":      {func(l *roster.Lease, _ roster.Renewal) { l.End() }, roster.Ended},
		"missing":       {func(l *roster.Lease, r roster.Renewal) { l.Refused(r, roster.Found{}, 500*ms) }, roster.Suspended},
	} {
		t.Run(name, func(t *testing.T) {
			l := leased(t)
			r, _ := l.Renew(500 * ms)
			c.do(l, r)
			if got := l.Standing(500 * ms); got != c.want {
				t.Fatalf("%d, want %d", got, c.want)
			}
			if c.want != roster.Ended {
				return
			}
			l.Acknowledged(r, 10, 501*ms)
			l.See(naming(3, me))
			l.Missing(502 * ms)
			if _, ok := l.Renew(time.Hour); ok || l.Standing(501*ms) != roster.Ended {
				t.Error("not for good")
			}
		})
	}
}

func TestAMissingRecordIsCreatedAgainAndProven(t *testing.T) {
	l := leased(t)
	rev := chain(l, 500*ms, 3*time.Second, 500*ms, 1)
	if got := l.Standing(3001 * ms); got != roster.Steady {
		t.Fatal(got)
	}
	old, _ := l.Unproven()
	l.Missing(3100 * ms)
	r, ok := l.Renew(3100 * ms)
	if !ok || r.Expect != 0 {
		t.Fatalf("%+v, %v: want a creation at once", r, ok)
	}
	l.Acknowledged(r, 1, 3110*ms)
	l.Proven(old, 3120*ms)
	l.See(naming(2, me))
	if got := l.Standing(3120 * ms); got != roster.Suspended {
		t.Errorf("%d: acts by a change of the view from before the loss, or another's", got)
	}
	token, needed := l.Unproven()
	if !needed || token == old {
		t.Fatal(token, needed)
	}
	l.Proven(token, 3200*ms)
	chain(l, 3600*ms, 5100*ms, 500*ms, rev)
	standings(t, l, map[time.Duration]roster.Standing{3200 * ms: roster.Leased, 5200*ms - 1: roster.Leased, 5200 * ms: roster.Steady})
}

// A renewal from before the loss, stored late, is ours and proves nothing: the next one does.
func TestALateRenewalAfterALossProvesNothing(t *testing.T) {
	l := leased(t)
	rev := chain(l, 500*ms, 2*time.Second, 500*ms, 1)
	r, _ := l.Renew(2500 * ms)
	l.Refused(r, live(2, rev-1), 2510*ms)
	if _, needed := l.Unproven(); needed || l.Standing(2510*ms) != roster.Suspended {
		t.Errorf("needed %v, standing %d", needed, l.Standing(2510*ms))
	}
	next, ok := l.Renew(2510 * ms)
	if !ok || next.Expect != rev-1 {
		t.Fatalf("%+v, %v", next, ok)
	}
	l.Acknowledged(r, 99, 2515*ms) // from before
	l.Acknowledged(next, rev, 2520*ms)
	if number, needed := l.Unproven(); !needed || number != next.Number {
		t.Errorf("%d, %v", number, needed)
	}
}

func TestAnAnswerFromBeforeALossSaysNothing(t *testing.T) {
	l := leased(t)
	old, _ := l.Renew(500 * ms)
	l.Missing(600 * ms)
	l.Acknowledged(old, 500, 610*ms)
	l.Refused(old, live(1, 500), 620*ms)
	if r, ok := l.Renew(620 * ms); !ok || r.Expect != 0 {
		t.Errorf("%+v, %v: want a creation", r, ok)
	}
}

// TestLeaseNeverOutlivesItsSending: whatever the answers and their order, a leased member's newest acknowledged renewal was sent
// less than 1.5 s ago.
func TestLeaseNeverOutlivesItsSending(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		l := leased(t)
		sent := map[roster.Renewal]time.Duration{}
		now, newest, revision := time.Duration(0), time.Duration(0), uint64(1)
		var open []roster.Renewal
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			now += time.Duration(rapid.IntRange(0, 900).Draw(r, "wait")) * ms
			if n, ok := l.Renew(now); ok {
				sent[n] = now
				open = append(open, n)
			}
			if len(open) > 0 && rapid.Bool().Draw(r, "answer") {
				i := rapid.IntRange(0, len(open)-1).Draw(r, "which")
				revision++
				l.Acknowledged(open[i], revision, now)
				newest = max(newest, sent[open[i]])
				open = append(open[:i], open[i+1:]...)
			}
			if want := now < newest+1500*ms; want != (l.Standing(now) != roster.Suspended) {
				r.Fatalf("at %v, newest sent at %v: standing %d", now, newest, l.Standing(now))
			}
		}
	})
}

func TestTimers(t *testing.T) {
	const sec = time.Second
	for name, c := range map[string]struct {
		timers roster.Timers
		ok     bool
	}{
		"defaults":     {roster.Timers{}, true},
		"closest":      {roster.Timers{Lease: 1500 * ms, TakeOver: 1658 * ms}, true}, // 1.5 s × 105/95 = 1.6579 s
		"too close":    {roster.Timers{Lease: 1500 * ms, TakeOver: 1657 * ms}, false},
		"never renews": {roster.Timers{Renew: -1}, false},
		"short lease":  {roster.Timers{Lease: 1249 * ms}, false},
		"hasty crowd":  {roster.Timers{Crowd: sec}, false},
	} {
		if err := c.timers.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLossesAreCounted: each time that the store was found without our record, once.
func TestLossesAreCounted(t *testing.T) {
	l := leased(t)
	if l.Losses() != 0 || l.Number() != 1 {
		t.Errorf("%d losses, renewal %d", l.Losses(), l.Number())
	}
	for i := range uint64(3) {
		r, ok := l.Renew(l.Due())
		if !ok {
			t.Fatal("no renewal")
		}
		l.Refused(r, roster.Found{}, l.Due())
		if l.Losses() != i+1 || l.Number() != r.Number {
			t.Errorf("%d losses after %d", l.Losses(), i+1)
		}
		r, _ = l.Renew(l.Due())
		l.Acknowledged(r, 100+r.Number, l.Due())
	}
}
