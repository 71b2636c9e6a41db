// Package natsnode gives a process its NATS: a server embedded in it, alone or as one of several, or an external one by URL.
//
//	alone     DataDir                     one server in this process, one copy, no port
//	routes    DataDir, Routes             three (5, 7) of our processes keep one store together, three copies
//	external  URL                         servers that somebody else runs
//
// An embedded server may be open for other programs ([Clients]): they log in as [ClientUser], send requests on subjects that somebody answers,
// and read one stream. The store, its API and the subjects of everybody else's answers are denied to them, and so they are to whoever
// answers, because a client chooses where an answer goes. One thing is theirs by JetStream's nature: who may make consumers on that stream
// may have its messages delivered to any subject, so the password is for those who are trusted with the daemon's token.
//
// Embedded, the server keeps JetStream below the data directory, syncs every write before it acknowledges it, and opens no port
// unless asked for one. NATS doesn't lock its directory, and two servers on one directory both acknowledge: so the directory is
// locked here, and a second opener gets a [*InUseError] that names the directory and the holder's process id.
//
// With routes every server names all servers, itself too: JetStream counts them by that list. At the very first start of a cluster
// all have to come, and also after all were stopped, because what is kept in memory has no majority then; otherwise a majority
// suffices. Until then Open waits and says so every 10 s, and its end is a [*NoQuorumError] that names who was reached, and why others
// weren't: each listener of routes greets with its server's name, so it is asked. Before its own server runs, a node asks them too, and a
// name that answers already is [ErrNameTaken]. What the server says for every connection and attempt is logged once a minute at most.
//
// The routes speak TLS with certificates of one authority, or stay on loopback. A client port is open on loopback,
// because the server makes no routes without one; only this process has its password. The store is bound to the server's name and to
// the topology: a cluster deletes what it doesn't know of, so a store of the other kind is refused, never opened. To go from one to
// three servers, start the three on empty directories.
//
// External, the client reconnects for ever, notices a dead connection after 1 s, and refuses servers without atomic batches.
//
//	Open ──▶ lock ──▶ name (routes) ──▶ server ──▶ in-process connection ──▶ quorum (routes) ──▶ Node
//	Close: drain the client, shut the server down (it hands its leaderships over first), wait for it, unlock
//
// # What the production profile refuses
//
// One copy; a server alone; plain text beyond loopback; and a server that acknowledges before it syncs, where that can be told: our
// own always sync, and an external one answers only if its system account exports the question to the account of this client:
//
//	SYS { exports: [{service: "$SYS.REQ.SERVER.PING.JSZ", response: stream, accounts: [APP]}] }
//	APP { imports: [{service: {account: SYS, subject: "$SYS.REQ.SERVER.PING.JSZ"}}] }
//
// Otherwise it is logged once that nobody can tell: neither the account's nor a stream's information says how a server syncs. Servers
// that join the cluster later, and their versions, are not looked at.
//
// # Which failure costs how long
//
// The time in which no append is stored, or nobody acts for the shards concerned. Nothing that was acknowledged is lost, but where it
// says so. Measured are the figures with a dot; others are what the timers and targets say.
//
//	failure                        alone                       routes, 3 nodes               external, R3
//	a node's process is killed     until it is back (●0.3 s    ≤ 0.5 s; where its server     ≤ 0.5 s
//	                               to open 1M events)          led the stream ●3.2–12.8 s
//	a node hangs, or its machine   until it is back            ≤ 2.5 s; where its server     ≤ 2.5 s
//	  loses power                                              led the stream ●3.2–12.8 s
//	a node is stopped in order     until it is back            ≤ 1 s, ●0.02–0.5 s of it      ≤ 1 s
//	                                                           for the stream's leader
//	a NATS server is killed        –                           (a node is)                   ●3.2–12.8 s if it led, else 0
//	a NATS server stops in order   –                           (a node is)                   ●0.06–0.5 s
//	most NATS servers are away     –                           until a majority is back;     the same
//	                                                           suspended after 1.5 s
//	a node is cut off from NATS    –                           it is suspended after 1.5 s,  the same
//	                                                           others take over after 2 s
//	a node comes back              ●0.01 s, 1M events 0.3 s    ●3 s to catch up; nobody      ≤ 1 s for its share
//	                                                           waits for it
//	a disk is lost                 everything is lost          nothing; start the node with  nothing
//	                                                           an empty directory
//	a disk is full                 until it has space; what    nothing, but one copy less    see its manual
//	                               is refused is not stored    until the node starts again
//	the very first start           ●0.01 s                     ●1 s after the last came      –
//
// The 3.2–12.8 s are Raft's election in the server, which can't be tuned: where that is too long, run NATS beside the nodes rather
// than in them, so that a node's end is not a NATS server's end.
//
// On failure: Open leaves nothing behind but the store's directory. A server that can't write acknowledges nothing; its callers see
// the error; one of several gives its copies up at that, see [Node.Stores]. The lock dies with the process, so a kill -9 leaves no stale one.
package natsnode
