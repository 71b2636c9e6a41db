package channel

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// line is a simulated gate with a way to the channel of changing length.
type line struct {
	asks   time.Duration // when it asks next
	spent  []report
	out    time.Duration // longest way of a question
	in     time.Duration // longest way of an answer
	idle   time.Duration // longest time before a token is used
	silent bool          // never reports
	wants  int           // calls that wait at each question
}

type report struct {
	grant  uint64
	starts []time.Duration
	unused int
}

// simulate runs gates against one limiter until end and returns the times of all starts. dies are the times at which the limiter starts afresh.
func simulate(rng *rand.Rand, limit int, gates []*line, end time.Duration, dies ...time.Duration) (starts []time.Duration) {
	var grants uint64
	born := time.Duration(0)
	l := newLimiter(limit, 0)
	upTo := func(d time.Duration) time.Duration { return time.Duration(rng.Int64N(int64(d) + 1)) }
	arrival := make([]time.Duration, len(gates))
	for i, g := range gates {
		arrival[i] = g.asks + upTo(g.out)
	}
	for {
		i := 0
		for j := range arrival {
			if arrival[j] < arrival[i] {
				i = j
			}
		}
		g, now := gates[i], arrival[i]
		if now >= end {
			return starts
		}
		for len(dies) > 0 && now >= dies[0] {
			born, dies = dies[0], dies[1:]
			l = newLimiter(limit, 0)
		}
		since := now - born
		if !g.silent {
			for _, r := range g.spent {
				var ago []time.Duration
				for _, at := range r.starts {
					ago = append(ago, g.asks-at)
				}
				l.report(r.grant, ago, r.unused, since)
			}
		}
		g.spent = nil
		n, _ := l.room(since)
		n = min(n, g.wants)
		back := now + upTo(g.in)
		next := back + max(l.again(g.wants, since), time.Millisecond)
		if n > 0 {
			grants++
			l.take(grants, n, since)
			r := report{grant: grants}
			for range n {
				at := back + upTo(g.idle)
				if at > g.asks+TokenLife {
					r.unused++
					continue
				}
				r.starts = append(r.starts, at)
				starts = append(starts, at)
				next = max(next, at)
			}
			g.spent = append(g.spent, r)
			next = max(back+max(l.again(g.wants, since), time.Millisecond), next)
		}
		g.asks = next
		arrival[i] = next + upTo(g.out)
	}
}

// most is the highest number of starts within any closed second.
func most(starts []time.Duration) int {
	slices.Sort(starts)
	n, lo := 0, 0
	for hi, at := range starts {
		for at-starts[lo] > time.Second {
			lo++
		}
		n = max(n, hi-lo+1)
	}
	return n
}

// TestNeverMoreThanTheLimit: whatever the delays of questions, answers, starts and reports, and however often the channel starts afresh.
func TestNeverMoreThanTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{1, 2, 3, 10, 49, 60, 200, 2000}).Draw(t, "limit")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		ms := rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.IntRange(0, 100).Draw(t, "ms")) * time.Millisecond
		})
		var gates []*line
		for range rapid.IntRange(1, 3).Draw(t, "gates") {
			gates = append(gates, &line{
				asks: ms.Draw(t, "first"), out: ms.Draw(t, "out"), in: ms.Draw(t, "in"), idle: ms.Draw(t, "idle"),
				silent: rapid.IntRange(0, 4).Draw(t, "silent") == 0,
				wants:  rapid.SampledFrom([]int{1, 7, 5000}).Draw(t, "wants"),
			})
		}
		var dies []time.Duration
		for range rapid.IntRange(0, 3).Draw(t, "dies") {
			dies = append(dies, time.Duration(rapid.IntRange(0, 5000).Draw(t, "die"))*time.Millisecond)
		}
		slices.Sort(dies)
		if got := most(simulate(rng, limit, gates, 5*time.Second, dies...)); got > limit {
			t.Fatalf("%d calls started within one second, the limit is %d", got, limit)
		}
	})
}

