package engine

import (
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
)

// Topic carries events E, within one system, to all who subscribe. It is a package-level value; no two of one type are the same.
type Topic[E any] struct{ name string }

// NewTopic names a topic; the name is for people.
func NewTopic[E any](name string) *Topic[E] { return &Topic[E]{name} }

// Name returns the topic's name.
func (t *Topic[E]) Name() string { return t.name }

// Publish gives e to every subscriber before it returns. One publisher's events come to one subscriber in order.
func (t *Topic[E]) Publish(s *System, e E) {
	b, ok := s.topics.Load(t)
	if !ok {
		return
	}
	for _, sub := range *b.(*board).subscribers.Load() {
		sub.give(s, e)
	}
}

// followed reports whether anybody subscribes now.
func (t *Topic[E]) followed(s *System) bool {
	b, ok := s.topics.Load(t)
	return ok && len(*b.(*board).subscribers.Load()) > 0
}

// Subscribe calls take for each event from now on, until the Subscription ends. It runs on the publisher's goroutine and must not block:
// mostly it tells an actor. An actor in memory that wants events for as long as its activation uses Follow.
func (t *Topic[E]) Subscribe(s *System, take func(E)) *Subscription {
	b, _ := s.topics.LoadOrStore(t, newBoard())
	sub := &Subscription{topic: t.name, board: b.(*board), take: func(e any) { take(e.(E)) }}
	sub.board.change(func(all []*Subscription) []*Subscription { return append(all, sub) })
	return sub
}

// Follow has the topic's events sent to the actor in hand as the messages that wrap makes of them, until its activation ends. They are
// messages like any other: what the mailbox has no room for becomes dead letters.
func Follow[E, M any](c *Context[M], t *Topic[E], wrap func(E) M) *Subscription {
	self, act := c.Self(), c.cell.activation()
	gen := uint32(0)
	if any(t) == any(DeadLetters) {
		gen = unsung
	}
	sub := t.Subscribe(c.System(), func(e E) { self.deliver(&envelope{msg: wrap(e), gen: gen}) })
	if len(act.follows) == cap(act.follows) {
		act.follows = slices.DeleteFunc(act.follows, func(s *Subscription) bool { return s.over.Load() })
	}
	act.follows = append(act.follows, sub)
	return sub
}

// Subscription is one subscriber's.
type Subscription struct {
	topic string
	board *board
	take  func(e any)
	over  atomic.Bool
}

// give calls take; what fails in it is the subscriber's, not the publisher's.
func (s *Subscription) give(sys *System, e any) {
	defer func() {
		if v := recover(); v != nil {
			sys.log.Error("subscriber failed", "topic", s.topic, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		}
	}()
	s.take(e)
}

// End ends it; what is being published may still come. A second End does nothing.
func (s *Subscription) End() {
	s.over.Store(true)
	s.board.change(func(all []*Subscription) []*Subscription {
		return slices.DeleteFunc(all, func(o *Subscription) bool { return o == s })
	})
}

// board holds a topic's subscribers in one system.
type board struct {
	mu          sync.Mutex // held while the list is replaced
	subscribers atomic.Pointer[[]*Subscription]
}

func newBoard() *board {
	b := &board{}
	b.subscribers.Store(&[]*Subscription{})
	return b
}

func (b *board) change(f func([]*Subscription) []*Subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := f(slices.Clone(*b.subscribers.Load()))
	b.subscribers.Store(&next)
}
