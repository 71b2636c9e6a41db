package linesim

import (
	"math"
	"math/rand/v2"
	"time"
)

// fault is what befalls a request.
type fault uint8

const (
	noFault fault = iota
	unauthorized
	rateLimited
	monthlyLimited
	concurrencyLimited
	errorBefore
	resetBefore
	errorAfter
	resetAfter
	timeoutAfter
)

// Fate is what chance has in store for one request: drawn before it is decided, so that the core needs no timer.
type Fate struct {
	Wait    time.Duration // before the decision, whether or not the client still waits
	Latency time.Duration // between decision and answer
	fault   fault
}

// dice draws fates.
type dice struct {
	faults Faults
	rng    *rand.Rand
}

func newDice(f Faults) *dice { return &dice{f, rand.New(rand.NewPCG(f.Seed, 0x11ce))} }

// draw gives a request at most one fault, and its times.
func (d *dice) draw() Fate {
	f := &d.faults
	var fate Fate
	if f.Slow > 0 && d.rng.Float64() < f.Slow {
		fate.Wait = f.SlowBy
	}
	fate.Latency = d.latency()
	for _, c := range [...]struct {
		p float64
		fault
	}{
		{f.Unauthorized, unauthorized}, {f.RateLimit, rateLimited}, {f.Monthly, monthlyLimited}, {f.Concurrency, concurrencyLimited},
		{f.ErrorBefore, errorBefore}, {f.Reset, resetBefore}, {f.ErrorAfter, errorAfter}, {f.TimeoutAfter, timeoutAfter},
	} {
		if c.p > 0 && d.rng.Float64() < c.p {
			fate.fault = c.fault
			break
		}
	}
	if fate.fault == resetBefore && d.rng.IntN(2) == 1 {
		fate.fault = resetAfter
	}
	return fate
}

// latency is log-normal where a 99th percentile is given: median · exp(σz) with σ = ln(p99/median) / 2.326.
func (d *dice) latency() time.Duration {
	f := &d.faults
	if f.LatencyP99 == 0 {
		return f.Latency
	}
	sigma := math.Log(float64(f.LatencyP99)/float64(f.Latency)) / 2.3263478740408408
	z := min(max(d.rng.NormFloat64(), -4), 4)
	return time.Duration(float64(f.Latency) * math.Exp(sigma*z))
}
