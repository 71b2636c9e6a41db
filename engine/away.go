package engine

import (
	"errors"
	"iter"
	"unsafe"

	"github.com/anthdm/hollywood/actor"

	"hayauma.example/codec"
)

// sendPacket gives a packet to the transport, and the packet's memory back.
func (s *System) sendPacket(member string, o *outgoing) error {
	defer o.release()
	switch {
	case s.dead.Load():
		return ErrKilled
	case s.transport == nil:
		return ErrNoMember
	}
	return s.transport.Send(member, Data, o)
}

// route gives a message to a grain wherever it is. It reports whether the message has gone to another member, and nobody here has it any more.
func (k *core) route(id string, n *envelope, hops uint8, from origin) (away bool) {
	p := passage{k, id, hops, from}
	s := k.sys
	if s.held.grains.Load() > 0 {
		if kept, full := s.held.addBehind(p, n); kept {
			return false
		} else if full {
			k.deadLetter(id, n, ReasonFull)
			return false
		}
	}
	marks := s.marks.Load()
	if place := k.locate(id); !place.holds(from) {
		if taken, away := p.sendTo(n, place, marks); taken {
			return away
		}
	}
	p.hold(n)
	return false
}

// hold keeps a message until places change.
func (p passage) hold(n *envelope) {
	p.keep(n)
	if !p.kind.locate(p.id).holds(p.from) { // it changed before the message was kept
		p.kind.sys.retryHeld()
	}
}

// keep is hold for a message that places have to change for.
func (p passage) keep(n *envelope) {
	if !p.kind.sys.held.add(p, n) {
		p.kind.deadLetter(p.id, n, ReasonFull)
	}
}

// sendTo gives a message to a grain where it was said to be when so many marks had been sent; false: the transport doesn't know that member
// yet, or places have changed.
func (p passage) sendTo(n *envelope, place Place, marks uint64) (taken, away bool) {
	k := p.kind
	switch place.Answer {
	case Here:
		return k.sendHere(p.id, n), false
	case Elsewhere:
		if p.from != ours {
			k.sys.forwards.Add(1)
		}
		err := p.sendAway(n, place.Member, marks)
		if errors.Is(err, ErrNoMember) || errors.Is(err, errStale) {
			n.unsent()
			return false, false
		}
		if err != nil {
			k.deadLetterAs(p.id, n, reasonOf(err), err)
		}
		return true, err == nil
	case Nowhere:
		k.deadLetter(p.id, n, ReasonNobody)
	case Soon:
		return false, false
	}
	return true, false
}

// reasonOf is the reason of a dead letter that a transport's error makes.
func reasonOf(err error) string {
	var unregistered *codec.UnregisteredError
	switch {
	case errors.Is(err, ErrBacklog):
		return ReasonBacklog
	case errors.Is(err, ErrKilled):
		return ReasonKilled
	case errors.As(err, &unregistered):
		return ReasonUnregistered
	}
	return ReasonNoRoute
}

// sendAway sends a message to another member.
func (p passage) sendAway(n *envelope, member string, marks uint64) error {
	k := p.kind
	o := outgoings.Get().(*outgoing) // empty
	o.op, o.hops, o.to, o.toID, o.msg, o.body = opTell, p.hops, k.name, p.id, n.msg, true
	if marks != unmarked {
		o.marks, o.marked = &k.sys.marks, marks
	}
	o.by(k.sys.messages)
	switch to := n.answers(); {
	case to.ask != nil:
		o.op, o.number = opAsk, to.ask.number(to.gen)
		to.ask.sentTo(member, to.gen)
	case to.pid != nil:
		if a, gen := k.sys.asks.of(to.pid); a != nil { // AskPID's: its failures come back too
			o.op, o.number = opAsk, a.number(gen)
			a.sentTo(member, gen)
			break
		}
		o.from = pidText{to.pid.Address, to.pid.ID}
	}
	return k.sys.sendPacket(member, o)
}

// sendPID sends to a Hollywood process of another member.
func (s *System) sendPID(member string, pid *actor.PID, msg any, sender *actor.PID) error {
	o := outgoings.Get().(*outgoing)
	*o = outgoing{header: header{op: opSend}, to: pid.Address, toID: pid.ID, registry: s.messages, msg: msg, body: true}
	if sender != nil {
		o.from = pidText{sender.Address, sender.ID}
		if a, gen := s.asks.of(sender); a != nil {
			a.sentTo(member, gen)
		}
	}
	return s.sendPacket(member, o)
}

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

