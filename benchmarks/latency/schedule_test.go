package latency

import (
	"slices"
	"testing"
	"time"
)

func TestScheduleIsFixed(t *testing.T) {
	for _, c := range []struct {
		rate   float64
		length time.Duration
		n      int
		i      int
		due    int64
	}{
		{1000, time.Second, 1000, 0, 500},
		{1000, time.Second, 1000, 1, 1_000_500},
		{1000, time.Second, 1000, 999, 999_000_500},
		{200_000, 3 * time.Second, 600_000, 7, 35_500},
		{3, time.Second, 3, 1, 333_333_833},
		{5e6, 3 * time.Second, 15_000_000, 14_999_999, 2_999_999_800 + 500},
		{0.5, time.Second, 1, 0, 500},
	} {
		s := plan(500, c.rate, c.length)
		if s.n != c.n || s.due(c.i) != c.due {
			t.Errorf("%v/s for %v: %d messages, number %d due at %d; want %d and %d", c.rate, c.length, s.n, c.i, s.due(c.i), c.n, c.due)
		}
	}
}

func TestScheduleNeverGoesBack(t *testing.T) {
	s := plan(12345, 1_234_567.8, 200*time.Millisecond)
	for i := 1; i < s.n; i++ {
		if gap := s.due(i) - s.due(i-1); gap < 809 || gap > 811 {
			t.Fatalf("%d ns between %d and %d", gap, i-1, i)
		}
	}
	if end := s.due(s.n); end > s.start+int64(200*time.Millisecond) {
		t.Fatalf("the schedule ends at %d", end)
	}
}

func TestShare(t *testing.T) {
	if got := share(1000, 0.9); got != 900 {
		t.Errorf("got %v", got)
	}
	if got := share(0, 0.9); got != 1 {
		t.Errorf("of nothing: got %v", got)
	}
	w := way{fixed: 77}
	if got := (load{share: 0.5}).rate(1000, w); got != 500 {
		t.Errorf("half: got %v", got)
	}
	if got := (load{}).rate(1000, w); got != 77 {
		t.Errorf("fixed: got %v", got)
	}
}

// Each actor gets about as many, and neighbours get messages of no pattern.
func TestPickSpreads(t *testing.T) {
	const actors, n = 1000, 1_000_000
	var count [actors]int
	same := 0
	for i := range n {
		a := pick(i, actors)
		if a != pick(i, actors) {
			t.Fatal("not the same twice")
		}
		if i > 0 && a == pick(i-1, actors) {
			same++
		}
		count[a]++
	}
	if low, high := slices.Min(count[:]), slices.Max(count[:]); low < 800 || high > 1200 {
		t.Errorf("%d to %d messages per actor, 1000 expected", low, high)
	}
	if same < 800 || same > 1200 {
		t.Errorf("%d of %d go to the actor of the one before, 1000 expected", same, n)
	}
}

func TestNap(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{
		0:                      0,
		time.Millisecond:       0,
		2 * time.Millisecond:   0,
		2*time.Millisecond + 1: 500*time.Microsecond + 1,
		time.Second:            time.Second - 1500*time.Microsecond,
	} {
		if got := nap(left); got != want {
			t.Errorf("%v left: nap of %v, want %v", left, got, want)
		}
	}
}

func TestSamples(t *testing.T) {
	s, err := newSamples(6)
	if err != nil {
		t.Fatal(err)
	}
	copy(s, samples{5000, missing, 1000, 0, missing, 3000})
	by := schedule{start: 100, rate: 1e6, n: 6} // one each 1000 ns, until 6100
	if last, inTime := s.ends(by); last != 100+5*1000+3000 || inTime != 3 {
		t.Errorf("the last at %d, %d in time", last, inTime)
	}
	sorted := s.sorted()
	if !slices.Equal(sorted, samples{0, 1000, 3000, 5000}) {
		t.Fatalf("got %v", sorted)
	}
	if got := []float64{sorted.micros(50), sorted.micros(75), sorted.micros(100), samples(nil).micros(50)}; !slices.Equal(got, []float64{1, 3, 5, 0}) {
		t.Errorf("got %v", got)
	}
	if err := s.free(); err != nil {
		t.Error(err)
	}
}

// The generator sends nothing before it is due, and says how late it was.
func TestGenerate(t *testing.T) {
	c := startClock()
	s := plan(c.now()+int64(time.Millisecond), 200, 25*time.Millisecond)
	late, err := newSamples(s.n)
	if err != nil {
		t.Fatal(err)
	}
	var at []int64
	sent, err := generate(t.Context(), c, s, late, func(i int, due int64) {
		if due != s.due(i) {
			t.Errorf("message %d is due at %d, sent for %d", i, s.due(i), due)
		}
		at = append(at, c.now())
	})
	if err != nil || sent != 5 || len(at) != 5 {
		t.Fatalf("%d were sent, %v", sent, err)
	}
	for i, now := range at {
		if late[i] < 0 || now-s.due(i) < late[i] {
			t.Errorf("message %d, due at %d, was sent at %d, said to be %d late", i, s.due(i), now, late[i])
		}
	}
}