// TestLimitIsUsed: with work waiting, at least 98 % of the limit over any 10 s, evenly, and a bucket of one second never runs dry.
func TestLimitIsUsed(t *testing.T) {
	for _, limit := range []int{1, 2, 10, 49, 60, 99, 200, 2000, 20000} {
		for _, way := range []time.Duration{0, 500 * time.Microsecond, 3 * time.Millisecond} {
			rng := rand.New(rand.NewPCG(uint64(limit), uint64(way)))
			gates := []*line{{out: way, in: way, idle: way / 4, wants: 1 << 20}}
			starts := simulate(rng, limit, gates, 22*time.Second)
			if got := most(starts); got > limit {
				t.Errorf("limit %d, way %v: %d within one second", limit, way, got)
			}
			for from := 2 * time.Second; from+10*time.Second <= 22*time.Second; from += 500 * time.Millisecond {
				if got, want := within(starts, from, from+10*time.Second), limit*10*98/100; got < want {
					t.Fatalf("limit %d, way %v: %d calls in the 10 s from %v, want %d", limit, way, got, from, want)
				}
			}
			for from := 3 * time.Second; limit >= 60 && from < 21*time.Second; from += 100 * time.Millisecond {
				if got, want := within(starts, from, from+100*time.Millisecond), limit/10*7/10-1; got < want {
					t.Fatalf("limit %d, way %v: %d calls in the 100 ms from %v, want %d: not spread", limit, way, got, from, want)
				}
			}
			if at, ok := bucketDry(starts, limit); ok {
				t.Errorf("limit %d, way %v: a bucket of one second would have answered 429 at %v", limit, way, at)
			}
		}
	}
}

func within(starts []time.Duration, from, to time.Duration) int {
	lo, _ := slices.BinarySearch(starts, from)
	hi, _ := slices.BinarySearch(starts, to)
	return hi - lo
}

// bucketDry plays the starts against a token bucket of one second's capacity.
func bucketDry(starts []time.Duration, limit int) (time.Duration, bool) {
	level, last := float64(limit), time.Duration(0)
	for _, at := range starts {
		level = min(float64(limit), level+(at-last).Seconds()*float64(limit))
		last = at
		if level--; level < 0 {
			return at, true
		}
	}
	return 0, false
}

// TestGatesShare is about one log for several gates: together they use the limit.
func TestGatesShare(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	gates := []*line{{wants: 1 << 20, out: time.Millisecond}, {wants: 1 << 20, in: time.Millisecond}, {wants: 1 << 20}}
	starts := simulate(rng, 200, gates, 12*time.Second)
	if got := most(starts); got > 200 {
		t.Errorf("%d within one second", got)
	}
	if got := within(starts, 2*time.Second, 12*time.Second); got < 1960 {
		t.Errorf("%d calls in 10 s, want at least 1960", got)
	}
}

func TestGrantsAtOnce(t *testing.T) {
	for limit, want := range map[int]int{1: 1, 49: 1, 50: 1, 100: 2, 200: 4, 2000: 40} {
		p := newPace(limit, 0)
		now := 10 * time.Second
		if got := p.due(now); got != want {
			t.Errorf("limit %d after idling: %d at once, want %d", limit, got, want)
		}
		p.take(want, now)
		if got := p.due(now); got != 0 {
			t.Errorf("limit %d: %d more at the same time", limit, got)
		}
	}
}

func TestThrottle(t *testing.T) {
	var h throttle
	steps := []struct{ at, until time.Duration }{
		{0, 1000}, {500, 1000}, {1000, 3000}, {2999, 3000}, {3100, 7100}, {7200, 15200}, {15300, 23300}, {33300, 34300}, {34300, 36300},
	}
	for _, s := range steps {
		h.trouble(1, s.at*time.Millisecond)
		if want := s.until * time.Millisecond; h.until != want {
			t.Errorf("trouble at %v: stopped until %v, want %v", s.at*time.Millisecond, h.until, want)
		}
	}
}

func TestFreshActivation(t *testing.T) {
	l := newLimiter(200, 0)
	for now := time.Duration(0); now <= 100*time.Millisecond; now += time.Millisecond {
		if n, why := l.room(now); n != 0 || why == Allowed {
			t.Fatalf("%d tokens %v after activation: %s", n, now, why)
		}
	}
	if n, _ := l.room(180 * time.Millisecond); n == 0 {
		t.Error("nothing 180 ms after activation")
	}
	l = newLimiter(1, 0)
	if n, _ := l.room(1100 * time.Millisecond); n != 0 {
		t.Error("limit 1: a token before an earlier call is surely a second old")
	}
	if n, _ := l.room(1101 * time.Millisecond); n != 1 {
		t.Error("limit 1: no token when every earlier call is a second old")
	}
}

