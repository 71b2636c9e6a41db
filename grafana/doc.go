// Package grafana is what an operator sees of Hayauma through Prometheus and Grafana: four dashboards, alert and recording rules, a
// runbook, and the files that start all of it.
//
//	board/             what stands on the dashboards and what the rules say, as data
//	draw/              draws a dashboard from Prometheus' answers, without Grafana
//	cmd/generate       writes dashboards/, rules/, RUNBOOK.md and runbook.html from board/
//	cmd/draw           draws the dashboards of a Prometheus that runs
//	live/              the proof: three nodes, faults, a real Prometheus
//	rules/tests.yml    promtool's tests of the rules, by hand, in real durations
//	prometheus.yml     scrapes the compose file's nodes
//	provisioning/      hands data source and dashboards to Grafana
//	compose.yaml       daemon ×3, NATS, Prometheus, Grafana; no gate runs it
//
// What is generated is committed, and a test compares. Rules are generated with a scale of time: the committed ones have real
// durations, those of the proof a sixtieth of them, so that an alert which takes ten minutes fires after ten seconds.
package grafana

//go:generate go run ./cmd/generate
