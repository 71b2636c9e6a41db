// Package journal is the seam to the event store: fenced shards, packed records, one append in flight per shard.
//
// A grain's events live in records: consecutive events of one grain, numbered from 1. Grains hash to shards; a shard has one
// owner, and every append proves it with the shard's fence, so a stale owner's append is refused by the store itself.
//
// [Store] is what an implementation offers ([Memory], package cluster/jetstream). [Writer] is the part above it that every owner
// runs: it queues, packs and retries for one shard. [Objects] keeps immutable bytes beside the events. Package journaltest holds
// the suite that every implementation passes.
//
// A unit is what one call of [Writer.Append] brings: all of it is stored or none.
//
//	unit ──▶ queue ──▶ batch ──▶ Store.Append ──▶ nil ─────────▶ done(nil)
//	                     ▲            │
//	                     │            ├─ ErrBusy ───────────────▶ the same batch again; after BusyFor done(ErrBusy)
//	                     │            ├─ no answer ─────────────▶ the same batch, same id, until UnclearFor is over ─▶ ErrLost
//	                     │            ├─ ErrFull, ErrTooLarge ──▶ done(err), and for each later unit of those grains
//	                     └── next ◀───┘  ErrFenced ─────────────▶ OnLost once, done(ErrFenced) for this and every later unit
//
// ErrFenced is reported only for what is surely not stored. Where an attempt without an answer came before it, that batch fails
// with ErrLost, and what is behind it with ErrFenced.
//
// Promises: done runs exactly once per unit, in the order of the Append calls, on the writer's goroutine; nothing is reported as
// stored before the store acknowledged it; a number whose unit failed is never jumped over; after an unclear answer no other
// event is ever put under the same number. A writer without work has no goroutine.
package journal
