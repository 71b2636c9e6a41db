// Package cluster gives the engine its durable ground: who owns which shard, an append queue per shard, and the timetable.
//
// [Ledgers] is the shards that a process owns at present; it implements engine.Journal. A shard under one claim is one ledger: an
// append queue, a timetable with a timer of its own, and nothing that outlives it. Who is to own what is decided elsewhere: by a fleet's
// member, or by [Solo], which claims every shard of its roles at its start and opens them all at once.
//
//	           Open            Fire
//	CLAIMED ─────────▶ OPEN ─────────▶ FIRING     appends and replays work in both
//	                    │ │ │            │ │ │
//	                    │ │ └─────Close──┼─┼─┴──▶ CLOSING ──all stored, or ctx over──▶ gone
//	                    │ └───────Drop───┼─┴───────────────────────────────────────▶ gone
//	                    └───the store────┴──────▶ LOST ────────────Drop, Close─────▶ gone
//	                        says so
//
// Opening a newer claim of a shard drops the ledger that it has, whatever its state. A ledger never comes back, and a claim is opened
// once: a second time is an ErrOldClaim, because numbers and batches would repeat, and repeats count as stored.
//
//	             append                                   replay           reminders
//	OPEN         stored                                   yes              kept
//	FIRING       stored                                   yes              fire
//	suspended    waits, then ErrBusy                      yes              kept, overdue ones fire at Resume
//	CLOSING      what was queued is stored, else refused  ErrNotOpen       silent
//	LOST         ErrFenced or ErrLost                     the same         silent
//	gone         ErrNotOpen                               ErrNotOpen       silent
//	stopped      journal.ErrClosed                        ErrClosed        silent
//
// ErrNotOpen is a journal.ErrFenced: the engine takes it for "another owns it", ends the activation, and has its messages go on to
// where the directory says. All three of ErrNotOpen, ErrBusy and ErrFenced say that nothing was stored; ErrLost says that nobody knows.
//
// # What it promises
//
//   - Every append's done runs exactly once, whatever is called at the same time, and not before its fate is known.
//   - When Close has returned without an error nothing of the shard is in flight: no append, no firing, no callback. With one, what was
//     queued yet has been refused, and the store's fence settles the rest.
//   - After Drop, at most one reminder of each shard is just being told, and what was in flight may be stored while the fence stands.
//   - A reminder fires only between Fire and the end of its ledger; overdue ones at once, so a shard that changes hands loses none.
//   - OnLost is called once for a claim, and not after it is gone: journal.ErrFenced where another has claimed the shard, which an append,
//     a replay or a read of the timetable finds out, and journal.ErrLost where the store gave no clear answer in time.
//   - A closed shard holds no goroutine, timer or memory, but for the number of its newest fence.
//
// # What the owner does
//
//   - It opens a shard, lets the directory say that it is here, and then calls Fire.
//   - Before it closes or drops one it lets the directory say that it is elsewhere, and has the grains leave (engine.System.Vacate).
//     No activation may outlive its ledger here until the shard is opened again: it would append what it has numbered before.
//   - In OnLost it has the directory say that the shard is not here: the engine asks for the place of each message of an activation
//     that ended, and would begin it again and again, without a pause, while it hears that it is.
//   - Where it is told of ErrFenced it drops the shard. Of ErrLost: a fleet's member drops it too and claims it anew, if it still may. Solo
//     asks the store whether the fence is still its own; then it claims and opens the shard again (at once, every second, or by the next
//     Replay), and otherwise leaves it to whoever has taken it and tells OnFenced. The new fence settles what became of the last batch,
//     so whoever replays sees the truth.
//   - While its lease is in doubt it calls Suspend.
//
// # Timetable
//
// A reminder is (kind, id, name, due time, payload). It is appended in the atomic batch of the event that needs it, to the grain
// {timetable, "<shard>-<hour of its due time>"} of the same shard. Only overdue hours, the current and the next are in memory; a
// later hour is read when it comes near. A reminder fires at its due time, and every 30 s until it is forgotten or replaced, so
// firing survives crashes and failed handlers: at least once. It begins to fire when its append was acknowledged. Forgetting needs
// the due time, which names the hour; replacing is forgetting and setting in one append (within one hour, setting is enough). An
// hour that is over and empty is purged, in order with the appends of its shard.
//
// Records of the timetable are numbered from fence × 2^24 on, so their numbers rise over all owners without being read first; gaps
// between them mean nothing.
//
// The wall's clock says what is due. It is looked at every 10 s at least while there are reminders, so that one is late by no more
// than that after the clock was set forward or the machine has slept.
//
// On failure: what can't be read is tried again every second and logged; until then its reminders are late, not lost.
package cluster
