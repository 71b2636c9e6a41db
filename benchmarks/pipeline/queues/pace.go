package queues

import (
	"context"
	"time"
)

// pace hands out one turn after another at a rate; its one goroutine reads the clock alone, so that it can't be overrun. A nil pace
// has no limit.
type pace struct {
	turns    chan struct{}
	interval time.Duration
}

// slack is how far a pace that was held up catches up; LINE's bucket holds a whole second.
const slack = 20 * time.Millisecond

// newPace makes a pace of rate turns a second; 0 has no limit. Nothing passes before it runs.
func newPace(rate int) *pace {
	if rate <= 0 {
		return nil
	}
	return &pace{turns: make(chan struct{}), interval: time.Second / time.Duration(rate)}
}

// run hands out turns until ctx ends.
func (p *pace) run(ctx context.Context) {
	if p == nil {
		return
	}
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
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
		now := time.Now()
		next = following(next, now, p.interval)
		timer.Reset(next.Sub(now))
	}
}

// following is when the turn after one that was due at last and taken at now is due.
func following(last, now time.Time, interval time.Duration) time.Time {
	next := last.Add(interval)
	if oldest := now.Add(-slack); next.Before(oldest) {
		return oldest
	}
	return next
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
