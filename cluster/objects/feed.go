package objects

import (
	"context"
	"iter"
	"slices"
	"time"
)

// hub has the watches of one client and one kind; guarded by the Memory's mu.
type hub[T any] struct {
	client *Client
	op     Op
	feeds  []*feed[T]
}

func newHub[T any](c *Client, op Op) *hub[T] { return &hub[T]{client: c, op: op} }

// push tells all watches something, unless its fault interrupts them.
func (h *hub[T]) push(s Sight[T]) {
	if h.client.cut {
		return
	}
	for _, f := range h.feeds {
		fault := h.client.fault(h.op)
		if fault.LoseAnswer {
			f.restart()
			continue
		}
		f.add(s, fault.Answer+h.client.lag)
	}
}

// restart makes all watches begin again with what stands now. A client that is cut off learns it when it is healed.
func (h *hub[T]) restart(all []Sight[T]) {
	if h.client.cut {
		return
	}
	for _, f := range h.feeds {
		f.begin(all)
	}
}

// feed is what is on its way to one watch, in order; guarded by the Memory's mu.
type feed[T any] struct {
	hub     *hub[T]
	current func() []Sight[T]
	queue   []due[T]
	newest  time.Time
	wake    chan struct{} // holds one
}

type due[T any] struct {
	at    time.Time
	sight Sight[T]
}

func (f *feed[T]) restart() { f.begin(f.current()) }

// begin drops what is on its way.
func (f *feed[T]) begin(all []Sight[T]) {
	f.queue, f.newest = nil, time.Time{}
	fault := f.hub.client.fault(f.hub.op)
	delay := fault.Answer + f.hub.client.lag
	f.add(Sight[T]{Event: Began}, delay)
	for _, s := range all {
		f.add(s, delay)
	}
}

func (f *feed[T]) add(s Sight[T], delay time.Duration) {
	at := time.Now().Add(delay)
	if at.Before(f.newest) {
		at = f.newest
	}
	f.newest = at
	f.queue = append(f.queue, due[T]{at, s})
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// follow tells one watch what is due. A client that is cut off hears nothing until it is healed.
func follow[T any](ctx context.Context, h *hub[T], current func() []Sight[T]) iter.Seq[Sight[T]] {
	return func(yield func(Sight[T]) bool) {
		f := &feed[T]{hub: h, current: current, wake: make(chan struct{}, 1)}
		f.open()
		defer f.close()
		for {
			s, ok := f.next(ctx)
			if !ok || !yield(s) {
				return
			}
		}
	}
}

func (f *feed[T]) open() {
	f.hub.client.m.mu.Lock()
	defer f.hub.client.m.mu.Unlock()
	f.hub.feeds = append(f.hub.feeds, f)
	if !f.hub.client.cut {
		f.restart()
	}
}

func (f *feed[T]) close() {
	f.hub.client.m.mu.Lock()
	defer f.hub.client.m.mu.Unlock()
	f.hub.feeds = slices.DeleteFunc(f.hub.feeds, func(o *feed[T]) bool { return o == f })
}

func (f *feed[T]) next(ctx context.Context) (Sight[T], bool) {
	for ctx.Err() == nil {
		s, ready, wait := f.take()
		if ready {
			return s, true
		}
		f.sleep(ctx, wait)
	}
	return Sight[T]{}, false
}

// take gives what is due, or says when to look again; 0 is when woken.
func (f *feed[T]) take() (s Sight[T], ready bool, wait time.Duration) {
	f.hub.client.m.mu.Lock()
	defer f.hub.client.m.mu.Unlock()
	if len(f.queue) == 0 || f.hub.client.cut {
		return s, false, 0
	}
	if wait = max(time.Until(f.queue[0].at), f.hub.client.heldFor(0)); wait > 0 {
		return s, false, wait
	}
	s, f.queue = f.queue[0].sight, f.queue[1:]
	return s, true, 0
}

func (f *feed[T]) sleep(ctx context.Context, wait time.Duration) {
	var alarm <-chan time.Time
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		alarm = t.C
	}
	select {
	case <-alarm:
	case <-f.wake:
	case <-ctx.Done():
	}
}
