// Package experiment says what a measurement is: the seam between what is measured and the runner.
//
// # Shape
//
// A [Part] is a theme of several experiments. An [Experiment] is one comparison and one table: rows that are compared and figures that
// are their columns. A cell is one row measured once; the runner gives each cell a process of its own, in which [Experiment].Run is
// called once. A cell that needs more processes (a receiver, a worker, a daemon) starts them with [Start]: the same program again,
// named by a [Child], or any other program.
//
// # Promises
//
// A process started by [Start] ends with the cell: it dies with its parent, and Stop ends its whole process group.
//
// # Failure
//
// Run returns an error and what was counted until then. A cell that can't be measured on this machine says why in [Experiment].Missing,
// and is then shown as not measured with that reason.
package experiment
