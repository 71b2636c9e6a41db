// Package roster decides who is a member and who owns which shard. It is the logic only: no goroutine, no clock, no I/O. Time comes
// as an argument, every decision returns a named reason, and package cluster carries out what is decided.
//
//	Member, View, Diff   who is there: the agreed list and its changes
//	Place                who is to own which shard, by the list alone
//	Lease                may I act?                by the answers to my own renewals
//	Watch                is that one still there?  by the others' renewals, as I see them
//	Fence, MayClaim      may I claim this shard?
//	Shard                how far am I with this shard, and what becomes of a message to it?
//
// # Node
//
//	JOINING ──activate──▶ ACTIVE ⇄ SUSPENDED          Of combines the view's State with the Lease's Standing
//	                       │  └────────┴──▶ EVICTED   go on as a new incarnation: Join, or Replace the own predecessor
//	                       └──drain──▶ DRAINING ──everything released──▶ LEFT
//
// A member starts by creating its record, then joins the view by a compare-and-set, then activates itself; Lease has its diagram.
//
// # Shard
//
//	        view: me            stored            replayed
//	IDLE ───────────▶ CLAIMING ───────▶ RECOVERING ───────▶ OWNED
//	 ▲ ▲                │ blocked: look again   │             │ view: not me
//	 │ └──view: not me──┘                       └────────┐    ▼ drain
//	 └───────────────────── stored: released ────────── RELEASING
//	any that holds a fence ── fenced, append unclear, member ended ──▶ LOST ── dropped ──▶ IDLE
//
// One fence operation per shard is in flight. A shard that is not ours any more while its claim is in flight is claimed first and
// released then. A claim whose answer was lost may be stored when the shard is idle again; whoever waits for a fence therefore
// tells the member that it names to look at it, and FenceFound mends it.
//
// # Why two members never act for one shard
//
// A member acts for a shard while the shard is OWNED and its lease stands. Take two claims of one shard that follow each other, A's
// and then B's. B's was a compare-and-set on A's fence, so MayClaim allowed it on what A had written, and left B three grounds:
//
//   - A had released it. A stopped serving before it wrote that, and serves again only by another claim, which would stand between.
//   - The fence named B itself: then A is B.
//   - A was not in B's view, which is no older than A's claim (the epochs are compared first: in an older view A may be missing
//     because it has not come yet). A was in the view of its own claim, and an incarnation never comes back; so A was removed.
//     It left by itself after it had released everything; or it was replaced by the next start of its own node, which knows that the
//     process or its roles have ended; or it was evicted, and then its lease had run out before, for good:
//
// An eviction has three steps in this order: the judge has a view at hand; it bars A's record, by a compare-and-set on the revision
// on which it judged; it removes A by a compare-and-set on that very view. Let s be the time at which A sent its last acknowledged
// renewal, and r the time at which the judge observed it.
//
//   - The store held the renewal before the judge could see it, so s ≤ r.
//
//   - Renewals are compare-and-sets too. If A had renewed after what the judge saw, the bar is refused, whatever the watch lost or
//     kept back; if the bar is stored, A renews no more. So the bar decides which renewal is the last, and not the watch.
//
//   - A's lease ends at s + Lease on A's clock, and the judge acts at r + TakeOver on its own at the earliest. If clocks run wrong by
//     the share ρ at most, these are s + Lease/(1-ρ) and r + TakeOver/(1+ρ) of true time, so A is suspended first where
//
//     Lease × (1+ρ) ≤ TakeOver × (1-ρ)
//
// which Timers.Validate asks for, with ρ = 5 %. The defaults bear up to ρ = 1/7; Linux slews by 0.05 % at most. What is compared are
// durations on each one's own monotonic clock, never two clocks. What is left between the two, 0.32 s at ρ = 5 %, is the time in
// which A may finish what it began just before its lease ended.
//
// An eviction "at once" (dead, released) doesn't wait for the lease. Released stands in the record by the owner's own hand, after
// it has stopped; dead stands on the fact: whoever reports it answers for it. A bar of another judge is no proof that the lease is
// over, only that no renewal follows: it is waited for like silence, from when it was seen.
//
// The record lives in memory, and with it the bar: the store may lose both, and A create its record again while the judge's last
// step is on its way. So a created record gives no right to act before A has changed the view itself, after the creation was
// acknowledged: the judge's view is not the newest any more, and it has to begin again, from a bar of its own. That change notes
// the number of the creating renewal in Member.Proven: silence starts anew with it, and what a record of a smaller number says
// (released, barred) says nothing, for it is from before the loss. Where no record was seen at all, the bar expects none, which
// would be stored after a second loss too; so a judge of silence must hear its own renewals of after the first one (Deaf).
//
// All this keeps the members apart that look at their leases. A process that is stopped between looking and acting (by the
// scheduler, a paused machine) acts late all the same: its appends meet the fence; a provider call that it starts then carries
// the same retry key as its successor's. The clock has to go on while the process is stopped: Linux's CLOCK_MONOTONIC, which Go
// uses, does for a stopped process and for a paused container, not for a suspended machine; a machine that can be suspended
// under a running member should be killed instead.
//
// # Why nobody is evicted falsely
//
// A silent store makes everybody silent. A judge therefore has renewed its own lease without a gap for 2 s: after an outage that
// it noticed itself, the others have had that long to renew too. While half of the members or more are silent without proof of
// death it waits 10 s; who misses two renewals counts as silent there, so that those who fell silent together are counted
// together. When its own watch was interrupted, everybody's silence starts anew. All members judge alike, at times that differ a
// little: the first bar is stored, the others are refused, and see it.
//
// The simulation in the tests (five members, skewed clocks; requests that are lost, late and out of order; processes that die or
// stop; partitions; late watches; a store that is away or loses its memory) holds both, and shows for each rule that without it
// they break.
//
// # What the caller does
//
// The store is package objects' Store, which does the first three of these.
//
//   - It reads the view and the fences from the store's leader, never from a follower, and changes them by compare-and-set only.
//   - Revisions of the records never repeat, also when the store lost its memory: whoever finds an empty stream moves its next
//     sequence to the wall clock's nanoseconds before creating a record. Otherwise a compare-and-set from before the loss may hit
//     a revision that came again, as a renewal once overwrote a bar in the simulation.
//   - It sends no compare-and-set again by itself: a client's reconnect buffer is off.
//   - It tells Watch.Restarted whenever a watch was interrupted, and begins the watch of the records again after Lease.Missing.
//   - It carries out an eviction as Judgment says, and judges anew after any refusal.
//   - It asks Lease.Standing right before it acts, not a copy of the answer.
//   - Where MayClaim says outrun by a fence above the newest view, the view was lost and begun anew: View.Raise.
package roster
