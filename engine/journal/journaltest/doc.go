// Package journaltest is the conformance suite of the journal's seam: every Store and every Objects passes it.
//
// [Run] needs one store, which it may share with other tests: each case works in a role of its own. [RunFull] needs a small one.
// [Model] drives random sequences of operations against the store and against a dumb model, and compares what they answer.
package journaltest
