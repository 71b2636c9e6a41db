// Package suite measures cells, each in a process of its own, and makes tables of them.
//
// A cell is one run of one workload on one system. The rounds of a workload are interleaved: A B C, A B C; so a machine that gets
// slower meanwhile makes all of them slower. Each finished cell is one JSON line in the raw file; a second run with the same file
// measures what is missing, and so a long run can be split.
//
// # Promises
//
//   - Memory and warm caches of one cell are never another's: the process ends with it.
//   - All lines of one file come from one machine, one Go version, one GOMAXPROCS and one binary. Another is refused by HostError.
//   - A table shows the median of the rounds with the smallest and the largest, and what all rounds lost together.
//
// # Failure
//
// A cell that ends with an error, or not in time, is a line with that error: it is shown, never counted into a median, and measured
// again by the next run. A cell that doesn't fit into memory is a line that says so. A line that was cut off by the end of the
// process is removed when the file is opened.
package suite
