package actors

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/benchmarks/pipeline"
)

// fits checks that no stretch of the times holds more than its length and the slack allow.
func fits(t *testing.T, times []time.Duration, rate int) {
	t.Helper()
	for i := range times {
		for j := i; j < len(times); j += 7 {
			if allowed := int((times[j]-times[i]+pipeline.PaceSlack)*time.Duration(rate)/time.Second) + 1; j-i+1 > allowed {
				t.Fatalf("%d permits from %s to %s, %d are allowed", j-i+1, times[i], times[j], allowed)
			}
		}
	}
}

// The pace of goroutines and channels, in virtual time: many wait, one clock is read.
func TestPaceOfChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 200
		ctx, cancel := context.WithCancel(t.Context())
		c := &channels{desk: &desk{ctx: ctx, job: pipeline.Job{Rate: rate}}, permits: make(chan struct{})}
		go c.pace()
		start, taken := time.Now(), make(chan time.Duration)
		for range 50 {
			go func() {
				for {
					select {
					case <-c.permits:
					case <-ctx.Done():
						return
					}
					select {
					case taken <- time.Since(start):
					case <-ctx.Done():
						return
					}
				}
			}()
		}
		var times []time.Duration
		for range 2 * rate {
			times = append(times, <-taken)
		}
		slices.Sort(times)
		fits(t, times, rate)
		if last := times[len(times)-1]; last < 1990*time.Millisecond || last > 2010*time.Millisecond {
			t.Errorf("%d permits took %s, want 2 s", len(times), last)
		}
		cancel()
		synctest.Wait()
	})
}

func drain(g *gate[string], now time.Time) (names string) {
	for p, ok := g.next(now); ok; p, ok = g.next(now) {
		names += p
	}
	return names
}

func TestGateAdmitsInOrderByPlaces(t *testing.T) {
	var now time.Time
	g := gate[string]{places: 2}
	for _, p := range []string{"a", "b", "c", "d"} {
		g.want(p)
	}
	if got := drain(&g, now); got != "" {
		t.Errorf("%s called before the gate was opened", got)
	}
	g.open(0, now)
	if got := drain(&g, now); got != "ab" {
		t.Errorf("got %s", got)
	}
	g.free()
	g.want("a")
	if got := drain(&g, now); got != "c" {
		t.Errorf("got %s", got)
	}
	g.free()
	g.free()
	if got := drain(&g, now); got != "da" {
		t.Errorf("got %s", got)
	}
}

func TestGateWithALimitUsesItsPlacesWhenPermitsCome(t *testing.T) {
	start := time.Unix(0, 0)
	g := gate[string]{places: 3}
	for range 9 {
		g.want("x")
	}
	g.open(100, start)
	for _, step := range []struct {
		at   time.Duration
		want string
	}{{0, "x"}, {9 * time.Millisecond, ""}, {10 * time.Millisecond, "x"}, {time.Second, "x"}, {2 * time.Second, ""}} {
		if got := drain(&g, start.Add(step.at)); got != step.want {
			t.Errorf("after %s: got %q, want %q", step.at, got, step.want)
		}
	}
}

func TestGateTellsWhenAllWait(t *testing.T) {
	for _, early := range []int{0, 1, 3} {
		ready := make(chan struct{})
		var g gate[int]
		for i := range early {
			g.want(i)
		}
		g.expect(expect{posters: 3, ready: ready})
		for i := early; i < 3; i++ {
			select {
			case <-ready:
				t.Errorf("ready with %d of 3", i)
			default:
			}
			g.want(i)
		}
		select {
		case <-ready:
		default:
			t.Errorf("not ready, %d came early", early)
		}
	}
}
