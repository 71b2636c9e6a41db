// Package journaltest is the conformance suite of the journal's seam: every Store and every Objects passes it.
//
// [Run] needs one store, which it may share with other tests: each case works in a role of its own. [RunFull] needs a small one.
// [Model] drives random sequences of operations against the store and against a dumb model, and compares what they answer.
//
// [Server] puts a store behind connections that fail as NATS's do, for simulations of several processes: each has a [Client] of its own,
// whose requests and answers are lost, late, held back or refused. A request that is late is carried out when it arrives, also when
// nobody waits for it any more; so a batch may be stored after its repeat and after the batches that follow.
package journaltest
