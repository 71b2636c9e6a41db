// Package cluster gives the engine its durable ground: who owns which shard, an append queue per shard, and the timetable.
//
// [Ledgers] is the shards that a process owns at present; it implements engine.Journal. A shard under one claim is one ledger: an
// append queue, a timetable with a timer of its own, and nothing that outlives it. Who is to own what is decided elsewhere: by [Member].
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
//   - Before it closes or drops one it lets the directory say that it isn't here, and has the grains leave (engine.System.Vacate).
//     No activation may outlive its ledger here until the shard is opened again: it would append what it has numbered before.
//   - In OnLost it has the directory say that the shard is not here: the engine asks for the place of each message of an activation
//     that ended, and would begin it again and again, without a pause, while it hears that it is.
//   - Where it is told of ErrFenced it drops the shard. Of ErrLost it drops it too, and claims it anew, if it still may, at once. The new
//     fence settles what became of the last batch, so whoever replays sees the truth.
//   - An activation that was replayed under an earlier claim appends nothing: [ErrOldTenure]. A handler can be stuck for longer than
//     anybody waits for it, and go on when its shard has been elsewhere and came back.
//   - While its lease is in doubt it calls Suspend.
//
// # Member
//
// [Member] is this process's part in a fleet, and a process alone is a fleet of one. What is decided is package roster's; Member brings it
// the time and what happened, and carries its decisions out. It is the engine's Directory, and its Journal by Ledgers.
//
//	watch of the view ───┐                            ┌──▶ peers, then places, then the engine is told
//	watch of the records ┤   inbox   ┌────────────┐   ├──▶ fences in batches, at most 4 × 256 under way
//	answers of the store ┼──────────▶│ loop       │───┼──▶ Ledgers: Open, Fire; Vacate, Close; Drop
//	OnLost, nudges, Drain┤           │ Lease Watch│   ├──▶ renewals, changes of the view, bars, probes
//	Suspect, Stop ───────┘    timer ▶│ View Shard │   └──▶ hooks, one after another, on a goroutine of their own
//	                                 └────────────┘
//
// One goroutine, the loop, has all state: the lease, the watch of the others, the view, and a roster.Shard for each shard of its roles. It
// waits for nothing. What takes time runs elsewhere and comes back as an event: one operation for each shard, one change of the view, and
// the renewals of one lease at most. After each batch of events it does what is due, publishes places, and only then begins what the
// shards want. A timer is set for the next time at which something is due: the lease's end, a verdict, a renewal.
//
//	Locate    an atomic pointer to a table that is never changed in place, and ShardOf
//	May       an atomic pointer to the lease, and the clock: to be asked right before a provider call, not copied
//
// A shard here is (roster.Phase): CLAIMING while its fence is read and written; RECOVERING while its ledger opens, messages wait; then it
// is here and its overdue reminders are told; OWNED. It is given up in this order: messages wait; grains leave, work that they have begun
// has 800 ms; it is elsewhere for the directory; what they appended is stored; the fence says released, and to whom; that one is told. Who
// finds a fence held tells its holder, and looks again after 30 ms, doubled to 250 ms, so that no hand-off hangs on a hint.
//
// Who leaves waits (500 ms at most) until the others have seen that nothing is there any more, and have what it has sent them; then it
// releases its record and leaves the view, and no question of theirs is lost with it.
//
// # Order
//
// A shard goes from member O to member N. What member A, which may be one of the two, has sent to O is on its way there, or in a mailbox, or is
// sent on to N, or comes back; what A's actors send from then on must not overtake it. So at A it waits, and A makes a detour:
//
//	A  sees the view: places say N, and that its own actors' messages wait
//	A ── ask ─────▶ O  marks the end of what A has sent there
//	O  sees the view: messages wait; grains leave, what their mailboxes have goes before what waits; then all goes on to N
//	O ── flush ───▶ N  and back: only where something was sent on that came from others
//	O ── passed ──▶ A  behind what O gave back, which at A goes before what waits there
//	A ── herald ──▶ N  should N not know the view yet, messages for the shard wait there for it, instead of coming back
//	A  places say N, and nothing waits
//
// These are marks (engine.System.Mark): they stand among the messages, on the way that those take. A question and its answer carry all shards
// that the two have to do with, as bits. They take a round trip from A to O, and another from O to N where something was sent on; meanwhile N
// claims the shard, which takes as long. What others send to N, and its reminders, waits for none of this. Where O answers that the shard has
// gone elsewhere since, A asks there next.
//
// N may have lost the shard again by the time at which what O sends on arrives: it gives that back, and O sends it on once more. So N says by
// which view it goes when it answers a flush. If that is newer than O's, or the owner has changed meanwhile, O has A's question before it again, as if
// it had just come: it goes by the new owner. What came back waits at O for O's own detour, so A's answer does too, if that detour has begun
// with a newer view than A's question: no two members wait for each other, because each waits for a newer view's question than the one before.
//
// A detour ends after 1 s in any case, and when O is in the view no more: a member that leaves waits until it owes no answer, 500 ms at most.
// Messages may be handled out of order then, but still once at most. They also may, rarely (in 1 of 300 fleets that were made for it), where a
// shard moves once more before its first hand-off is over. There is no detour where the old owner is lost: what was on its way
// to it comes back, or is lost with it.
//
// # What a member promises
//
//   - This process serves a shard only while roster says so: package roster has the argument why no two do.
//   - A shard that the view gives to this member is served as soon as its fence allows it, whatever was lost or refused before.
//   - One sender's messages to one grain are handled in order also while its shard is handed over, as far as Order says.
//   - A grain is said to be at another member only after that one's address was given to Peers. The engine hears of a member that went
//     after places name it no more; before OnView.
//   - Stop, or the end of the process, needs nobody's help. All of its goroutines end with Stop; with Kill as soon as what they call returns.
//   - Where OnEnded was called, nothing is owned any more, and never will be by this incarnation.
//
// What a failure costs, by the default timers; r is a request of the store (measured on the embedded server: 1 ms), and times are until all
// is served again:
//
//	alone, first start                        5 r
//	planned: Stop, Drain, a node that joins   the work of grains (800 ms at most) and 10 r
//	process dies, connection refused          a probe and 4 r: some 10 ms
//	process hangs, machine lost, cut off      2 s after its last renewal and 4 r; itself it is suspended at 1.5 s
//	half of the members or more silent        10 s after the last renewal; at once where death is certain
//	store away                                all suspended after 1.5 s, nobody evicted; back: the first renewal
//	records lost (the memory of the servers)  suspended for 3 r; appends wait
//	an append without a clear answer          its shard is dropped and claimed anew: 4 r; again within 10 s: after 0.1 s, doubled to 5 s
//	a nudge lost                              30 to 250 ms
//	this node's name still in the view        nothing where Predecessor says that it is dead; else 2 s of silence where others are, 10 s alone
//
// # Timetable
//
// A reminder is (kind, id, name, due time, payload). It is appended in the atomic batch of the event that needs it, to the grain
// {timetable, "<shard>-<hour of its due time>"} of the same shard. Only overdue hours, the current and the next are in memory, at about
// 132 B for each reminder and without a pointer for the collector; a later hour is read when it comes near. Of a payload that is longer than
// engine.InlinePayload only the record's position is in memory, and who wants it has it read (Ledgers.Payload); such payloads are kept apart in
// records of some 16 KiB. An append doesn't say where its records are, so an hour's new ones are looked through when the first is asked for. A reminder fires at its due
// time, and every 30 s until it is forgotten or replaced, so firing survives crashes and failed handlers: at least once. It begins to fire
// when its append was acknowledged. Forgetting needs the due time, which names the hour; replacing is forgetting and setting in one append
// (within one hour, setting is enough). An hour that is over and empty is purged, in order with the appends of its shard.
//
// Records of the timetable are numbered from fence × 2^24 on, so their numbers rise over all owners without being read first; gaps
// between them mean nothing.
//
// The wall's clock says what is due. It is looked at every 10 s at least while there are reminders, so that one is late by no more
// than that after the clock was set forward or the machine has slept.
//
// On failure: what can't be read is tried again every second and logged; until then its reminders are late, not lost.
package cluster
