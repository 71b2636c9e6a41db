// Package clustertest makes members for tests and benchmarks that need one process's ground and no fleet.
//
//	Alone    a member that is a fleet of one, as the daemon runs where it is alone
//	Serve    starts it, and returns when all of its shards are served
//
// The store of the membership is the caller's: objects.Memory above a journal in memory, or jetstream.Store's Membership. It may outlive
// members; the next one takes its predecessor's place at once, whatever became of that one.
//
// Failures are returned as errors; nothing here is meant for production.
package clustertest
