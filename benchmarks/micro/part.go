package micro

import (
	"context"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/systems"
)

// What happens in each experiment.
const (
	idleText = "Actors with a 33-byte identity and 16 bytes of state have handled one message each. Then garbage is collected, twice, and " +
		"free memory is given back. The figures are the difference to the same process with its first 1,000 actors, per actor, so that " +
		"what a system makes once is not charged to its actors."
	spawnText = "One goroutine brings actors to life, each by its system's own call, and sends each one message; the time ends when all have " +
		"handled it. Identities were made before."
	flowText = "Senders outside the system and one actor; a sender has at most 4,096 messages under way. What they send and what the actor " +
		"has handled is counted."
	sprayText = "One sender outside the system, many actors; all actors get the same message. After ten messages per actor all report, which " +
		"is one more message for each and is counted. The random order is the same for all systems."
	pingPongText = "Two actors pass one message to and fro; nobody else does anything. A round trip is two passes."
	askText      = "A caller outside the system asks, waits for its answer, and asks again. An answer is checked to belong to its question. " +
		"Where a system's call takes a timeout it gets 2 s, so a lost answer costs its caller 2 s."
	floorText = "What message passing is made of, without any of it: no system that hands messages from one goroutine to another can be faster " +
		"than the fitting floor."
)

// Part is the theme of all that one system does inside one process.
func Part() experiment.Part {
	p := experiment.Part{Name: "micro", Title: "One process"}
	for _, w := range workloads() {
		p.Experiments = append(p.Experiments, w.experiment())
	}
	p.Experiments = append(p.Experiments, floor())
	return p
}

func (w workload) experiment() experiment.Experiment {
	e := experiment.Experiment{
		Name: w.name, Title: w.title, Text: w.text, Figures: w.figures(), Rounds: w.rounds, Patience: patience(),
		Needs: w.needs, Run: w.measure,
	}
	for _, s := range systems.All() {
		if w.takes(s) {
			e.Rows = append(e.Rows, experiment.Row{Name: s.Name, About: about(s, w), Peer: s.Peer})
		}
	}
	return e
}

func (w workload) figures() []experiment.Figure {
	if w.each == "" {
		return []experiment.Figure{
			{Name: inUse, Title: "bytes in use", Better: experiment.Less, Exact: true},
			{Name: rss, Title: "resident bytes", Better: experiment.Less},
			{Name: goroutines, Title: "goroutines each", Better: experiment.Less, Exact: true},
		}
	}
	return rates(w.each)
}

func rates(each string) []experiment.Figure {
	return []experiment.Figure{
		{Name: rate, Title: each, Better: experiment.More},
		{Name: cpu, Title: "CPU ns each", Better: experiment.Less},
		{Name: allocs, Title: "allocations each", Better: experiment.Less, Exact: true},
	}
}

func patience() map[experiment.Scale]time.Duration {
	return map[experiment.Scale]time.Duration{experiment.Short: time.Minute, experiment.Full: 4 * time.Minute}
}

// about says of a system what concerns the workload.
func about(s systems.Spec, w workload) string {
	if s.Loses == "" || !w.asks {
		return s.About
	}
	return s.About + ". Loses answers: " + s.Loses
}

// needs is a rough upper bound of the bytes that the workload takes with the system; an unknown one fails when it is run.
func (w workload) needs(row string, scale experiment.Scale) uint64 {
	s, err := systems.Find(row)
	if err != nil {
		return 0
	}
	return uint64(w.sizes[scale].actors) * s.Bytes
}

func floor() experiment.Experiment {
	e := experiment.Experiment{
		Name: "floor", Title: "Floors", Text: floorText, Figures: rates("operations/s"), Rounds: rounds(1, 3), Patience: patience(),
		Run: func(_ context.Context, row string, scale experiment.Scale) (experiment.Result, error) {
			n, ok := floorSizes[scale]
			if !ok {
				return experiment.Result{}, &experiment.ScaleError{Scale: scale}
			}
			f, err := findFloor(row)
			if err != nil {
				return experiment.Result{}, err
			}
			return f.measure(n), nil
		},
	}
	for _, f := range floors() {
		e.Rows = append(e.Rows, experiment.Row{Name: f.name, About: f.about})
	}
	return e
}
