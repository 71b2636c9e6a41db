// Package router spreads messages over several actors of one message type.
//
//	RoundRobin   to each in turn
//	Hash         to the one that the message's key falls to, by rendezvous hashing: a change of the routees moves only the keys of
//	             those that came or went
//	Broadcast    to all
//
// A Router is a value to send through, not an actor: it has no mailbox, so that it costs no second hop, and one sender's messages to one
// routee stay in order. It may be used from any goroutine. Its routees are somebody else's: a router starts none and watches none. What a
// routee can't take becomes that routee's dead letter; what a router without routees is given becomes nobody's, and Tell says so.
package router
