// Package cluster gives the engine its durable ground: who owns which shard, an append queue per shard, and the timetable.
//
// [Solo] is ownership by one process: at its start it claims every shard of its roles in one atomic batch, which fences whoever
// held them before. It implements engine.Journal.
//
//	shard: CLAIMED ──ErrFenced──▶ LOST for good (another process took it; OnFenced tells)
//	          ▲ │
//	          │ └────ErrLost────▶ UNCLEAR ──claimed again, every second or by the next Replay──┐
//	          └─────────────────────────────────────────────────────────────────────────────────┘
//
// UNCLEAR: the store gave no clear answer in time. Every append fails with ErrLost, and no reminder of the shard fires, until it is
// claimed anew; the new fence settles what became of the last batch, so whoever replays sees the truth. Overdue reminders then fire at
// once. A shard that another process has claimed meanwhile is LOST instead: it is not taken back.
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
