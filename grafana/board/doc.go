// Package board holds the dashboards, the rules and the runbook as data, and turns them into the files that Grafana and Prometheus
// read.
//
// In expressions @ stands for the matchers of the variables that every panel follows: {@} is job and instance, {@kind}, {@channel}
// and {@campaign} add one more. A test holds every panel to the rules that stand in lint.go.
package board
