package engine

import "sync"

// watches are this system's interests in cells of other members, by number, and theirs in cells here.
type watches struct {
	sys *System

	mu   sync.Mutex
	next uint64                      // guarded by mu
	away map[uint64]*remoteWatch     // guarded by mu
	here map[string]map[uint64]*cell // by member and its number; guarded by mu
}

type remoteWatch struct {
	watch  *watch
	member string
}

// distant names another member's watch.
type distant struct {
	member string
	number uint64
}

// begin watches a grain of another member. It returns the watch's number.
func (w *watches) begin(member string, k *core, id string, of *watch) uint64 {
	w.mu.Lock()
	w.next++
	number := w.next
	if w.away == nil {
		w.away = map[uint64]*remoteWatch{}
	}
	w.away[number] = &remoteWatch{of, member}
	w.mu.Unlock()
	of.number = number
	w.say(member, lateWord{op: opWatch, number: number, to: pidText{k.name, id}})
	return number
}

// say sends a word, now or when there is room. A watch whose word never will be sent ends.
func (w *watches) say(member string, word lateWord) {
	if err := w.sys.late.say(w.sys, member, word); err != nil {
		word.over(w.sys, err)
	}
}

// end tells who watched, once.
func (w *watches) end(number uint64, reason string) {
	if at := w.remove(number); at != nil {
		at.watch.fire(reason)
	}
}

func (w *watches) remove(number uint64) *remoteWatch {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := w.away[number]
	delete(w.away, number)
	return at
}

// forget takes a watch back.
func (w *watches) forget(of *watch) {
	if at := w.remove(of.number); at != nil {
		w.say(at.member, lateWord{op: opUnwatch, number: of.number, to: pidText{of.of.Kind, of.of.ID}})
	}
}

// lost ends the watches of a member's grains, and takes back its own.
func (w *watches) lost(member string) {
	w.mu.Lock()
	var ended []*remoteWatch
	for number, at := range w.away {
		if at.member == member {
			delete(w.away, number)
			ended = append(ended, at)
		}
	}
	watched := w.here[member]
	delete(w.here, member)
	w.mu.Unlock()
	for _, at := range ended {
		at.watch.fire(ReasonLost)
	}
	for number, c := range watched {
		c.pushSystem(unwatchDistant{distant{member, number}})
	}
}

// receive takes what other members say about watches.
func (w *watches) receive(from string, h header, rest []byte) {
	of := distant{from, h.number}
	switch h.op {
	case opEnded:
		w.end(h.number, string(rest))
	case opUnwatch:
		if c := w.takeBack(of); c != nil {
			c.pushSystem(unwatchDistant{of})
		}
	case opWatch:
		c := w.sys.cellOf(h)
		w.note(of, c)
		if p := w.proxy(of); c == nil || !c.pushSystem(watched{p}) {
			p.fire(ReasonAbsent)
		}
	}
}

// note keeps which cell another member watches.
func (w *watches) note(of distant, c *cell) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.here == nil {
		w.here = map[string]map[uint64]*cell{}
	}
	if w.here[of.member] == nil {
		w.here[of.member] = map[uint64]*cell{}
	}
	w.here[of.member][of.number] = c
}

// takeBack forgets another member's watch. It returns what is watched, nil where the watch has ended.
func (w *watches) takeBack(of distant) *cell {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.here[of.member][of.number]
	delete(w.here[of.member], of.number)
	if len(w.here[of.member]) == 0 {
		delete(w.here, of.member)
	}
	return c
}

// proxy stands for another member's watch.
func (w *watches) proxy(of distant) *watch {
	return &watch{tell: func(reason string) {
		w.takeBack(of)
		w.say(of.member, lateWord{op: opEnded, number: of.number, rest: reason}) // a lost member needs no telling
	}, distant: of}
}
