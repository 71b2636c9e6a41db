// Package remote is the transport between members, over DRPC (storj.io/drpc) with an encoding of its own.
//
// A member dials two connections to each peer, one for each lane, and writes its packets there; the peer answers on the same stream
// with acknowledgements. So between two members stand up to four connections, and a full lane delays neither the other one nor
// another peer. Packets are encoded where they stay until they are acknowledged: in the batch that is written next. A batch leaves
// as soon as the one before it is written, without a timer: while that is going on the next one collects.
// A writer that was idle lets other goroutines run before it takes a batch, so that what they are about to send goes with it: many who ask at
// once share a system call. No packet and no answer waits for an acknowledgement.
//
// # Protocol
//
// A connection (TCP, or TLS over it) has one DRPC stream, /hayauma/remote. Numbers are big-endian; a name is its length (one byte,
// not 0) and that many bytes. In version 1 nothing follows the last field; of a later version's message it is skipped.
//
//	hello    magic "HYRM" | version 1 | lane 1 | longest message 4 | session 8 | oldest packet 8 | dialler's name | listener's name
//	answer   magic "HYRM" | version 1 | verdict 1 | last packet received 8 | listener's name
//	batch    number of its first packet 8 | packets: length 4, bytes; none: a ping
//	ack      number of the last packet received 8; repeated when there is nothing new
//
//	dialler                            listener
//	   │ hello ──────────────────────────▶ │  its incarnation? the dialler's in the view? messages not too long?
//	   │ ◀────────────────────────── answer │  else the verdict says why not, and the connection ends
//	   │ batch ──────────────────────────▶ │  Receive, Receive, …
//	   │ ◀───────────────────────────── ack │  for Backlog/32 of batches or what 2 ms bring; the last one again when it is idle
//
// Packets of a lane are numbered from 1 in each session: a session begins when the dialler gets the peer into its view. The listener
// drops numbers that it has had, skips to the oldest packet when the dialler has none before it, and takes a gap for malformed.
// An incarnation is one start of a process, so nobody has to remember numbers on disk.
//
// # A lane, at its sender
//
//	             SetPeers has it             answer: welcome
//	(no peer) ─────────────────▶ DIALLING ─────────────────▶ CARRYING
//	    ▲                          ▲  │ pause, doubled,         │
//	    │                          └──┤ half of it jitter       │
//	    │                             └◀────────────────────────┘ error, silence for DeadAfter, malformed input
//	    └── SetPeers has it no more, Close: what was not acknowledged is Returned
//
// # Promises
//
//   - A packet that Send took is received once, in the order of its lane, while both members live and are each other's peers. When
//     the receiver is the sender's peer no more it comes back through Returned, once and in order; unsure where it was written.
//   - A packet that was taken while the peer's view lacked this member waits until that changes.
//   - When SetPeers has returned, nothing is received from a member that it took away.
//   - Send never waits for the network. A lane to a member takes at most Backlog bytes of memory, and a chunk of MaxBatch.
//   - A slow Receiver stops the reading of its stream, and so its sender: TCP's window fills, then the backlog, then Send says so.
//     The connection lives on, because acknowledgements are repeated beside a Receive that is under way.
//   - What is read is bounded before it is held: a message by the larger of MaxBatch and MaxPacket, a hand-shake in time, the
//     connections without one in number.
//
// # Failure
//
// A connection that brings nothing for DeadAfter is closed by the side that reads it; both sides speak at least four times as often.
// The dialler comes again and writes what lies behind the last packet that the answer names. Malformed input closes its connection
// with a [*MalformedError]; it and all other ends are logged, one line in 10 s for each lane and for all connections that were
// accepted. A Receiver's panic ends the connection that brought the packet; the packet counts as received.
//
// OnDown tells of a peer that may be dead, and Probe finds out: it gives a name that is in nobody's view, so that the answer says only
// who listens there.
//
// Close returns what is not acknowledged at that moment: who leaves asks the others before whether all has arrived. Restarted peers have
// another incarnation: what was meant for the old one stays until a view says that it is gone.
package remote
