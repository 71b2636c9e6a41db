package pipeline

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// Part is the delivery of whole campaigns by the systems, side by side.
func Part(specs []Spec) experiment.Part {
	p := experiment.Part{Name: "pipeline", Title: "Delivering a campaign"}
	for _, s := range matrix() {
		p.Experiments = append(p.Experiments, s.experiment(specs))
	}
	p.Experiments = append(p.Experiments, kills(specs)...)
	p.Experiments = append(p.Experiments, journal(specs))
	return p
}

func find(specs []Spec, name string) (Spec, error) {
	i := slices.IndexFunc(specs, func(s Spec) bool { return s.Name == name })
	if i < 0 {
		return Spec{}, &experiment.UnknownRowError{Row: name}
	}
	return specs[i], nil
}

func rows(specs []Spec) []experiment.Row {
	all := make([]experiment.Row, len(specs))
	for i, s := range specs {
		all[i] = experiment.Row{Name: s.Name, About: s.About, Peer: s.Peer}
		if !s.Durable {
			all[i].About += "; NOT durable"
		}
	}
	return all
}

// missing says why the row's system can't be run here; "": it can.
func missing(specs []Spec, row string) string {
	if _, wrong := inFlight(os.Getenv(inFlightVariable)); wrong != "" {
		return wrong
	}
	if s, err := find(specs, row); err == nil && s.Missing != nil {
		return s.Missing()
	}
	return ""
}

// killed is the size of a kill's job.
type killed struct {
	name       string
	recipients int
	rows       []string // empty: all
	rounds     map[experiment.Scale]int
	patience   time.Duration
}

func kills(specs []Spec) []experiment.Experiment {
	return []experiment.Experiment{
		killed{"pipeline-kill", 20_000, nil, full(3), 10 * time.Minute}.experiment(specs),
		killed{"pipeline-kill-short", 4_000, []string{Shipped, Bare}, map[experiment.Scale]int{experiment.Short: 1}, 2 * time.Minute}.experiment(specs),
	}
}

// killTakes is about what one round of all rows takes: asynq finds what a dead worker held after a minute, River and PHP after half of one.
const killTakes = 3 * time.Minute

// killLatency is the provider's: without any, a job is over before it can be killed.
const killLatency = 20 * time.Millisecond

func (k killed) experiment(specs []Spec) experiment.Experiment {
	mine := slices.DeleteFunc(slices.Clone(specs), func(s Spec) bool {
		return onlyCalls(s.Name) || len(k.rows) > 0 && !slices.Contains(k.rows, s.Name)
	})
	patience := map[experiment.Scale]time.Duration{experiment.Short: k.patience, experiment.Full: k.patience}
	return experiment.Experiment{
		Name: k.name, Title: fmt.Sprintf("kill -9 half-way of %s pushes", size(k.recipients)), Text: killText(), Rows: rows(mine),
		Figures: killFigures(), Rounds: k.rounds, Patience: patience,
		Missing: func(row string) string { return missing(mine, row) },
		Run: func(ctx context.Context, row string, _ experiment.Scale) (experiment.Result, error) {
			spec, err := find(mine, row)
			if err != nil {
				return experiment.Result{}, err
			}
			return cell{spec: spec, kind: Push, recipients: k.recipients, latency: killLatency}.runKill(ctx)
		},
	}
}
