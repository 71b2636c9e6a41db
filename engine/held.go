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
	older   int  // so many of those that arrived came from a mailbox since the last were taken, and were sent before them

	refused string        // the member that gave one back, though places name it; "": none
	until   time.Duration // on the system's clock: nothing goes there before, unless places change
}

// held keeps messages to grains whose member is being settled, in order for each grain.
type held struct {
	soon     atomic.Bool  // a retry is due in a moment
	retrying atomic.Bool  // one is about to begin
	grains   atomic.Int64 // that messages wait for, or are just being sent on to

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
	h.mu.Lock()
	defer h.mu.Unlock()
	h.restore(key, arrived, queue, 0).older += len(queue)
}

// outrun tells whether something came from a mailbox since a batch was taken: it goes first.
func (h *held) outrun(key heldKey) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.waiting[key]
	return l != nil && l.older > 0
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

// batch is what a line had of one origin when it was taken, of what came back also what is ours.
type batch struct {
	from     origin
	messages []heldMessage
	back     int // so many of them had come back
	refused  string
	until    time.Duration
}

// take returns what is to go on next, or forgets the line where nothing is left. Between the two, what comes queues up behind.
func (h *held) take(key heldKey) (b batch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.waiting[key]
	if l == nil {
		return batch{}
	}
	l.older = 0
	if l.passing = len(l.queues[arrived]) > 0; l.passing {
		b.messages = l.queues[arrived]
		l.queues[arrived] = nil
	} else {
		b = batch{ours, slices.Concat(l.queues[back], l.queues[ours]), len(l.queues[back]), l.refused, l.until}
		l.queues[back], l.queues[ours] = nil, nil
	}
	h.count -= len(b.messages)
	if len(b.messages) == 0 {
		delete(h.waiting, key)
		h.grains.Store(int64(len(h.waiting)))
	}
	return b
}

// unsent puts a batch back that still can't go on, but for what was sent. Once something was, what comes back was sent before all the rest.
func (h *held) unsent(key heldKey, b batch, sent int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch l := h.waiting[key]; {
	case b.from == arrived:
		l = h.restore(key, arrived, b.messages[sent:], l.older)
		l.passing = false
	case sent == 0 && b.back > 0:
		h.restore(key, ours, b.messages[b.back:], 0)
		h.restore(key, back, slices.Clip(b.messages[:b.back]), 0)
	default:
		h.restore(key, b.from, b.messages[sent:], 0)
	}
}

// restore puts messages in front of the others, but for so many; mu is held.
func (h *held) restore(key heldKey, from origin, queue []heldMessage, behind int) *line {
	l := h.waiting[key]
	if l == nil {
		l = h.begin(key)
	}
	l.queues[from] = slices.Insert(l.queues[from], behind, queue...)
	h.count += len(queue)
	return l
}

// forgive lets messages go again to a member that gave some back.
func (h *held) forgive(key heldKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.waiting[key]; l != nil {
		l.refused = ""
	}
}

// retryHeld sends on what can be, on another goroutine: once for all who ask before it has begun, as a shard's grains do that leave together.
func (s *System) retryHeld() {
	if s.stopping.Load() || s.held.grains.Load() == 0 || !s.held.retrying.CompareAndSwap(false, true) {
		return
	}
	s.tasks.Go(func() {
		s.held.retrying.Store(false)
		s.placesChanged()
	})
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
	for b := s.held.take(key); len(b.messages) > 0; b = s.held.take(key) {
		if sent := s.sendHeld(key, b); sent < len(b.messages) {
			s.held.unsent(key, b, sent)
			return
		}
	}
}

// sendHeld sends on what can be, and returns how many that were.
func (s *System) sendHeld(key heldKey, b batch) int {
	for i := range b.messages {
		n := &b.messages[i]
		marks := s.marks.Load()
		place := key.kind.locate(key.id)
		if place.holds(b.from) || s.held.outrun(key) { // whose mailbox it was has what waits go on
			return i
		}
		if b.refused != "" {
			if place.Answer == Elsewhere && place.Member == b.refused && s.clock.uptime() < b.until {
				s.retrySoon()
				return i
			}
			s.held.forgive(key)
			b.refused = ""
		}
		from := b.from
		if i < b.back {
			from = back
		}
		if !key.kind.sendTo(place, key.id, &n.envelope, n.hops, from, marks) {
			if !key.kind.locate(key.id).holds(b.from) { // a mark was just sent, or the transport has yet to hear of that member: no change of places need follow
				s.retrySoon()
			}
			return i
		}
	}
	return len(b.messages)
}
