// Package benchmarks compares this program's engine with other actor systems and with one goroutine per actor.
//
// It is a module of its own, so that the peers are its dependencies and not the product's. The root module is replaced by the
// folder above: what is measured is the engine as it stands beside it, with recovery, supervision, metering and bounds on.
//
//	systems/    one adapter per system behind one small interface, and the conformance test that all of them pass
//	micro/      workloads on one system: memory, spawning, sending, asking; and the floors below them
//	suite/      the runner: one process per measurement, interleaved rounds, raw JSON lines, medians
//	cmd/bench/  the command
//
// Peers are pinned exactly: Hollywood v1.0.5, Proto.Actor (protoactor-go) v0.0.0-20240822202345-3c0e61ca19c9, GoAkt v3.14.0. Ergo is
// left out, because no version of it can be had from the module proxy that this module is built with.
//
// A peer may need a newer version of something that the root module has too; a test lists each with its reason, and fails for any
// other difference, since then another program would be measured than the one that is shipped.
package benchmarks
