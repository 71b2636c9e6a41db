package roster_test

import (
	"slices"
	"testing"
	"time"

	"hayauma.example/cluster/roster"
)

var ids = []string{me, "01JD3Y6Z9V0000000000000002", "01JD3Y6Z9V0000000000000003", "01JD3Y6Z9V0000000000000004", "01JD3Y6Z9V0000000000000005"}

// watching has seen a view of the first n at 0.
func watching(n int) *roster.Watch {
	w := roster.NewWatch(me, roster.Timers{})
	w.See(naming(1, ids[:n]...), 0)
	return w
}

func record(i int) roster.Record { return roster.Record{Incarnation: ids[i]} }

type opinion struct {
	verdict roster.Verdict
	why     roster.Why
}

func judged(w *roster.Watch, i int, own roster.Standing, now time.Duration) opinion {
	j := w.Judge(own, now)[i]
	return opinion{j.Verdict, j.Why}
}

// renew is everybody's renewal at now, but for the silent.
func renew(w *roster.Watch, n int, now time.Duration, silent ...int) {
	for i := range n {
		if !slices.Contains(silent, i) {
			w.Observe(record(i), uint64(now/ms)*10+uint64(i)+1, now)
		}
	}
}

func TestSilenceOfOneOfFive(t *testing.T) {
	w := watching(5)
	renew(w, 5, 0)
	renew(w, 5, 1900*ms, 4)
	renew(w, 5, 3*time.Second, 4)
	for _, c := range []struct {
		now  time.Duration
		own  roster.Standing
		want opinion
	}{
		{1250*ms - 1, roster.Steady, opinion{roster.Alive, roster.Heard}},
		{1250 * ms, roster.Steady, opinion{roster.Silent, roster.Waiting}},
		{2*time.Second - 1, roster.Steady, opinion{roster.Silent, roster.Waiting}},
		{2 * time.Second, roster.Steady, opinion{roster.Evict, roster.Unheard}},
		{2 * time.Second, roster.Leased, opinion{roster.Silent, roster.NotSteady}},
		{2 * time.Second, roster.Suspended, opinion{roster.Silent, roster.NotLeased}},
		{2 * time.Second, roster.Ended, opinion{roster.Silent, roster.NotLeased}},
	} {
		if got := judged(w, 4, c.own, c.now); got != c.want {
			t.Errorf("at %v, judge %d: %v, want %v", c.now, c.own, got, c.want)
		}
	}
	if got := judged(w, 0, roster.Steady, time.Hour); got != (opinion{roster.Alive, roster.Ourselves}) {
		t.Errorf("judges itself: %v", got)
	}
}

// TestACrowdIsWaitedFor: half or more of the members silent, who are not known dead.
func TestACrowdIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		members int
		silent  []int
		dead    []int
		crowd   bool
	}{
		{2, []int{1}, nil, true},
		{3, []int{2}, nil, false},
		{3, []int{1, 2}, nil, true},
		{4, []int{3}, nil, false},
		{4, []int{2, 3}, nil, true},
		{5, []int{3, 4}, nil, false},
		{5, []int{2, 3, 4}, nil, true},
		{5, []int{2, 3, 4}, []int{2}, false},
		{2, []int{1}, []int{1}, false},
	} {
		w := watching(c.members)
		renew(w, c.members, 0)
		renew(w, c.members, 9*time.Second, c.silent...)
		for _, d := range c.dead {
			w.Died(ids[d])
		}
		last := c.silent[len(c.silent)-1]
		early, late := judged(w, last, roster.Steady, 10*time.Second-1), judged(w, last, roster.Steady, 10*time.Second)
		if got := early == (opinion{roster.Silent, roster.InCrowd}); got != c.crowd {
			t.Errorf("%+v: %v before 10 s", c, early)
		}
		if late.verdict != roster.Evict {
			t.Errorf("%+v: %v at 10 s", c, late)
		}
	}
}

// Those that fell silent together are counted together, though the first reaches 2 s before the others do.
func TestACrowdIsSeenWhenItsFirstIsDue(t *testing.T) {
	w := watching(3)
	w.Observe(record(1), 1, 0)
	w.Observe(record(2), 2, 500*ms)
	if got := judged(w, 1, roster.Steady, 2*time.Second); got != (opinion{roster.Silent, roster.InCrowd}) {
		t.Errorf("%v", got)
	}
}

func TestWhatIsCertainGoesAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		tell func(*roster.Watch)
		want roster.Why
	}{
		"dead":     {func(w *roster.Watch) { w.Died(ids[1]) }, roster.Death},
		"released": {func(w *roster.Watch) { w.Observe(roster.Record{Incarnation: ids[1], State: roster.Let}, 9, 0) }, roster.Departed},
	} {
		for own, want := range map[roster.Standing]opinion{
			roster.Suspended: {roster.Silent, roster.NotLeased}, roster.Ended: {roster.Silent, roster.NotLeased},
			roster.Leased: {roster.Evict, c.want}, roster.Steady: {roster.Evict, c.want},
		} {
			w := watching(2)
			c.tell(w)
			if got := judged(w, 1, own, 0); got != want {
				t.Errorf("%s, judge %d: %v, want %v", name, own, got, want)
			}
		}
	}
}

func TestALiveRecordTakesDeathBack(t *testing.T) {
	w := watching(3)
	w.Observe(record(1), 5, 0)
	w.Died(ids[1])
	w.Observe(record(1), 5, ms) // seen before
	if got := judged(w, 1, roster.Leased, ms); got.why != roster.Death {
		t.Error(got)
	}
	w.Observe(record(1), 6, ms)
	if got := judged(w, 1, roster.Leased, ms); got != (opinion{roster.Alive, roster.Heard}) {
		t.Error(got)
	}
}

func TestOnlyRisingRevisionsCount(t *testing.T) {
	w := watching(3)
	w.Observe(record(0), 9, 1900*ms)
	w.Observe(record(2), 8, 1900*ms)
	w.Observe(record(1), 5, 0)
	w.Observe(record(1), 5, 1900*ms)
	w.Observe(record(1), 4, 1900*ms)
	j := w.Judge(roster.Steady, 2*time.Second)[1]
	if j.Verdict != roster.Evict || j.Revision != 5 || j.For != 2*time.Second {
		t.Errorf("%+v", j)
	}
}

