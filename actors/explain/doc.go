// Package explain tells what a campaign would become, without one: it reads an audience as a submission does, plans it as its run would be
// planned, and keeps figures, examples and samples instead of chunks.
//
//	Read     upload ─► rows ─┬─ bad ──► counted; the first with their lines; missing variables by name
//	                         └─ good ─► parts on disk, line of each row
//	Explain  parts ─► plan.Freeze ─┬─ every row as rendered ──► failures by reason, shapes of messages, sample
//	                               └─ table of chunks, which are thrown away ──► calls
//
// The figures are those of the real plan because its code makes them, with the same options.
//
// # Shapes
//
// A shape is what is left of rendered messages when string values are taken out, but for what decides how a provider judges them: the value
// of a member "type", whether a string is empty, and the scheme of a URI. One body of each shape is enough to ask a provider about; where
// all strings of a template are plain texts there is one shape.
//
// # Promises
//
// Nothing is stored but temporary files in a directory of their own below the caller's, and Close removes it; what a killed process leaves
// has the name that spill.Sweep looks for. Memory is that of planning, one part, at most [maxShapes] hashes, and 4 MiB each for the bodies
// of shapes and for the sample. The same input gives the same report.
//
// # On failure
//
// Bad rows and rows that can't be rendered are what the report is about. What ends a submission whatever its other rows (an empty audience,
// too many rows, a broken upload) ends Read with the same error.
package explain
