// Package jetstream keeps the journal and its objects on two JetStream streams.
//
//	EV  ev.cluster                          the cluster's id, the first record
//	    ev.<role>.<shard>.fence             who owns the shard; F = the sequence of the newest message here
//	    ev.<role>.<shard>.<kind>.<id>       the records of one grain; kind and id are escaped
//	UP  up.<object name>                    one message per name
//
// An append carries F as the expected last sequence of the fence's subject, so the server refuses it (10071) once another has
// claimed. One record is a plain publish; several are one atomic batch with the expectation on its first message. A claim is a
// compare-and-set on the fences, many in one atomic batch; it rolls up the fence before it. A batch's id is the message id of its
// first message: a repeat within the window is recognised (10201, or an acknowledgement marked as duplicate), a later one leaves
// a copy that replay skips by number.
//
// Where the stream has one replica, a grain is replayed by batched direct gets: raw, and many records in one round trip; there
// is no second copy that could answer too early. With more replicas every read goes to the stream's leader, and a replay counts
// only if the leader, asked after it, still knows the claim's fence: an older leader answers without it and is asked again.
//
// All nodes share the streams, so a start never takes copies from one: where any of the four has more than the node is set to, it is
// refused before anything is changed ([CopiesError]). More copies are given by a start, fewer by an operator's nats stream edit only.
//
// Purging a whole grain first appends a tombstone under the fence, so a stale owner can't purge and a crash in between leaves
// nothing half-purged. Purging below a snapshot is safe by itself, because the snapshot was accepted under a fence.
//
// On failure: a stream at its limit refuses appends ([journal.ErrFull]); claims and tombstones then borrow head-room above the
// limit. What the server surely did not store is [journal.ErrBusy] (10164, 10210, a batch that lost a message); what may be
// stored is any other error. No answer is taken from a read for "not stored".
//
// [Membership] is what the members of a cluster share (package objects), on two more streams and the fences of EV:
//
//	KV_members  $KV.members.<incarnation>   a member's record, in memory
//	            $KV.members.floor           the first revision of this memory
//	            $KV.members.born            who created a record last
//	KV_cluster  $KV.cluster.view            the view, on disk, with its last 16 revisions
//
// They are KV buckets to look at (nats kv get cluster view), and changed by this package only.
//
// A memory that is lost begins its sequences at 1 again: a single server forgets the stream, a cluster that restarts as a whole
// remembers it empty. So whoever finds no floor purges up to the wall clock's nanoseconds, which moves the next sequence there, and
// lays the floor, which says what it should lie above. Each record is created in one atomic batch with a message that expects the
// floor that its writer knows; all later changes of a record expect that record. So nothing is stored below a floor, and no revision
// comes again, whoever was asleep between looking and writing; that the wall clock goes on over a restart is all that is assumed.
//
// A record that nobody renews is removed after RecordFor, by a time to live of its own, so that those of dead incarnations go. To its
// owner that is a memory that was lost; a bar may go with it, long after the view has ceased to name the one it was for. The floor stays.
//
// Watches are push consumers whose deliveries are counted here: a gap, a heartbeat that tells of a later delivery, 1.25 s without
// any, or another floor is an interruption, and is told.
package jetstream
