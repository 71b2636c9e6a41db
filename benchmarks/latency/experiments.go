package latency

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/systems"
)

// The rates that are the same for all systems, per second: all can keep them up on two cores.
const (
	fixedTells = 200_000
	fixedAsks  = 50_000
)

const (
	openText = "Message i is due at start + i/rate, whatever happened to those before it, and its latency counts from then: who keeps the generator from " +
		"sending is charged for it. The generator shares the processors with the system, as a program's own senders do; how late it was " +
		"is a column of its own. What was done before the schedule ended is the rate. Percentiles are nearest ranks of all samples, one for each " +
		"message of a round and none left out; p99 stands first, because the spread is its. 1,000 actors, each message to one at random, the same for all. "
	tellText = "Latency is until the actor handles it, which reads the clock. A message that was lost has no latency. "
	askText  = "Questions are handed to 256 askers; latency is until the asker has the answer. A question that finds all of them busy waits, and " +
		"its wait counts. One that is lost counts with the time until its caller gave up. "
	shareText = "The rate is that share of what the same system took just before in the same process, warm, in a closed loop of a second: a " +
		"system with more capacity is measured at a higher rate. So a row shows how a system behaves near its own limit, and nothing here compares " +
		"systems with each other: that is the table with the same rate for all."
)

// backlog is what a system may hold, in bytes, that doesn't keep up with some million messages per second.
var backlog = map[experiment.Scale]uint64{experiment.Short: 512 << 20, experiment.Full: 3 << 30}

func ways() []way {
	return []way{
		{
			name: "tell", title: "Latency of a message", text: openText + tellText, each: "messages/s", fixed: fixedTells,
			open: func(s systems.System, actors int, c clock) loader { return newTeller(s, actors, c) },
		},
		{
			name: "ask", title: "Latency of an answer", text: openText + askText, each: "answers/s", asks: true, fixed: fixedAsks,
			open: func(s systems.System, actors int, c clock) loader { return &pool{system: s, actors: actors, clock: c} },
		},
	}
}

func loads() []load {
	return []load{
		{name: "fixed", title: "at the same rate for all"},
		{name: "50", title: "at half of each system's own capacity", share: 0.5},
		{name: "90", title: "at 90 % of each system's own capacity", share: 0.9},
	}
}

// Experiments are telling and asking at each load.
func Experiments() []experiment.Experiment {
	var all []experiment.Experiment
	for _, w := range ways() {
		for _, l := range loads() {
			all = append(all, w.experiment(l))
		}
	}
	return all
}

// one of each system: variants that differ in memory or in how a message is addressed are compared elsewhere.
var one = []string{"hayauma", "hollywood", "protoactor", "goakt", "chan"}

// takes reports whether the system is measured: one of each, and where it is asked all variants that differ only in asking.
func (w way) takes(s systems.Spec) bool {
	return slices.Contains(one, s.Name) || (w.asks && s.Only == "ask")
}

func (w way) experiment(l load) experiment.Experiment {
	e := experiment.Experiment{
		Name:     "latency-" + w.name + "-" + l.name,
		Title:    w.title + " " + l.title,
		Text:     w.text + shareText,
		Figures:  w.figures(l),
		Rounds:   map[experiment.Scale]int{experiment.Short: 1, experiment.Full: 2},
		Patience: map[experiment.Scale]time.Duration{experiment.Short: 30 * time.Second, experiment.Full: time.Minute},
		Needs:    func(_ string, scale experiment.Scale) uint64 { return backlog[scale] },
		Run: func(ctx context.Context, row string, scale experiment.Scale) (experiment.Result, error) {
			e, ok := efforts[scale]
			if !ok {
				return experiment.Result{}, &experiment.ScaleError{Scale: scale}
			}
			spec, err := systems.Find(row)
			if err != nil {
				return experiment.Result{}, err
			}
			return w.run(ctx, spec, l, e)
		},
	}
	if l.share == 0 {
		e.Title += fmt.Sprintf(", %.0f/s", w.fixed)
		e.Text = w.text
	}
	for _, s := range systems.All() {
		if w.takes(s) {
			e.Rows = append(e.Rows, experiment.Row{Name: s.Name, About: w.about(s), Peer: s.Peer})
		}
	}
	return e
}

// about says of a system what concerns the way.
func (w way) about(s systems.Spec) string {
	if s.Loses == "" || !w.asks {
		return s.About
	}
	return s.About + ". Loses answers: " + s.Loses
}

// figures compare systems only where all have the same rate.
func (w way) figures(l load) []experiment.Figure {
	more, less := experiment.More, experiment.Less
	if l.share > 0 {
		more, less = experiment.Neither, experiment.Neither
	}
	return []experiment.Figure{
		{Name: "p99_us", Title: "p99 µs", Better: less},
		{Name: "p50_us", Title: "p50 µs", Better: less},
		{Name: "p90_us", Title: "p90 µs", Better: less},
		{Name: "p999_us", Title: "p99.9 µs", Better: less},
		{Name: "p9999_us", Title: "p99.99 µs", Better: less},
		{Name: "max_us", Title: "max µs", Better: less},
		{Name: "rate", Title: w.each + " in time", Better: more},
		{Name: "target", Title: "due/s"},
		{Name: "capacity", Title: "capacity/s", Better: experiment.More},
		{Name: "gen_late_p99_us", Title: "generator late, p99 µs", Better: less},
	}
}
