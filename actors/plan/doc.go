// Package plan freezes a run: from stored audience parts and a template to chunks of recipients that never change again.
//
//	pass 1  render every row once ─► check ─► hash ─┬─► hash partitions on disk ─► which rows share a body
//	                                                └─► hashes in row order
//	pass 2  rows again ─┬─► push chunks, in audience order
//	                    └─► rows of groups ─► sorted by (first row of the group, row) ─► multicast chunks
//	last    rows that could not be rendered or failed a check ─► failed chunks
//
// A recipient's index in the run is its position in this order: contiguous from 0, for ever. Rows with an id that an earlier row
// has take no part. When all bodies are equal, which a static template shows at once, nothing is sorted or spilled.
//
// # Lots
//
// A lot is what no chunk mixes: recipients of one variant of the message whose time comes at the same moment. Lots follow each other, by delay first
// and then by variant, and each is planned by itself, so groups are formed within lots:
//
//	pass 1  render every row once, in the order of the audience ─► rows of each lot on disk, with their hashes
//	then    for each lot: its rows ─► survey ─► rows again ─► chunks, as above
//
// A user who is kept apart (Input.Apart) goes by push and isn't counted where groups are formed; a message that is the same for everybody is one
// multicast for all others.
//
// # Chunks
//
// A chunk holds up to 500 recipients or 256 KiB and is self-contained: users, the values of the template's inputs, and a body
// hash for each push or one for the whole multicast. The hash is SHA-256 cut to 16 bytes: enough to tell equal from changed
// bodies among billions, and half the size in a million pushes. A group shares one row of values, that of its first row. In a run with lots it
// carries its lot, too (version 2 of chunk and table; without lots both are stored as they were before there were any).
//
// Users that are apart ([Input].Apart) are in no group: they are not counted for any, and go by push.
//
// # Promises
//
// The same input gives the same chunks, byte for byte, whatever the partitions and memory. Working memory is bounded by
// [Options], whatever the audience: one part, one chunk, one hash partition (24 bytes for each distinct body in it) and the
// sorter's memory; with lots also 4 KiB and a bound template for each of at most [MaxLots].
//
// # On failure
//
// A row that cannot be rendered or fails the check is a recipient with a reason; it never fails the run. Anything else (a part
// that cannot be read or is damaged, a full disk, emit's error, the context) ends Freeze with an error, and the chunks emitted so
// far mean nothing: the table is what makes them a plan.
package plan
