// Package engine runs actors on Hollywood's engine: grains, which are addressed by kind and identity and live while they have
// work, and plain cells, which are spawned.
//
// # A message
//
//	Ref.Tell ─► cell.push ─► dispatcher.submit ─► worker: cell.turn ─► Actor.Handle
//	             │ full, gone for good                 ▲
//	             └► dead letter              Hollywood: Engine.Send ─► remoter (grains), process (plain cells)
//
// A Ref sends to the cell that it saw last; a cell that has left memory refuses by the closed state of its mailbox, and the message
// goes through the kind's table to a new one. So a message is either in a mailbox whose cell handles it, or a dead letter.
//
// # A cell's life
//
//	            first message        idle, Passivate
//	(not there) ─────────► activated ─────────► (not there)
//	                 ▲      │  ▲  │
//	          replay │      │  │  └─ Persist ─► persisting ─ stored: apply, continue
//	                 │ panic▼  │                     │ failed
//	                 └──── backing off ◄─────────────┘
//
// A grain leaves memory after its idle time, late by at most a quarter. It is not idle while a Go function runs, a timer is
// pending, a kept reply is unsent or an append is in flight.
//
// # Promises
//
//   - One sender's messages to one receiver are handled in the order in which they were sent, also across passivation.
//   - A message is handled at most once. One that is not handled is a dead letter with a reason, or was in the hands of a handler
//     that panicked, which is counted and logged.
//   - A handler runs alone; two activations of one grain never overlap in one system.
//   - An Ask ends: with an answer, with an error as soon as it is known that none will come, or with its context or timeout.
//   - Events are applied only once they are stored, and effects of a continuation come after that.
//
// # Failure
//
// A panic ends the activation; the message in hand is lost, those in the mailbox are kept. The next activation starts at once after
// a first failure and later, up to 5 s, after repeated ones; no worker waits meanwhile. A refused append does the same, except that
// a fenced grain's mailbox becomes dead letters. Plain cells and durable grains begin again by themselves, so that Started can set
// their timers anew; a grain that keeps nothing waits for its next message. A mailbox at its bound refuses what comes.
//
// A worker stuck in a handler is a fault of that handler: it is counted and logged once per kind, and when all workers are stuck a
// stand-in begins, so that the rest goes on. [System.Kill] ends a system as a dying process would: it is what crash tests use. It waits 5 s for handlers at most: one that is
// still stuck has no effect in the system any more, whenever it goes on.
//
// # Cost
//
// An idle grain takes less than 200 bytes, its 33-byte identity and 16 bytes of state included: one cell, no goroutine, no mailbox,
// no PID. A Tell allocates nothing and an Ask nothing beyond its answer, with a timeout or without; both are tests.
//
// # Under testing/synctest
//
// Workers wait on a condition variable and the clock rests when nothing is sent, so a bubble becomes idle when the actors are. A
// System belongs to the bubble that made it.
package engine
