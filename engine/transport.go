package engine

import (
	"errors"
	"iter"
)

// Errors of [Transport.Send]. The packet was not taken.
var (
	// ErrBacklog: what the member has not acknowledged has reached its bound.
	ErrBacklog = errors.New("engine: too much is on its way to that member")
	// ErrNoMember: no such incarnation is a member.
	ErrNoMember = errors.New("engine: no such member")
)

// Lane is one of two ways to a member. Packets of one lane arrive in order; a full Data lane doesn't delay Control.
type Lane uint8

// The lanes.
const (
	Data    Lane = iota // messages of actors
	Control             // what members tell each other about themselves
	Lanes               // how many there are
)

// Packet is something that can be written behind what is on its way already.
type Packet interface {
	// AppendPacket appends the packet's bytes. It is called within Send; an error leaves nothing of it behind.
	AppendPacket(dst []byte) ([]byte, error)
}

// Transport carries packets between members, which are named by their incarnations. It is safe for concurrent use.
//
// A packet that was taken is given to the member's Receive once, in the order of Sends of its lane, or comes back through Returned.
type Transport interface {
	// Send takes a packet for a member. It doesn't wait for the network.
	Send(to string, lane Lane, p Packet) error
	// Start begins to receive; it is called once, before the first Send.
	Start(r Receiver)
}

// Receiver is who takes what a Transport brings. Its methods don't block, and keep nothing of the packet's bytes.
type Receiver interface {
	// Receive takes packets that came together, one after the other. What it has asked for the next of, or returned from, is acknowledged: it
	// is in a mailbox, or is when Receive returns, or whoever sent it is told why not. A packet with which it panics is.
	Receive(from string, lane Lane, packets iter.Seq[[]byte])
	// Returned takes back a packet whose member is none any more. It is unsure where the packet was written: it may have been
	// received, and handled.
	Returned(to string, lane Lane, packet []byte, unsure bool)
}
