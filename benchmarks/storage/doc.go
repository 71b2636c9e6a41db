// Package storage measures what durability costs: the shipped journal on an embedded NATS JetStream that syncs every write
// (package cluster/jetstream), the journal in memory, and, as the floor, a plain file that is written and synced for each append.
// The part also shows what package encoding measures.
//
// # What is measured
//
// An appender calls Append and waits for its answer, again and again; each has a shard of its own, since a shard has one append in
// flight. An answer says that an fsync covers the records. What an append takes is timed call by call. Replaying reads one grain
// with many small records, as a grain does that comes back to life. The server runs in the same process, as shipped, so
// its allocations are in the figure.
//
// # Promises
//
// After the appends all records are read again and counted: what was acknowledged and isn't there is lost. What a store keeps is
// in a directory of its own that is removed after the cell.
//
// # Failure
//
// A directory in memory ([os.TempDir] on tmpfs) would measure nothing: the rows that need a disk are then not measured, and say so. An
// append that fails ends the cell with its error.
package storage
