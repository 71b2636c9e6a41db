// Package transporttest is the conformance suite of the seam between members: every Transport passes it.
//
// [Run] gets a [Subject] that makes networks: members that join it, and faults between them. A case makes its own network, and runs
// in a testing/synctest bubble where the subject allows it; elsewhere it waits on the real clock, with the same code.
//
// [Recorder] is the Receiver that the cases use. It notes what it gets, and can be held within a Receive.
package transporttest
