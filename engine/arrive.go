package engine

import (
	"iter"
	"unsafe"

	"github.com/anthdm/hollywood/actor"
)

// receiver takes what the transport brings.
type receiver struct{ *System }

// Receive implements Receiver.
func (s receiver) Receive(from string, _ Lane, packets iter.Seq[[]byte]) {
	r := runs.Get().(*run)
	r.to, r.from = s, from
	defer r.end() // also where a packet panics
	packets(r.each)
}

// receive takes one packet. A message to a grain that is in memory begins a run.
func (s receiver) receive(r *run, packet []byte) {
	from := r.from
	h, rest, err := cutHeader(packet)
	if err != nil {
		s.log.Error("packet not understood", "from", from, "error", err)
		return
	}
	switch h.op {
	case opTell, opAsk:
		s.arrived(r, &h, rest, packet)
	case opSend:
		s.arrivedForPID(from, &h, rest)
	case opAnswer:
		if a, gen := s.asks.numbered(h.number); a != nil && a.awaits(gen) {
			a.answer(gen, cutAnswer(rest, s.messages))
		}
	case opMoved:
		s.comesBack(from, rest)
	case opStop, opPoison, opTouch:
		s.told(h)
	case opMark:
		s.marked(from, rest)
	case opWatch, opUnwatch, opEnded:
		s.watches.receive(from, h, rest)
	default:
		s.log.Error("packet of an unknown kind", "from", from, "op", h.op)
	}
}

// told does what another member asks of a grain here.
func (s receiver) told(h header) {
	c := s.cellOf(h)
	switch {
	case h.op == opTouch:
		if k := s.kinds.bytes(h.kind); k != nil {
			k.touch(string(h.id))
		}
	case c == nil:
	case h.op == opStop:
		c.pushSystem(terminate{reason: ReasonStopped})
	default:
		if c.kind.plain {
			c.lastCall()
		}
		c.pushSystem(poison{})
	}
}

// cellOf returns the cell that a packet is about, nil where it is not in memory.
func (s *System) cellOf(h header) *cell {
	if string(h.kind) == plainKind {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.plain[string(h.id)]
	}
	if k := s.kinds.bytes(h.kind); k != nil {
		return k.find(string(h.id))
	}
	return nil
}

// parcel is a message of a packet, for a grain or a plain cell.
type parcel struct {
	heldMessage
	kind *core
	id   string
}

// parcel reads a packet's message. Of one that comes back the question is this system's own.
func (s receiver) parcel(from string, h *header, body []byte, back bool) (p parcel, err error) {
	p.kind, p.id, p.hops = s.kinds.bytes(h.kind), string(h.id), h.hops
	if p.kind == nil {
		p.kind = s.nobody(string(h.kind))
	}
	msg, behind, err := s.messages.Decode(body)
	if err != nil {
		return p, err
	}
	p.envelope = toAnswer(withTrace(msg, behind), s.asker(from, h, back))
	return p, nil
}

// asker is whom an answer to a packet's message goes to.
func (s receiver) asker(from string, h *header, back bool) (to address) {
	switch {
	case h.op == opAsk && back:
		if to.ask, to.gen = s.asks.numbered(h.number); to.ask != nil {
			to.ask.cameBack(to.gen)
		}
	case h.op == opAsk:
		to.ask, to.gen = s.asks.openRelay(relay{from, h.number})
	default:
		to.pid = h.sender()
	}
	return to
}

// arrived takes a message from another member.
func (s receiver) arrived(r *run, h *header, body, packet []byte) {
	from := r.from
	held := s.held.grains.Load() > 0 // some messages wait: none may overtake them
	if c := s.recent.find(h); c != nil && !held {
		if h.op == opTell && len(h.address) == 0 {
			r.begin(c, h.hops, packet[:len(packet)-len(body)])
			r.add(body)
			return
		}
		s.toCell(c, from, h, body)
		return
	}
	k := s.kinds.bytes(h.kind)
	if k != nil {
		c := k.find(unsafe.String(unsafe.SliceData(h.id), len(h.id))) // which keeps nothing of it
		if place := k.placeOf(c, h.id); place.Answer == Elsewhere {
			s.giveBack(from, packet)
			return
		}
		if c != nil && !held {
			s.recent.keep(c)
			s.toCell(c, from, h, body)
			return
		}
	}
	p, err := s.parcel(from, h, body, false)
	if err != nil {
		s.refuseParcel(from, h, err)
		return
	}
	switch {
	case k != nil:
		k.route(p.id, &p.envelope, p.hops, arrived)
	case string(h.kind) == plainKind:
		s.toPlain(p)
	default:
		p.kind.deadLetter(p.id, &p.envelope, ReasonNoProducer)
	}
}

// toCell gives a message to a grain that is in memory; it goes on where that one refuses because it leaves.
func (s receiver) toCell(c *cell, from string, h *header, body []byte) {
	msg, behind, err := s.messages.Decode(body)
	if err != nil {
		s.refuseParcel(from, h, err)
		return
	}
	n := toAnswer(withTrace(msg, behind), s.asker(from, h, false))
	s.one(c, &n, h.hops)
}

// one gives a message to a grain that was in memory, wherever it is by now.
func (s receiver) one(c *cell, n *envelope, hops uint8) {
	if !c.kind.deliver(c, n).settled() {
		s.recent.forget(c)
		c.kind.route(c.id, n, hops, arrived)
	}
}

// placeOf says where a grain is; one in memory here is here until it refuses.
func (k *core) placeOf(c *cell, id []byte) Place {
	if c != nil {
		return Place{}
	}
	return k.locate(string(id))
}

// refuseParcel tells who asked that the question can't be read, and counts a message that can't.
func (s receiver) refuseParcel(from string, h *header, err error) {
	s.log.Error("message not understood", "from", from, "kind", string(h.kind), "error", err)
	s.plainStats.countDead(ReasonType)
	if h.op == opAsk {
		a, gen := s.asks.openRelay(relay{from, h.number})
		a.answer(gen, &RemoteError{err.Error()})
	}
}

// toPlain gives a message to a plain cell.
func (s receiver) toPlain(p parcel) {
	c := s.cellOf(header{kind: []byte(plainKind), id: []byte(p.id)})
	if c == nil || !c.kind.deliver(c, &p.envelope).settled() {
		p.kind.deadLetter(p.id, &p.envelope, ReasonStopped)
	}
}

// nobody stands for a kind that this system has not heard of.
func (s *System) nobody(name string) *core {
	return &core{sys: s, name: name, stats: &s.plainStats}
}

// arrivedForPID takes a message to a Hollywood process.
func (s receiver) arrivedForPID(from string, h *header, body []byte) {
	msg, _, err := s.messages.Decode(body)
	if err != nil {
		s.refuseParcel(from, h, err)
		return
	}
	s.hollywood.SendWithSender(actor.NewPID(string(h.kind), string(h.id)), msg, h.sender())
}

// sender is the process that a packet comes from, nil where it says none.
func (h *header) sender() *actor.PID {
	if len(h.address) == 0 {
		return nil
	}
	return actor.NewPID(string(h.address), string(h.process))
}
