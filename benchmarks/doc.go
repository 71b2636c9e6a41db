// Package benchmarks compares this program with others: its engine with other actor systems and with one goroutine per actor, its
// delivery of campaigns with queues and workers, and its cost with a model of it as work grows.
//
// It is a module of its own, so that the peers are its dependencies and not the product's. The root module is replaced by the
// folder above: what is measured is the program as it stands beside it, with recovery, supervision, metering and bounds on.
//
//	experiment/  the seam: what a measurement is, and processes that a cell starts
//	suite/       the runner: one process per measurement, interleaved rounds, raw JSON lines, medians, tables, bounds, targets
//	plot/        plots as SVG
//	cmd/bench/   the command, which lists the parts
//
//	systems/     one adapter per actor system behind one small interface, and the conformance test that all of them pass
//	micro/       workloads inside one process: memory, spawning, sending, asking; and the floors below them
//	latency/     the same systems under an open load
//	remote/      messages between two processes
//	encoding/    the codec beside protobuf and JSON
//	storage/     what an append and a replay cost
//	pipeline/    whole campaigns: this program, actors that keep nothing, queues, a bare client
//	servers/     private Redis and PostgreSQL servers for a cell
//	schedule/    how late scheduled work starts
//	scale/       cost as work grows
//	fleet/       how long deliveries stand still when something befalls a node
//
// Peers are pinned exactly: Hollywood v1.0.5, Proto.Actor (protoactor-go) v0.0.0-20240822202345-3c0e61ca19c9, GoAkt v3.14.0, asynq
// v0.26.0, River v0.30.0. Ergo is left out, because no version of it can be had from the module proxy that this module is built with.
//
// A peer may need a newer version of something that the root module has too; a test lists each with its reason, and fails for any
// other difference, since then another program would be measured than the one that is shipped.
package benchmarks
