// Package audience reads the list of recipients that a campaign is submitted with, and stores it in parts.
//
//	upload ─► gzip ─► lines ─► records ─► parts ≤ 256 KiB ─► Sink
//	                              └─► ids in hash partitions on disk ─► row numbers of duplicates ─► parts
//
// CSV has a header with user_id; NDJSON has one object a line with user_id. Other columns are variables. Values are strings: an
// NDJSON number, true or false is kept as it is written, null is as if the member were not there. An
// object or array is refused where it is needed, and passed over elsewhere. A byte order mark and CRLF are
// accepted, empty lines are skipped. Quoted CSV fields keep their line ends as they are.
//
// # Parts
//
// Rows are numbered from 0 in the order of the file, duplicates included. A part is self-contained:
//
//	'R' version columns{length name}… first-row count rows{user values{length bytes}…}…
//
// with all numbers as varints; an id of the form U + 32 hex digits takes 17 bytes. The row numbers of later duplicates (the first
// row of a user wins) follow in parts of the form 'D' version count deltas…, numbered on after the row parts.
//
// # Promises
//
// Memory is bounded by [Limits], whatever the file: one row, one part and one hash partition of ids at a time. Duplicates are
// exact: hashes only choose the partition, ids are compared whole. Rows without a needed variable, with a malformed id, of another
// length than the header, in another encoding are found with their lines.
//
// # On failure
//
// A bad file gives [Errors], up to [Limits].BadLines of them in the order of lines, each an [*Error] that says what to do and
// never quotes a value. From the first bad line on, nothing more is given to the Sink; what it already got is the caller's to
// drop. With [Options].Bad a bad row or header refuses nothing: it is told, and the good rows are stored. An error of the upload itself, the Sink or the disk is returned as it is, wrapped.
package audience
