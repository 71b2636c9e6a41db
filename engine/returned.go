package engine

import (
	"github.com/anthdm/hollywood/actor"
)

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
