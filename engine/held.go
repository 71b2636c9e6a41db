package engine

import (
	"slices"
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

// origin says where a message comes from that is to go to a grain. Of those that wait for one grain, each of these goes before the next.
type origin uint8

const (
	arrived origin = iota // from another member, or from the mailbox of a grain that leaves; Place.Wait doesn't concern it
	back                  // it was sent to another member, and came back
	ours                  // from an actor of this member, or from outside
	origins
)

// line is what waits for one grain.
type line struct {
	queues  [origins][]heldMessage
	passing bool // some that arrived are just being sent on

	refused string        // the member that gave one back, though places name it; "": none
	until   time.Duration // on the system's clock: nothing goes there before, unless places change
}

// held keeps messages to grains whose member is being settled, in order for each grain.
type held struct {
	soon   atomic.Bool  // a retry is due in a moment
	grains atomic.Int64 // that messages wait for, or are just being sent on to

	mu      sync.Mutex
	count   int               // messages; guarded by mu
	waiting map[heldKey]*line // guarded by mu
}

// add keeps a message; with only it does so only behind others to the same grain, which must not be overtaken. False: it is not kept.
func (h *held) add(k *core, id string, n *envelope, hops uint8, from origin, only bool) (kept, full bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.waiting[heldKey{k, id}]
	switch {
	case only && (l == nil || from == arrived && !l.passing && len(l.queues[arrived]) == 0):
		return false, false
	case h.count >= maxHeld:
		return false, true
	}
	if l == nil {
		l = h.begin(heldKey{k, id})
	}
	l.queues[from] = append(l.queues[from], heldMessage{*n, hops})
	h.count++
	return true, false
}

// begin makes a line; mu is held.
func (h *held) begin(key heldKey) *line {
	if h.waiting == nil {
		h.waiting = map[heldKey]*line{}
	}
	l := &line{}
	h.waiting[key] = l
	h.grains.Store(int64(len(h.waiting)))
	return l
}

// inherit keeps what a mailbox had, before all that came since. It has been bounded there.
func (h *held) inherit(key heldKey, mail []envelope) {
	if len(mail) == 0 {
		return
	}
	queue := make([]heldMessage, len(mail))
	for i := range mail {
		queue[i].envelope = mail[i]
	}
	h.restore(key, arrived, queue)
}

// refuse notes that a member gave back what places said is for it.
func (h *held) refuse(key heldKey, member string, until time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.waiting[key]; l != nil && l.refused != member {
		l.refused, l.until = member, until
	}
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

// take returns what is to go on next, or forgets the line where nothing is left. Between the two, what comes queues up behind. What came
// back and what is ours is one queue from then on, because what comes back later was sent before all of it.
func (h *held) take(key heldKey) (queue []heldMessage, from origin, l line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.waiting[key]
	if all == nil {
		return nil, ours, line{}
	}
	from = ours
	if all.passing = len(all.queues[arrived]) > 0; all.passing {
		from = arrived
	}
	queue = all.queues[from]
	if from == ours {
		queue = slices.Concat(all.queues[back], queue)
		all.queues[back] = nil
	}
	all.queues[from] = nil
	h.count -= len(queue)
	if len(queue) == 0 {
		delete(h.waiting, key)
		h.grains.Store(int64(len(h.waiting)))
	}
	return queue, from, *all
}

// restore puts back what still can't go on, in front.
func (h *held) restore(key heldKey, from origin, queue []heldMessage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.waiting[key]
	if l == nil {
		l = h.begin(key)
	}
	if from == arrived {
		l.passing = false
	}
	l.queues[from] = append(queue, l.queues[from]...)
	h.count += len(queue)
}

// forgive lets messages go again to a member that gave some back.
func (h *held) forgive(key heldKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.waiting[key]; l != nil {
		l.refused = ""
	}
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
	for {
		queue, from, l := s.held.take(key)
		if len(queue) == 0 {
			return
		}
		sent := s.sendHeld(key, queue, from, l)
		if sent < len(queue) {
			s.held.restore(key, from, queue[sent:])
			return
		}
	}
}

// sendHeld sends on what can be, and returns how many that were.
func (s *System) sendHeld(key heldKey, queue []heldMessage, from origin, l line) int {
	for i := range queue {
		marks := s.marks.Load()
		place := key.kind.locate(key.id)
		if place.holds(from) {
			return i
		}
		if l.refused != "" && from != arrived {
			if place.Answer == Elsewhere && place.Member == l.refused && s.clock.uptime() < l.until {
				s.retrySoon()
				return i
			}
			s.held.forgive(key)
			l.refused = ""
		}
		if !key.kind.sendTo(place, key.id, &queue[i].envelope, queue[i].hops, from, marks) {
			return i
		}
	}
	return len(queue)
}
