// Package suite measures the cells of parts, each in a process of its own, and makes tables, plots, bounds and verdicts of them.
//
//	parts + Selection ──Plan──▶ cells ──Runner──▶ raw lines ──┬─▶ Report, RewriteReadme  tables, plots, targets
//	                                 one process each          └─▶ HoldBounds, RewriteBounds
//
// A cell is one row of one experiment, measured once. The rounds of an experiment are interleaved, and every second one is turned
// round: A B C, C B A; so a machine that gets slower meanwhile makes all of them slower, and nobody follows the same neighbour each time. Each finished cell is
// one JSON line in the raw file; a second run with the same file measures what is missing, and so a long run can be split.
//
// # Promises
//
//   - Memory and warm caches of one cell are never another's: the process ends with it.
//   - All lines of one file come from one machine, one Go version, one GOMAXPROCS, the same settings, one binary and one build of the daemon. Another is
//     refused by HostError.
//   - A table shows the median of the rounds with the smallest and the largest, and what all rounds lost together. Its lines are of one
//     file; of several files that have lines of one experiment the last one counts.
//   - Rewriting the same page with the same lines changes nothing.
//   - Bounds hold figures that are the same on every machine; nothing here fails because of a clock.
//   - A target is judged by full-scale lines only, and never met by a row that lost something. A row that has failed once, or lacks a round, leaves
//     it open; fewer than three rounds make an indicative verdict.
//
// # Failure
//
// A cell that ends with an error, or not in time, is a line with that error: it is shown, never counted into a median, and measured
// again by the next run. The line stays: its failure and its loss are part of the table for good. A cell that doesn't fit into memory, or that the machine
// can't measure, is a line that says so; the next run looks whether it can be measured by then. A line that was cut off by the end of the process is removed
// when the file is opened.
package suite