// tell asks another member something of a grain; e ends when the grain has, or when nobody can tell.
func (k *core) tell(member, id string, what op, e *ending) {
	number := k.sys.watches.begin(member, k, id, &watch{tell: func(string) { e.end() }})
	k.sys.watches.say(member, lateWord{op: what, number: number, to: pidText{k.name, id}})
}

// Returned implements Receiver.
func (s receiver) Returned(to string, _ Lane, packet []byte, unsure bool) {
	h, rest, err := cutHeader(packet)
	if err == nil && h.op == opSend {
		s.returnedOfPID(to, &h, rest)
		return
	}
	if err != nil || h.op != opTell && h.op != opAsk {
		return // who would have been told has gone
	}
	p, err := s.parcel(to, &h, rest, true)
	switch {
	case err != nil:
		s.log.Error("packet not understood", "error", err)
	case unsure:
		p.kind.deadLetterAs(p.id, &p.envelope, ReasonUnsure, &MemberLostError{Member: to})
	default:
		p.kind.route(p.id, &p.envelope, p.hops, back)
	}
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
	msg, _, err := s.messages.Decode(body)
	if err != nil {
		return p, err
	}
	p.envelope = toAnswer(msg, s.asker(from, h, back))
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
	msg, _, err := s.messages.Decode(body)
	if err != nil {
		s.refuseParcel(from, h, err)
		return
	}
	n := toAnswer(msg, s.asker(from, h, false))
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

// returnedOfPID reports a message to a Hollywood process of a member that is none any more.
func (s receiver) returnedOfPID(to string, h *header, body []byte) {
	msg, _, err := s.messages.Decode(body)
	if err != nil {
		s.log.Error("packet not understood", "error", err)
		return
	}
	sender := h.sender()
	if sender != nil {
		s.fail(address{pid: sender}, &MemberLostError{Member: to})
	}
	s.stranded(actor.NewPID(string(h.kind), string(h.id)), msg, sender, ReasonUnsure)
}

// sender is the process that a packet comes from, nil where it says none.
func (h *header) sender() *actor.PID {
	if len(h.address) == 0 {
		return nil
	}
	return actor.NewPID(string(h.address), string(h.process))
}

// giveBack tells who sent a packet that another member has the grain. Where that can't be said the message is a dead letter here, and who asked
// is told so once there is room.
func (s receiver) giveBack(to string, packet []byte) {
	o := outgoings.Get().(*outgoing)
	*o = outgoing{header: header{op: opMoved}, rest: packet}
	failure := s.sendPacket(to, o)
	if failure == nil {
		return
	}
	h, body, err := cutHeader(packet)
	var p parcel
	if err == nil {
		p, err = s.parcel(to, &h, body, false)
	}
	if err != nil {
		s.refuseParcel(to, &h, err)
		return
	}
	p.kind.deadLetter(p.id, &p.envelope, reasonOf(failure))
}

// comesBack sends a message on that its receiver surely has not handled. Where it came to the member that we take for the owner, one of the
// two knows more: the message waits until places change here, or for a moment, because it may be there that they were to change.
func (s receiver) comesBack(from string, packet []byte) {
	h, body, err := cutHeader(packet)
	var p parcel
	if err == nil {
		p, err = s.parcel(from, &h, body, true)
	}
	if err != nil {
		s.log.Error("packet not understood", "from", from, "error", err)
		return
	}
	if p.hops++; p.hops > maxHops {
		p.kind.deadLetter(p.id, &p.envelope, ReasonNoRoute)
		return
	}
	if place := p.kind.locate(p.id); place.Answer == Elsewhere && place.Member == from && !place.Wait {
		passage{p.kind, p.id, p.hops, back}.keep(&p.envelope)
		s.held.refuse(heldKey{p.kind, p.id}, from, s.clock.uptime()+retryEvery)
		s.retrySoon()
		return
	}
	p.kind.route(p.id, &p.envelope, p.hops, back)
}

// MemberLost tells the system that an incarnation is no member any more: questions that it was to answer end with a MemberLostError, and
// who watched its grains is told that they are lost. Its own watches and questions end too. The transport has given back what was on its way
// before.
func (s *System) MemberLost(incarnation string) {
	s.asks.lost(incarnation)
	s.watches.lost(incarnation)
}
