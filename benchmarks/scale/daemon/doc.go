// Package daemon runs the shipped program as an operator does: one process of `hayauma serve` with its embedded store in a fresh
// directory, one of `hayauma line-sim` beside it, and everything asked over HTTP.
//
// The binary is pipeline.Program's: built in its own module, so with its own dependencies' versions, and kept in the user's cache.
//
// Memory is VmHWM of the daemon's process, processor time its user and system time, both from /proc; records, bytes and goroutines
// are its own metrics.
//
// On failure: an error carries what the process said last. [World.Close] ends both processes and removes the directory.
package daemon
