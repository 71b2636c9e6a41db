// Package reliable carries items from one actor to another over messages that may be lost, come twice or overtake each other: every item
// arrives once and in order, as long as both ends keep what they know.
//
//	sender                                     receiver
//	Offer(item) ─► kept until it is handled
//	Due(now)    ── Parcel{session, number} ──► Accept: the items that are next, in order; a copy brings none
//	Heed(…)     ◄── Receipt{handled, until} ── Handled: room for more
//
// Both ends are values without clocks, goroutines or messages of their own: the actors that hold them send what they return, as messages
// of their own kinds, and tell them the time. So they work between any two actors, and the tests of an actor decide what is lost.
//
// # Flow
//
// The receiver grants demand: a Receipt says below which number parcels may be sent. It keeps at most that many parcels out of order, and
// the sender at most its own bound of items, beyond which Offer refuses: memory is bounded at both ends, and a slow receiver slows its
// sender.
//
// # Loss
//
// A parcel that nobody has confirmed is sent again after a pause, which doubles up to a limit; a receipt that confirms something ends
// the doubling. The first parcel, or the first free place after none, is asked for in the same way: a Due without new parcels sends one
// again, so a lost Receipt does not stop the flow.
//
// # Restart
//
// A session is one life of a sender, named by a text that is greater than all before, such as a ULID. A receiver that meets a greater one
// begins at number 1; parcels of a smaller one bring nothing. A sender that keeps its items keeps its session too (State, Resume), and
// then nothing is lost or doubled over its restart; so does a receiver that keeps its place together with what the items did. A receiver
// that forgets its place begins where the sender is, or where a late copy from before is: what it had handled may come to it again.
package reliable
