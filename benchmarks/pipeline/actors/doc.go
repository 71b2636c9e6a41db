// Package actors delivers a campaign by composer, posters and checker in the goroutine-per-actor model: on channels alone, on
// Proto.Actor and on Hollywood.
//
// # Shape
//
// The three are built alike, each in its system's own idiom, and run in one worker process each:
//
//	composer ──a poster per request──► poster ──want──► gate
//	                                   poster ◄──admit── gate      at most Job.InFlight calls, Job.Rate per second
//	                                   poster ──call──► provider
//	                                   poster ──free──► gate
//	                                   poster ──report──► checker
//	                                   poster ◄──again (later), or its end── checker
//
// The composer reads the audience row by row, renders with this program's templates and creates a poster for each request: one for a
// recipient's push, one for up to 500 recipients of a multicast. A poster holds its finished message and nothing else. It calls through
// this program's client package, and waits for the answer on a goroutine of its own: these systems run an actor on one, so that is what
// their users do. The gate admits in the order of arrival and paces by one clock. The checker reads the answers with the same rules and
// delays as this program, has posters call again under the same retry key, and ends those that are settled.
//
//   - chan: one goroutine and one channel for each actor. The gate is a buffered channel of places, its pace a goroutine that hands
//     out permits.
//   - protoactor: Proto.Actor with its defaults: mailbox, dispatcher and supervision, in a worker that has room (package room). Posters are children of the
//     composer, with one Props for all, and get their message as their first.
//   - hollywood: Hollywood with its defaults, but posters have inboxes that begin with room for 1: the default of 1024 costs 28 KB each,
//     27 GB per million. Posters are no children of the composer: a table of children would only cost them memory.
//
// # The worker
//
// Accept starts the worker and returns when all its posters wait at the gate; it fixes the due time then. Finish waits for it and opens
// the gate with SIGUSR1. The worker lives on after the last recipient is settled, so that its memory can be read, until Close.
//
// # What it promises
//
// A recipient is finished when the checker has settled it, delivered or failed, and no recipient is settled twice. Nothing is given up
// but what the provider refuses for good. A panic inside the provider's client is an attempt in doubt, which is counted and repeated.
//
// # Failure
//
// Nothing is durable: Kill loses every recipient that was not called yet, and Restart starts a worker that knows of none. Finish then
// returns when that one has nothing to do. Finish returns an [*UndeliveredError] when recipients were refused, and the worker's own error
// when it ended by itself. A recipient that a system lost by itself would keep the checker waiting, and Finish with it until its context
// ends: nothing is lost in silence.
package actors
