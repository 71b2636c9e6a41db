// Package objects is the seam between the membership, which package roster decides, and the store that its members share. It has
// three parts, and [Store] is all of them:
//
//	Records  one per incarnation, in memory: renewed every 500 ms; the acknowledgement is the lease
//	Views    one, on disk: the agreed list of members
//	Fences   one per shard, on disk, in the journal: who owns it; its sequence is what the journal's appends carry
//
// Everything is changed by compare-and-set: on the revision that stands there, 0 for none. A change ends in one of four ways:
//
//	nil          stored, at the revision that is answered
//	ErrRefused   not stored, for another revision stands there; [Refused] holds what was found after it, where that is known
//	ErrBusy      surely not stored, and never will be: the same change may be tried again
//	ErrUnclear   no answer: it may be stored, and may still be stored later
//
// The context's error is wrapped beside the last two where it was the cause: before the request was sent, it is ErrBusy. Nothing is
// sent again by the store's client where it might have been stored, so a change is stored once or not at all.
//
// # Revisions
//
// Those of one object rise and never repeat, also where the store lost its memory: the records are gone then, and what is stored
// next has a revision above every earlier one. The fences' revisions are the journal's sequences.
//
// # Watches
//
// A watch is an iterator that ends with its context or by break. It begins with [Began], then tells all that stands there, then each
// change in order; of several quick ones perhaps only the last. Where it was interrupted, or the store lost its memory, it says
// Began again and tells all once more: what was there before and isn't told again is gone. It may be late, by any time: no decision
// may stand on it that a compare-and-set doesn't check. What was removed is told by its absence after the next Began at the latest.
//
// [Memory] is the store for simulations: the same promises, with every failure that the real one has.
package objects
