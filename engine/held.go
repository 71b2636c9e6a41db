package engine

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultHeld bounds the messages that wait for their grain's member to be settled, in bytes.
const DefaultHeld = 64 << 20

// heldCost is what a message that waits takes beside its bytes.
const heldCost = 128

// heldKey names a grain.
type heldKey struct {
	kind *core
	id   string
}

// heldMessage is a message that waits, with how often it has gone on to another member.
type heldMessage struct {
	envelope
	size int64
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

	bound int64 // in bytes

	mu      sync.Mutex
	count   int               // messages; guarded by mu
	bytes   int64             // of them; guarded by mu
	kinds   map[*core]int64   // bytes of each kind; guarded by mu
	waiting map[heldKey]*line // guarded by mu
}

// HeldStats is what waits for its grain's member to be settled.
type HeldStats struct {
	Messages int
	Bytes    int64 // that they take
	Grains   int   // that they are to
}

// Held is what waits for its grain's member to be settled. Config.Held bounds it: of what is free a kind gets as much as it has, at most, so
// that none takes the room of the others. Who sends more is told that it is full.
func (s *System) Held() HeldStats {
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	return HeldStats{s.held.count, s.held.bytes, len(s.held.waiting)}
}

// passage is a message's way to a grain. The message isn't part of it: it would be moved to the heap with the rest.
type passage struct {
	kind *core
	id   string
	hops uint8 // how often it has gone on to another member
	from origin
}

func (p passage) key() heldKey { return heldKey{p.kind, p.id} }

// size is what a message takes while it waits, in bytes. One that can't be encoded is refused where it is sent.
func (e *envelope) size(s *System) int64 {
	room := heldRooms.Get().(*[]byte)
	defer heldRooms.Put(room)
	b, err := s.messages.Append((*room)[:0], e.bare())
	if err != nil {
		return heldCost
	}
	*room = b
	return heldCost + int64(len(b))
}

// heldRooms are for bytes that are only counted.
var heldRooms = sync.Pool{New: func() any { return new([]byte) }}

// behind tells whether others wait that a message must not overtake; mu is held.
func (h *held) behind(p passage) bool {
	l := h.waiting[p.key()]
	return l != nil && (p.from != arrived || l.passing || len(l.queues[arrived]) > 0)
}

// addBehind keeps a message where others wait that it must not overtake. False: it is not kept.
func (h *held) addBehind(p passage, n *envelope) (kept, full bool) {
	h.mu.Lock()
	behind := h.behind(p)
	h.mu.Unlock()
	if !behind {
		return false, false
	}
	size := n.size(p.kind.sys)
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.behind(p) {
		return false, false
	}
	kept = h.put(p, n, size)
	return kept, !kept
}

// add keeps a message, unless there is no room.
func (h *held) add(p passage, n *envelope) (kept bool) {
	size := n.size(p.kind.sys)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.put(p, n, size)
}

// put is add; mu is held.
func (h *held) put(p passage, n *envelope, size int64) (kept bool) {
	if free := h.bound - h.bytes; size > free || h.kinds[p.kind] > 0 && h.kinds[p.kind]+size > free {
		return false
	}
	l := h.waiting[p.key()]
	if l == nil {
		l = h.begin(p.key())
	}
	l.queues[p.from] = append(l.queues[p.from], heldMessage{*n, size, p.hops})
	h.account(p.kind, 1, size)
	return true
}

// account counts messages of a kind that wait, or don't any more; mu is held.
func (h *held) account(k *core, messages int, bytes int64) {
	if h.kinds == nil {
		h.kinds = map[*core]int64{}
	}
	h.count += messages
	h.bytes += bytes
	if h.kinds[k] += bytes; h.kinds[k] == 0 {
		delete(h.kinds, k)
	}
}

func bytesOf(messages []heldMessage) (n int64) {
	for i := range messages {
		n += messages[i].size
	}
	return n
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
		queue[i] = heldMessage{envelope: mail[i], size: mail[i].size(key.kind.sys)}
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
	h.account(key.kind, -len(b.messages), -bytesOf(b.messages))
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
	h.account(key.kind, len(queue), bytesOf(queue))
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
		if taken, _ := (passage{key.kind, key.id, n.hops, from}).sendTo(&n.envelope, place, marks); !taken {
			if !key.kind.locate(key.id).holds(b.from) { // a mark was just sent, or the transport has yet to hear of that member: no change of places need follow
				s.retrySoon()
			}
			return i
		}
	}
	return len(b.messages)
}