func TestChangeOfLimit(t *testing.T) {
	l := newLimiter(0, 0)
	if _, why := l.room(0); why != Allowed {
		t.Fatalf("without a limit: %s", why)
	}
	l.change(10, 5*time.Second)
	if _, why := l.room(6 * time.Second); why != LogFull {
		t.Errorf("a limit after none, at once: %s, want %s", why, LogFull)
	}
	now := 7 * time.Second
	if n, _ := l.room(now); n != 1 {
		t.Fatalf("%d tokens, want 1", n)
	}
	for i := range 10 {
		l.take(uint64(i), 1, now)
	}
	l.change(5, now)
	if _, why := l.room(now + 500*time.Millisecond); why != LogFull {
		t.Errorf("lowered below what is held: %s", why)
	}
	l.change(20, now)
	if n, why := l.room(now + 500*time.Millisecond); n != 1 {
		t.Errorf("raised: %d tokens, %s", n, why)
	}
	l.change(0, now)
	if _, why := l.room(now); why != Allowed {
		t.Errorf("limit taken away: %s", why)
	}
}

func TestUnusedFreesAtOnce(t *testing.T) {
	l := newLog(2)
	l.take(1, 2, 0)
	if l.room(10*time.Millisecond) != 0 {
		t.Fatal("two of two places are held")
	}
	l.report(1, []time.Duration{5 * time.Millisecond}, 1, 10*time.Millisecond)
	if got := l.room(10 * time.Millisecond); got != 1 {
		t.Errorf("%d free after one was unused, want 1", got)
	}
	l.report(1, []time.Duration{0}, 1, 20*time.Millisecond)
	if got := l.room(20 * time.Millisecond); got != 1 {
		t.Errorf("%d free after the report came twice, want 1", got)
	}
	if got := l.freeAt(2, 20*time.Millisecond); got != 1006*time.Millisecond {
		t.Errorf("the other is free at %v, want a slot after 1.005 s", got)
	}
}

// TestFreshActivationAfterTheWorst: the earlier activation was idle, then granted as fast as it may until its end, each token was used as
// late as it may be, and the fresh one grants as fast as it may, each token used at once.
func TestFreshActivationAfterTheWorst(t *testing.T) {
	for _, limit := range []int{1, 2, 3, 20, 49, 50, 200, 2000} {
		for busy := 10 * time.Millisecond; busy <= 1300*time.Millisecond; busy += 10 * time.Millisecond {
			const end = 10 * time.Second
			var starts []time.Duration
			run := func(from, until, born, late time.Duration) {
				l := newLimiter(limit, 0)
				for now, id := from, uint64(0); now <= until; now += time.Millisecond {
					if n, _ := l.room(now - born); n > 0 {
						id++
						l.take(id, n, now-born)
						for range n {
							starts = append(starts, now+late)
						}
						if late == 0 {
							l.report(id, make([]time.Duration, n), 0, now-born)
						}
					}
				}
			}
			run(end-busy, end, 0, TokenLife)
			run(end, end+2500*time.Millisecond, end, 0)
			if got := most(starts); got > limit {
				t.Fatalf("limit %d, busy for %v: %d starts within one second", limit, busy, got)
			}
		}
	}
}

// TestThrottleIgnoresNoise: a refusal now and then is its poster's business; only where more than a tenth are refused does the endpoint stop,
// and longer only while nothing at all is accepted.
func TestThrottleIgnoresNoise(t *testing.T) {
	var h throttle
	h.fine = 90
	if h.trouble(10, 0); h.until != 0 {
		t.Fatalf("stopped until %v for a tenth", h.until)
	}
	if h.trouble(1, 0); h.until != throttleFirst {
		t.Fatalf("stopped until %v for more than a tenth, want %v", h.until, throttleFirst)
	}
	now := h.until
	h.fine = 2
	if h.trouble(1, now); h.until != now+throttleFirst {
		t.Fatalf("stopped until %v although calls were accepted in between, want %v", h.until, now+throttleFirst)
	}
	now = h.until
	if h.trouble(1, now); h.until != now+2*throttleFirst {
		t.Fatalf("stopped until %v where nothing was accepted, want %v", h.until, now+2*throttleFirst)
	}
}
