// Package live proves the dashboards and the alerts: three nodes under load, faults, and a real Prometheus with the rules in a sixtieth
// of their time. Every panel's expression returns data, every alert fires under its own fault and clears after it.
//
// It is a test, of a few minutes: HAYAUMA_PROOF=1 go test ./live. It needs Debian's package prometheus, and is skipped without it.
// HAYAUMA_PICTURES names a folder for the dashboards as they were then, drawn by package draw.
package live
