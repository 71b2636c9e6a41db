// Package template fills placeholders in LINE message objects.
//
// A template is a JSON array of message objects whose string leaves may hold Liquid. Liquid sees the decoded text of one leaf and
// its output is escaped into the leaf again, so no value, whatever its quotes and newlines, changes the JSON around it. Keys,
// numbers and the order of members stay as they were written; the output is compact.
//
//	Parse ──► Template ──Bind(columns, now)──► Bound ──Render(dst, values)──► messages array
//
// A leaf of plain {{ name }} placeholders is compiled to segments and never enters Liquid. All others run in Liquid without what
// keeps state or loops: only assign, case, comment, if, raw and unless are known, ranges and unlisted filters are refused.
//
// # Variables
//
// Every name that a leaf reads is needed, except when it was assigned further up in the same leaf, when it is now, today, empty,
// blank or null, and when each of its occurrences is followed directly by the default filter: such a name is optional, and
// reads as empty where the audience has no such column. now and today are the time given to Bind, never the wall clock, also
// inside the date filter; a column of such a name is not read.
//
// # Promises
//
// The same template, values and time give the same bytes on every machine. Output is valid JSON in valid UTF-8 (invalid input
// becomes U+FFFD). Source size, nesting, filters of a leaf, every intermediate string and the output are bounded. Nothing panics.
// A Template and a Bound are safe for concurrent use.
//
// # On failure
//
// Parse reports the leaf, line and column of the first problem as [*Error]. Bind reports a missing column as [*MissingError].
// Render reports the leaf; its text never holds a value, since values are personal data.
package template
