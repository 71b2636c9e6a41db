// Package draw draws a dashboard from what Prometheus answers to its panels' queries, as one PNG.
//
// It is no Grafana and says so on each picture: it is for documentation, for looking at a proof's run, and for machines without one.
// What it shows of a panel is the panel's own: title, unit, legend, the same expressions, the same place.
package draw
