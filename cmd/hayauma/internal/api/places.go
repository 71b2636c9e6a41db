package api

import (
	"context"
	"sync"
	"time"
)

const (
	maxUploads = 8               // submissions at once
	leaveTime  = 2 * time.Second // that a sender who was sent away gets to leave its place
)

// places are what submissions under way take, so that their memory is bounded. Where all are taken, the slowest sender has to go,
// if it is slow.
type places struct {
	free chan struct{} // holds one value for each place that is taken

	mu     sync.Mutex
	bodies map[*patience]patient
}

func newPlaces(most int) *places {
	return &places{free: make(chan struct{}, most), bodies: map[*patience]patient{}}
}

// take is false where no place is to be had.
func (p *places) take(ctx context.Context, body patient) bool {
	select {
	case p.free <- struct{}{}:
	default:
		if !p.evictSlowest() || !p.wait(ctx) {
			return false
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bodies[body.patience] = body
	return true
}

// settle says that nothing more is expected of a sender: it is not sent away any more, and keeps its place.
func (p *places) settle(body patient) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.bodies, body.patience)
}

// leave gives a place back that take gave.
func (p *places) leave(body patient) {
	p.mu.Lock()
	delete(p.bodies, body.patience)
	p.mu.Unlock()
	<-p.free
}

func (p *places) wait(ctx context.Context) bool {
	timeout := time.NewTimer(leaveTime)
	defer timeout.Stop()
	select {
	case p.free <- struct{}{}:
		return true
	case <-timeout.C:
	case <-ctx.Done():
	}
	return false
}

// evictSlowest sends one away who is not yet on the way out.
func (p *places) evictSlowest() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	var slowest *patience
	least := float64(paceSafe)
	for body := range p.bodies {
		if rate, known := body.rate(); known && rate < least && !body.evicted.Load() {
			slowest, least = body, rate
		}
	}
	if slowest == nil {
		return false
	}
	p.bodies[slowest].evict()
	return true
}
