// Package servers starts private Redis and PostgreSQL servers for one cell: on Unix sockets, in a directory of their own.
//
// # Configuration
//
// Redis keeps an append-only file, synced every second. PostgreSQL commits durably (fsync and synchronous_commit
// on) and is tuned as its documentation advises for a small dedicated host: shared_buffers 256 MB, checkpoints rare enough not to
// fall into a cell, autovacuum often because queues make dead rows, no JIT. Both listen on Unix sockets only, which is a little
// faster than loopback TCP and can't collide with anyone's port.
//
// PostgreSQL refuses to run as root: started by root it runs as the user postgres, or nobody.
//
// # Promises
//
// A server that is returned answers. It ends with the process that started it, and Close removes what it kept.
//
// # Failure
//
// A program that is not installed is told by [MissingRedis] and [MissingPostgres]. A server that ends while it is awaited is an error
// with the end of what it said.
package servers
