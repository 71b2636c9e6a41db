// Package pipeline measures the delivery of whole campaigns: this program beside queues with workers, actors in memory and a bare client.
//
// # A cell
//
//	open the system → Accept the job → Planned → (due time) → Finish → read the simulator's deliveries → figures
//	                  └── processor time and memory ─────────────────┘
//
// The provider is the product's own simulator in ledger-only mode, in a process of its own on a processor of its own (the last); every
// process of the system runs on the other processors. Its ledger and its clock judge: what was accepted for whom, when and how often.
// A [System] is an adapter; packages below this one implement it, and the package that puts them together calls [Part].
//
// # What it promises
//
// All systems of an experiment get the same [Job]. A cell in which a call came before the due time, or that reached somebody outside the
// audience, is an error; recipients that were never reached or reached twice are counted in its result.
//
// # Settings
//
//	BENCH_LONG=1        measure every row of every table, also those that take minutes or tell little
//	BENCH_IN_FLIGHT=N   calls at once of every system but the daemon as shipped
//	BENCH_PROGRAM=PATH  the daemon's program, instead of building it
//
// # On failure
//
// A system's error ends its cell. Its processes end and its files go with the cell, whatever happened.
package pipeline
