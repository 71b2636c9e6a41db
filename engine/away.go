package engine

import (
	"errors"

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
	if t, ok := n.msg.(*traced); ok {
		o.msg, o.trace = t.msg, &t.trace
	}
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

// tell asks another member something of a grain; e ends when the grain has, or when nobody can tell.
func (k *core) tell(member, id string, what op, e *ending) {
	number := k.sys.watches.begin(member, k, id, &watch{tell: func(string) { e.end() }})
	k.sys.watches.say(member, lateWord{op: what, number: number, to: pidText{k.name, id}})
}
