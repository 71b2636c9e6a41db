package queues

import (
	"context"
	"time"

	"hayauma.example/benchmarks/pipeline"
)

// pace hands out turns at the rate that all systems keep; its one goroutine reads the clock alone, so that it can't be overrun. A nil
// pace has no limit.
type pace struct {
	turns chan struct{}
	rate  int // turns a second
}

// newPace makes a pace of rate turns a second; 0 has no limit. Nothing passes before it runs.
func newPace(rate int) *pace {
	if rate <= 0 {
		return nil
	}
	return &pace{turns: make(chan struct{}), rate: rate}
}

// run hands out turns, the first at once, until ctx ends.
func (p *pace) run(ctx context.Context) {
	if p == nil {
		return
	}
	pacer := pipeline.NewPacer(p.rate, time.Now())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(pacer.Reserve(time.Now()))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		select {
		case p.turns <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}

// wait takes a turn.
func (p *pace) wait(ctx context.Context) error {
	if p == nil {
		return nil
	}
	select {
	case <-p.turns:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
