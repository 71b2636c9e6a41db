package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// maxHeld bounds the messages that wait for their grain's member to be settled.
const maxHeld = 1 << 14

// heldKey names a grain.
type heldKey struct {
	kind *core
	id   string
}

// heldMessage is a message that waits, with how often it has gone on to another member.
type heldMessage struct {
	envelope
	hops uint8
}

// held keeps messages to grains whose member is being settled, in order for each grain.
type held struct {
	soon   atomic.Bool  // a retry is due in a moment
	grains atomic.Int64 // that messages wait for, or are just being sent on to

	mu      sync.Mutex
	count   int                       // messages; guarded by mu
	waiting map[heldKey][]heldMessage // guarded by mu
}

// add keeps a message; with only it does so only behind others to the same grain, which must not be overtaken. False: it is not kept.
func (h *held) add(k *core, id string, n *envelope, hops uint8, only bool) (kept, full bool) {
	key := heldKey{k, id}
	h.mu.Lock()
	defer h.mu.Unlock()
	queue, ok := h.waiting[key]
	switch {
	case only && !ok:
		return false, false
	case h.count >= maxHeld:
		return false, true
	}
	if h.waiting == nil {
		h.waiting = map[heldKey][]heldMessage{}
	}
	h.waiting[key] = append(queue, heldMessage{*n, hops})
	h.count++
	h.grains.Store(int64(len(h.waiting)))
	return true, false
}

// keys returns the grains that messages wait for.
func (h *held) keys() []heldKey {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]heldKey, 0, len(h.waiting))
	for key := range h.waiting {
		out = append(out, key)
	}
	return out
}

// take returns what waits for a grain, or forgets it where nothing does. Between the two, what comes queues up behind.
func (h *held) take(key heldKey) []heldMessage {
	h.mu.Lock()
	defer h.mu.Unlock()
	queue := h.waiting[key]
	if len(queue) == 0 {
		delete(h.waiting, key)
		h.grains.Store(int64(len(h.waiting)))
		return nil
	}
	h.waiting[key] = nil
	h.count -= len(queue)
	return queue
}

// restore puts back what still can't go on, in front.
func (h *held) restore(key heldKey, queue []heldMessage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting[key] = append(queue, h.waiting[key]...)
	h.count += len(queue)
}

// retryHeld sends on what can be, on another goroutine.
func (s *System) retryHeld() {
	if !s.stopping.Load() {
		s.tasks.Go(s.placesChanged)
	}
}

// retryEvery is how soon what came back from its owner goes there again.
const retryEvery = 50 * time.Millisecond

// retrySoon is retryHeld in a moment, once for all who ask for it until then.
func (s *System) retrySoon() {
	if s.held.soon.CompareAndSwap(false, true) {
		time.AfterFunc(retryEvery, func() {
			s.held.soon.Store(false)
			s.retryHeld()
		})
	}
}

// placesChanged sends on what can be.
func (s *System) placesChanged() {
	s.moving.Lock()
	defer s.moving.Unlock()
	for _, key := range s.held.keys() {
		s.release(key)
	}
}

// release sends on what waits for a grain; s.moving is held.
func (s *System) release(key heldKey) {
	for queue := s.held.take(key); queue != nil; queue = s.held.take(key) {
		for i := range queue {
			if place := key.kind.locate(key.id); place.Answer == Soon || !key.kind.sendTo(place, key.id, &queue[i].envelope, queue[i].hops) {
				s.held.restore(key, queue[i:])
				return
			}
		}
	}
}