func TestSilenceStartsAnew(t *testing.T) {
	for name, again := range map[string]func(*roster.Watch){
		"after our watch was interrupted": func(w *roster.Watch) { w.Restarted(5 * time.Second) },
		"for one that just came": func(w *roster.Watch) {
			w.See(naming(2, me, ids[2]), 4*time.Second)
			w.See(naming(3, me, ids[1], ids[2]), 5*time.Second)
		},
	} {
		w := watching(3)
		w.Observe(record(1), 50, 0)
		w.Died(ids[1])
		again(w)
		w.Observe(record(0), 61, 6*time.Second)
		w.Observe(record(2), 60, 6*time.Second)
		if got := judged(w, 1, roster.Steady, 7*time.Second-1); got.verdict != roster.Silent {
			t.Errorf("%s: %v", name, got)
		}
		if got := judged(w, 1, roster.Steady, 7*time.Second); got != (opinion{roster.Evict, roster.Unheard}) {
			t.Errorf("%s: %v", name, got)
		}
		w.Observe(record(1), 1, 7*time.Second) // the store counts from 1 again
		if got := judged(w, 1, roster.Steady, 7*time.Second); got.verdict != roster.Alive {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAViewKeepsTheSilenceOfWhoStays(t *testing.T) {
	w := watching(3)
	w.See(naming(2, ids[:4]...), 1900*ms)
	w.Observe(record(0), 2, 1900*ms)
	w.Observe(record(2), 1, 1900*ms)
	if got := judged(w, 1, roster.Steady, 2*time.Second); got.verdict != roster.Evict {
		t.Error(got)
	}
	w.Observe(roster.Record{Incarnation: "a stranger"}, 9, 2*time.Second)
	w.Died("a stranger")
}

func TestADeafJudgeIsSilent(t *testing.T) {
	for last, want := range map[time.Duration]opinion{
		3*time.Second - 1250*ms:     {roster.Evict, roster.Unheard},
		3*time.Second - 1250*ms - 1: {roster.Silent, roster.Deaf},
	} {
		w := watching(3)
		w.Observe(record(1), 1, 0)
		w.Observe(record(2), 3, 3*time.Second)
		w.Observe(record(0), 2, last)
		if got := judged(w, 1, roster.Steady, 3*time.Second); got != want {
			t.Errorf("own renewal heard at %v: %v, want %v", last, got, want)
		}
	}
}

// A record from before the store lost it says nothing, though its revision may be met again.
func TestAnOutdatedRecordIsNoGround(t *testing.T) {
	for _, state := range []roster.RecordState{roster.Live, roster.Let, roster.Barred} {
		w := watching(3)
		w.Observe(roster.Record{Incarnation: ids[1], Number: 8, State: state}, 50, 0)
		v := naming(2, ids[:3]...)
		v.Members[1].Proven = 9
		w.See(v, time.Second)
		w.Observe(record(0), 60, 2*time.Second)
		w.Observe(record(2), 61, 2*time.Second)
		if got := judged(w, 1, roster.Leased, 2*time.Second); got != (opinion{roster.Alive, roster.Heard}) {
			t.Errorf("%q: %v", state, got)
		}
		w.Observe(record(0), 62, 3*time.Second)
		if got := judged(w, 1, roster.Steady, 3*time.Second); got != (opinion{roster.Evict, roster.Unheard}) {
			t.Errorf("%q: %v", state, got)
		}
		w.Observe(roster.Record{Incarnation: ids[1], Number: 9, State: roster.Barred}, 70, 5*time.Second)
		if got := judged(w, 1, roster.Leased, 7*time.Second); got != (opinion{roster.Evict, roster.BarredYet}) {
			t.Errorf("%q: %v", state, got)
		}
	}
}

// The last renewal may have been sent just before the bar was stored.
func TestABarIsWaitedForToo(t *testing.T) {
	w := watching(3)
	renew(w, 3, 900*ms)
	w.Observe(roster.Record{Incarnation: ids[1], State: roster.Barred}, 99_999, time.Second)
	w.Observe(roster.Record{Incarnation: ids[1], State: roster.Barred}, 100_000, 2*time.Second) // again, by another
	w.Observe(record(2), 100_001, 2*time.Second)
	for at, want := range map[time.Duration]opinion{
		2 * time.Second: {roster.Alive, roster.Heard}, 3*time.Second - 1: {roster.Silent, roster.NotSteady}, 3 * time.Second: {roster.Evict, roster.BarredYet},
	} {
		if got := judged(w, 1, roster.Leased, at); got != want {
			t.Errorf("at %v: %v, want %v", at, got, want)
		}
	}
}

func TestAProofStartsTheSilenceAnew(t *testing.T) {
	w := watching(3)
	v := naming(2, ids[:3]...)
	v.Members[1].Proven = 9
	w.See(v, time.Second)
	w.Observe(record(0), 60, 3*time.Second)
	w.Observe(record(2), 61, 3*time.Second)
	for at, want := range map[time.Duration]roster.Verdict{3*time.Second - 1: roster.Silent, 3 * time.Second: roster.Evict} {
		j := w.Judge(roster.Steady, at)[1]
		if bar := j.Bar(me); j.Verdict != want || bar != (roster.Record{Incarnation: ids[1], Number: 9, State: roster.Barred, By: me}) {
			t.Errorf("at %v: %+v, %+v", at, j, bar)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	w := roster.NewWatch(me, roster.Timers{})
	v := fleet(100, even)
	w.See(v, 0)
	for b.Loop() {
		w.Judge(roster.Steady, time.Second)
	}
}

// TestNextMeetsEveryChange: whoever looks only when Next says so sees each verdict at the time at which it begins.
func TestNextMeetsEveryChange(t *testing.T) {
	w := watching(5)
	renew(w, 5, 0)
	var at []time.Duration
	last := judged(w, 4, roster.Steady, 0)
	for now := time.Duration(0); now < 20*time.Second; now += w.Next(now) {
		renew(w, 5, now, 4)
		if o := judged(w, 4, roster.Steady, now); o != last {
			last = o
			at = append(at, now)
		}
	}
	if want := []time.Duration{1250 * ms, 2 * time.Second}; !slices.Equal(at, want) {
		t.Errorf("verdicts changed at %v, want %v: silent, evict", at, want)
	}
	w = watching(2)
	renew(w, 2, 0)
	evicted := time.Duration(0)
	for now := time.Duration(0); evicted == 0 && now < 20*time.Second; now += min(w.Next(now), time.Second) {
		renew(w, 2, now, 1)
		if judged(w, 1, roster.Steady, now).verdict == roster.Evict {
			evicted = now
		}
	}
	if evicted != 10*time.Second {
		t.Errorf("half of the members are silent: evicted after %v, want 10 s", evicted)
	}
	if next := roster.NewWatch(me, roster.Timers{}).Next(0); next != time.Hour {
		t.Error("nobody is watched, and yet something is due in", next)
	}
}
