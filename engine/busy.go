package engine

import (
	"reflect"
	"strings"
	"sync"
	"time"
	"unsafe"

	"hayauma.example/engine/meter"
)

// Who is in the crowd: cells whose mailboxes are deep, or hold an old message. They enter with the message that makes them so, or when
// somebody looks at all cells and finds an old message; they leave when somebody looks at the crowd and they are neither any more. So a
// message costs a comparison, and a look at those who matter costs nothing for those who don't.
const (
	crowded    = 32 // messages: with more a cell enters
	calmBelow  = 16 // with fewer it leaves
	stuckAfter = 5 * time.Second

	measureEvery = 64 // messages; divides 256
	maxSubjects  = 64 // types of messages that are told apart in a kind
	maxSubject   = 64 // bytes of their names
)

// crowd is the set of busy cells. A cell's own mutex is held where it enters or leaves.
type crowd struct {
	parts [16]struct {
		mu    sync.Mutex
		cells map[*cell]struct{} // guarded by mu
		_     [40]byte
	}
}

func (r *crowd) part(c *cell) int {
	return int(uintptr(unsafe.Pointer(c)) >> 7 % uintptr(len(r.parts)))
}

func (r *crowd) add(c *cell) {
	p := &r.parts[r.part(c)]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cells == nil {
		p.cells = map[*cell]struct{}{}
	}
	p.cells[c] = struct{}{}
}

func (r *crowd) remove(c *cell) {
	p := &r.parts[r.part(c)]
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.cells, c)
}

func (r *crowd) all() (out []*cell) {
	for i := range r.parts {
		p := &r.parts[i]
		p.mu.Lock()
		for c := range p.cells {
			out = append(out, c)
		}
		if len(p.cells) == 0 {
			p.cells = nil // a map keeps the room that it had once
		}
		p.mu.Unlock()
	}
	return out
}

// found counts how deep a message has found the mailbox that has just taken it, and returns its stamp; the caller holds mu.
func (c *cell) found() uint32 {
	c.kind.stats.found.Observe(float64(c.depthNow()))
	return c.kind.sys.clock.exact() | measured
}

// foundRun counts n messages that came together, and returns the stamp of the first; the caller holds mu.
func (c *cell) foundRun(n int, now uint32) uint32 {
	before := c.beat
	c.beat += uint8(n)
	if n < measureEvery && before/measureEvery == c.beat/measureEvery {
		return now
	}
	return c.found()
}

// measure handles a message that is marked for it, and counts how long it waited and how long its handler took.
func (c *cell) measure(f *frame, e *envelope) {
	clock, stats, subject := &c.kind.sys.clock, c.kind.stats, subjectOf(e)
	began := clock.uptime()
	stats.wait.Took(between(e.at&^measured, clock.exact()))
	c.handle(f, e)
	stats.took.of(subject).Took(clock.uptime() - began)
}

// enter has the cell be in the crowd; the caller holds mu.
func (c *cell) enter() {
	if !c.busy && !c.closed {
		c.busy = true
		c.kind.sys.crowd.add(c)
	}
}

// calm has it be there no more; the caller holds mu.
func (c *cell) calm() {
	if c.busy {
		c.busy = false
		c.kind.sys.crowd.remove(c)
	}
}

// subjects are durations by the name of a message's type, which tells it apart within its kind.
type subjects struct {
	mu     sync.RWMutex
	byType map[reflect.Type]*meter.Histogram // guarded by mu
	byName map[string]*meter.Histogram       // guarded by mu
}

func (s *subjects) of(t reflect.Type) *meter.Histogram {
	s.mu.RLock()
	h := s.byType[t]
	s.mu.RUnlock()
	if h != nil {
		return h
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName == nil {
		s.byType, s.byName = map[reflect.Type]*meter.Histogram{}, map[string]*meter.Histogram{}
	}
	name := subjectName(t)
	if h = s.byName[name]; h == nil && len(s.byName) >= maxSubjects {
		name = otherSubject
		h = s.byName[name]
	}
	if h == nil {
		h = &meter.Histogram{}
		s.byName[name] = h
	}
	if len(s.byType) < 4*maxSubjects {
		s.byType[t] = h
	}
	return h
}

func (s *subjects) read() map[string]meter.Reading {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make(map[string]meter.Reading, len(s.byName))
	for name, h := range s.byName {
		out[name] = h.Read()
	}
	return out
}

const otherSubject = "other"

// subjectOf is the type of what a message is about; nil: it is the engine's own.
func subjectOf(e *envelope) reflect.Type {
	msg := e.bare()
	if e.isOwn() {
		switch m := msg.(type) {
		case *Timer:
			msg = m.msg
		case *goCall:
			msg = m.msg
		case *termination, inTurn:
			msg = nil
		case *quiet:
			msg = m.msg
		}
	}
	if _, run := msg.(inTurn); run {
		msg = nil
	}
	return reflect.TypeOf(msg)
}

// subjectName is the type's name without its package.
func subjectName(t reflect.Type) string {
	if t == nil {
		return "engine"
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name, _, _ := strings.Cut(t.Name(), "[")
	if name == "" {
		return otherSubject
	}
	return strings.ToValidUTF8(name[:min(len(name), maxSubject)], "_")
}
