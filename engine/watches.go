package engine

import "sync"

// watches are this system's interests in cells of other members, by number.
type watches struct {
	sys *System

	mu   sync.Mutex
	next uint64                  // guarded by mu
	away map[uint64]*remoteWatch // guarded by mu
}

type remoteWatch struct {
	watch  *watch
	member string
}

// watched and unwatched name another member's watch.
type distant struct {
	member string
	number uint64
}

// begin watches a grain of another member.
func (w *watches) begin(member string, k *core, id string, of *watch) {
	w.mu.Lock()
	w.next++
	number := w.next
	if w.away == nil {
		w.away = map[uint64]*remoteWatch{}
	}
	w.away[number] = &remoteWatch{of, member}
	w.mu.Unlock()
	of.number = number
	if w.send(member, header{op: opWatch, number: number}, pidText{k.name, id}, "") != nil {
		w.end(number, ReasonAbsent)
	}
}

func (w *watches) send(member string, h header, to pidText, rest string) error {
	o := outgoings.Get().(*outgoing)
	*o = outgoing{header: h, to: to.address, toID: to.id, rest: []byte(rest)}
	return w.sys.sendPacket(member, o)
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
		_ = w.send(at.member, header{op: opUnwatch, number: of.number}, pidText{of.of.Kind, of.of.ID}, "") // a lost member tells nothing
	}
}

// lost ends the watches of a member's grains.
func (w *watches) lost(member string) {
	w.mu.Lock()
	var ended []*remoteWatch
	for number, at := range w.away {
		if at.member == member {
			delete(w.away, number)
			ended = append(ended, at)
		}
	}
	w.mu.Unlock()
	for _, at := range ended {
		at.watch.fire(ReasonLost)
	}
}

// receive takes what other members say about watches.
func (w *watches) receive(from string, h header, rest []byte) {
	if h.op == opEnded {
		w.end(h.number, string(rest))
		return
	}
	c := w.sys.cellOf(h)
	of := distant{from, h.number}
	switch {
	case h.op == opUnwatch && c != nil:
		c.pushSystem(unwatchDistant{of})
	case h.op == opWatch && (c == nil || !c.pushSystem(watched{w.proxy(of)})):
		w.proxy(of).fire(ReasonAbsent)
	}
}

// proxy stands for another member's watch.
func (w *watches) proxy(of distant) *watch {
	return &watch{tell: func(reason string) {
		_ = w.send(of.member, header{op: opEnded, number: of.number}, pidText{}, reason) // a lost member needs no telling
	}, distant: of}
}
