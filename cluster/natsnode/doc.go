// Package natsnode gives a process its NATS: a server embedded in it, or an external one by URL.
//
// Embedded, the server keeps JetStream below the data directory, syncs every write before it acknowledges it, and opens no port
// unless asked for one. NATS doesn't lock its directory, and two servers on one directory both acknowledge: so the directory is
// locked here, and a second opener gets a [*InUseError] that names the directory and the holder's process id.
//
// External, the client reconnects for ever, notices a dead connection after 1 s, and refuses servers without atomic batches.
//
//	Open ──▶ lock ──▶ server ──▶ in-process connection ──▶ Node
//	Close: drain the client, shut the server down, wait for it, unlock
//
// On failure: Open leaves nothing behind. A server that can't write acknowledges nothing; its callers see the error. The lock
// dies with the process, so a kill -9 leaves no stale one.
package natsnode
