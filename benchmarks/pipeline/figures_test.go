package pipeline

import (
	"math"
	"testing"
	"time"
)

func TestFigures(t *testing.T) {
	due := time.Unix(1000, 0)
	a := newArrivals(4)
	for i := range 4 {
		a.add(recipient(i).UserID, due.Add(time.Duration(i+1)*500*time.Millisecond))
	}
	m := measurement{
		due: due, latency: time.Millisecond, finished: due.Add(4 * time.Second), accept: 250 * time.Millisecond,
		ready: 750 * time.Millisecond, cpu: 0.4, sendCPU: 0.3, peak: 3e6, busy: 1, goroutines: 9, ledger: ledger{Throttled: 5, Peak: 6}, arrivals: a,
	}
	r := m.result()
	want := map[string]float64{
		rate: 2, cpu: 10_000, sendCPU: 7_500, readyAfter: 0.75, peakRSS: 3, goroutines: 9, calls: 6, lateP50: 1000, lateP99: 2000, accept: 0.25, refused: 5, twice: 0,
		busy: 25,
	}
	for name, w := range want {
		if got, ok := r.Figures[name]; !ok || math.Abs(got-w) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, got, w)
		}
	}
	if len(r.Figures) != len(want) || r.Sent != 4 || r.Lost != 0 || r.Seconds != 2 {
		t.Errorf("%+v", r)
	}
	m.latency, m.goroutines, m.finished, m.cpu, m.sendCPU = 0, 0, due.Add(time.Millisecond), 0.19, 0
	r = m.result()
	for _, name := range []string{calls, goroutines, busy, cpu, sendCPU} {
		if v, ok := r.Figures[name]; ok {
			t.Errorf("%s can't be told, and is %v", name, v)
		}
	}
	m.arrivals = newArrivals(4)
	if r = m.result(); r.Lost != 4 || r.Figures[rate] != 0 || m.check() != nil {
		t.Errorf("nobody was reached: %+v, %v", r, m.check())
	}
}

// Every figure that a cell may have has a column.
func TestColumns(t *testing.T) {
	for _, first := range []string{rate, cpu} {
		all := figures(first)
		if all[0].Name != first {
			t.Errorf("%s is not the first of %v", first, all)
		}
		seen := map[string]bool{}
		for _, f := range all {
			seen[f.Name] = true
		}
		for _, name := range []string{rate, cpu, sendCPU, readyAfter, peakRSS, goroutines, calls, lateP50, lateP99, accept, refused, twice, busy} {
			if !seen[name] {
				t.Errorf("%s has no column", name)
			}
		}
	}
}
