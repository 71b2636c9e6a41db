package message

import (
	"container/heap"
	"context"
	"errors"
	"sync"

	"hayauma.example/actors"
)

// loadBytes is taken for a message whose size isn't known yet.
const loadBytes = actors.MaxMessageBytes

// budgets bound what a node's books hold of messages that are loaded or with posters, by channel: so one that stands still holds up no other.
type budgets struct {
	limit int

	mu       sync.Mutex
	channels map[string]*budget // guarded by mu; of those with shares
}

func newBudgets(limit int) *budgets { return &budgets{limit: limit, channels: map[string]*budget{}} }

// budget is one channel's. Who finds no room waits, and gets it in the order of due times.
type budget struct {
	of      *budgets
	channel string

	shares  int     // guarded by of.mu, as all below
	held    int     // bytes
	waiting waiters // a heap
}

// share is what one activation of a book holds of a budget.
type share struct {
	from *budget
	held int  // guarded by from.of.mu
	over bool // guarded by from.of.mu; the activation has ended
}

// waiter is a share that waits for loadBytes.
type waiter struct {
	share   *share
	at      int64 // when the message for which it waits is due
	index   int   // in the heap; -1: it has left
	granted chan struct{}
}

// share begins to take part in a channel's budget.
func (s *budgets) share(channel string) *share {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.channels[channel]
	if b == nil {
		b = &budget{of: s, channel: channel}
		s.channels[channel] = b
	}
	b.shares++
	return &share{from: b}
}

var errEnded = errors.New("message: the book has ended")

// take waits for loadBytes for a message that is due at a time.
func (h *share) take(ctx context.Context, at int64) error {
	b := h.from
	b.of.mu.Lock()
	if h.over {
		b.of.mu.Unlock()
		return errEnded
	}
	w := &waiter{share: h, at: at, granted: make(chan struct{})}
	heap.Push(&b.waiting, w)
	b.grant()
	b.of.mu.Unlock()
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
	}
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	if w.index < 0 {
		return nil // just now
	}
	heap.Remove(&b.waiting, w.index)
	return context.Cause(ctx)
}

// try takes loadBytes if there is room: where anybody waits there is none.
func (h *share) try() bool {
	b := h.from
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	if h.over || !b.fits() {
		return false
	}
	h.add(loadBytes)
	return true
}

// give gives bytes back; less than none takes more.
func (h *share) give(bytes int) {
	h.from.of.mu.Lock()
	defer h.from.of.mu.Unlock()
	if !h.over {
		h.add(-bytes)
		h.from.grant()
	}
}

// end gives back what the activation holds.
func (h *share) end() {
	b := h.from
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	h.over = true
	h.add(-h.held)
	b.grant()
	if b.shares--; b.shares == 0 {
		delete(b.of.channels, b.channel)
	}
}

func (h *share) add(bytes int) {
	h.held += bytes
	h.from.held += bytes
}

// fits tells whether there is room for one more message: always for the first.
func (b *budget) fits() bool { return b.held == 0 || b.held+loadBytes <= b.of.limit }

func (b *budget) grant() {
	for len(b.waiting) > 0 && b.fits() {
		w := heap.Pop(&b.waiting).(*waiter)
		if !w.share.over {
			w.share.add(loadBytes)
		}
		close(w.granted)
	}
}

// waiters is a heap by due time.
type waiters []*waiter

// Len implements heap.Interface.
func (q waiters) Len() int { return len(q) }

// Less implements heap.Interface.
func (q waiters) Less(i, j int) bool { return q[i].at < q[j].at }

// Swap implements heap.Interface.
func (q waiters) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push implements heap.Interface.
func (q *waiters) Push(x any) {
	w := x.(*waiter)
	w.index = len(*q)
	*q = append(*q, w)
}

// Pop implements heap.Interface.
func (q *waiters) Pop() any {
	last := len(*q) - 1
	w := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	w.index = -1
	return w
}
