// Package ledger counts messages by their numbers in memory that outlives the process that counts.
//
// A ledger is a file mapped into the memory of the process that writes it and of the one that reads it: a few counters and one bit per
// message number. What a process has noted is there at once, also when the process is killed the moment after; nothing is flushed, and
// noting costs one atomic operation. Each incarnation of a process has a ledger of its own.
//
// # Failure
//
// A number outside the ledger's size is counted as [Foreign]. The file does not survive the machine, and need not.
package ledger
