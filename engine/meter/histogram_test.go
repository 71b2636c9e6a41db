package meter_test

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"hayauma.example/engine/meter"
)

func TestBoundsRiseAndHoldBothScales(t *testing.T) {
	bounds := meter.Bounds()
	for i := 1; i < len(bounds); i++ {
		if bounds[i] <= bounds[i-1] {
			t.Fatalf("bound %d is %v after %v", i, bounds[i], bounds[i-1])
		}
	}
	for _, want := range []float64{0.001, 0.004, 16777.216, 1, 4, 4096, math.Ldexp(1, -20)} {
		found := false
		for _, b := range bounds {
			found = found || b == want
		}
		if !found {
			t.Errorf("no bound is %v", want)
		}
	}
}

func TestEveryValueIsBelowItsBounds(t *testing.T) {
	values := []float64{0, 1e-9, 0.001, 0.0010001, 1, 1.5, 1 << 20, 1e9}
	for range 1000 {
		values = append(values, math.Exp(rand.Float64()*50-25))
	}
	var h meter.Histogram
	sum := 0.0
	for _, v := range values {
		h.Observe(v)
		sum += v
	}
	r := h.Read()
	if r.Count() != uint64(len(values)) || math.Abs(r.Sum-sum) > 1e-6*sum {
		t.Errorf("counted %d with sum %v, want %d and %v", r.Count(), r.Sum, len(values), sum)
	}
	for _, b := range meter.Bounds() {
		want := uint64(0)
		for _, v := range values {
			if v <= b {
				want++
			}
		}
		if got := r.Below(b); got != want {
			t.Errorf("%d values up to %v, want %d", got, b, want)
		}
	}
}

func TestNothingIsLostBetweenGoroutines(t *testing.T) {
	var h meter.Histogram
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				h.Took(time.Second)
			}
		})
	}
	all.Wait()
	r, twice := h.Read(), h.Read()
	twice.Add(r)
	if r.Count() != 8000 || r.Sum != 8000 || twice.Count() != 16000 || twice.Sum != 16000 {
		t.Errorf("counted %d with sum %v, and twice %d and %v", r.Count(), r.Sum, twice.Count(), twice.Sum)
	}
}

func BenchmarkObserve(b *testing.B) {
	var h meter.Histogram
	for b.Loop() {
		h.Observe(0.0123)
	}
}
