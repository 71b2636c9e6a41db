// Package systems puts one small interface in front of each actor system that is compared.
//
// # What an adapter does
//
// An adapter holds the references to its actors in one dense slice of its system's own type and sends by index, so that a send costs
// every system the same one interface call and one slice access on top of its own. All actors have the same behaviour ([account]):
// 16 bytes of state, a count and a pointer to the adapter. All systems get the same message, a pointer that the workload
// has allocated before, so none is charged for allocating it.
//
// # What it promises
//
// One sender's messages to one actor are handled in the order in which they were sent, every message that the system took is
// counted by the actor that handled it, and an answer belongs to its question. The conformance test holds every adapter to that,
// but for answers that a system is known to lose by itself ([Spec].Loses): each run counts them.
//
// # What is like for like
//
// A call of a peer that waits for an answer takes a timeout; so does hayauma-timeout's, which is the row to hold against them.
// hayauma's Ask takes the context that the callers share.
//
// Versions are those of go.mod, whose OpenTelemetry is newer than what Proto.Actor's own go.mod names, because GoAkt needs it. A
// ping-pong of Proto.Actor's with its own go.mod is as fast: metrics are off, and what decides is how much stack Go gives a new goroutine,
// 0.3 million round trips a second with 2 KiB and 2.1 to 2.4 million with 4 KiB on one machine. Its rows have the 4 KiB (package room).
//
// GoAkt's rate in ask-64 is that of callers of whom some wait for an answer that is lost (see [Spec].Loses); what a question costs it
// otherwise shows in its processor time.
//
// # Failure
//
// Spawn and Ask return the system's error. Tell returns nothing: what gets lost is found by counting.
package systems
