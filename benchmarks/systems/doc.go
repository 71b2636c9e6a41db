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
// # Failure
//
// Spawn and Ask return the system's error. Tell returns nothing: what gets lost is found by counting.
package systems
