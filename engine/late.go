package engine

import (
	"errors"
	"sync"
	"time"
)

// late is words for other members that found their lanes full. They are tried again every moment, in the order in which they were said.
//
// Answers, and what belongs to watches that there are already, are no more than the questions and watches that members have open. What
// begins something is refused once lateBegun of it wait.
type late struct {
	mu     sync.Mutex
	words  map[string][]lateWord // by member; guarded by mu
	begun  int                   // of words; guarded by mu
	trying bool                  // a try is to come; guarded by mu
}

// lateBegun bounds the words that wait and begin something: watches, stops and touches.
const lateBegun = 1 << 16

// lateWord is an answer, or a word about a watch.
type lateWord struct {
	op     op
	number uint64 // of the question, or the watch; opTouch: 0
	to     pidText
	rest   string // opEnded: the reason
	answer any    // of opAnswer
}

// begins tells whether nothing stands for the word but itself.
func (w *lateWord) begins() bool { return w.op != opAnswer && w.op != opEnded && w.op != opUnwatch }

// say sends a word to a member, now or when there is room, and behind those that wait already. An error: it will not be sent.
func (l *late) say(s *System, member string, w lateWord) error {
	if l.addBehind(member, w) {
		return nil
	}
	err := w.send(s, member)
	if !errors.Is(err, ErrBacklog) {
		return err
	}
	return l.add(s, member, w)
}

// addBehind keeps a word where others wait.
func (l *late) addBehind(member string, w lateWord) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.words[member]) == 0 || w.op == opAnswer { // answers have no order
		return false
	}
	return l.keep(member, w)
}

// add keeps a word that found its lane full.
func (l *late) add(s *System, member string, w lateWord) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.keep(member, w) {
		return ErrBacklog
	}
	if !l.trying {
		l.trying = true
		time.AfterFunc(retryEvery, func() { l.again(s) })
	}
	return nil
}

// keep is false where too much waits. l.mu is held.
func (l *late) keep(member string, w lateWord) bool {
	if w.begins() {
		if l.begun == lateBegun {
			return false
		}
		l.begun++
	}
	if l.words == nil {
		l.words = map[string][]lateWord{}
	}
	l.words[member] = append(l.words[member], w)
	return true
}

// again tries all.
func (l *late) again(s *System) {
	for _, member := range l.members() {
		for w, ok := l.first(member); ok && l.try(s, member, w); w, ok = l.first(member) {
			continue
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.trying = len(l.words) > 0; l.trying {
		time.AfterFunc(retryEvery, func() { l.again(s) })
	}
}

func (l *late) members() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	members := make([]string, 0, len(l.words))
	for member := range l.words {
		members = append(members, member)
	}
	return members
}

func (l *late) first(member string) (w lateWord, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if words := l.words[member]; len(words) > 0 {
		return words[0], true
	}
	return w, false
}

// try sends a member's first word, which stays in its place meanwhile; false: the lane is full yet.
func (l *late) try(s *System, member string, w lateWord) bool {
	err := w.send(s, member)
	if errors.Is(err, ErrBacklog) {
		return false
	}
	l.mu.Lock()
	words := l.words[member]
	words[0] = lateWord{}
	if l.words[member] = words[1:]; len(words) == 1 {
		delete(l.words, member)
	}
	if w.begins() {
		l.begun--
	}
	l.mu.Unlock()
	w.over(s, err)
	return true
}

func (w *lateWord) send(s *System, member string) error {
	o := outgoings.Get().(*outgoing) // empty
	o.op, o.number, o.to, o.toID, o.msg = w.op, w.number, w.to.address, w.to.id, w.answer
	if w.rest != "" {
		o.rest = []byte(w.rest)
	}
	o.by(s.messages)
	return s.sendPacket(member, o)
}

// over is what comes once a late word was sent, or never will be.
func (w *lateWord) over(s *System, err error) {
	switch {
	case w.op == opAnswer: // who asked has it, has gone, or will be told that this member has
		s.asks.relays.Add(-1)
	case err != nil && w.op != opEnded: // of opTouch and opUnwatch there is no watch here
		s.watches.end(w.number, ReasonAbsent)
	}
}
