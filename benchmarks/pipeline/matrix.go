package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// setting is one experiment of the matrix.
type setting struct {
	kind       Kind
	recipients int
	latency    time.Duration
	limited    bool
	rounds     map[experiment.Scale]int
	rows       []string      // those that are measured; empty: all that don't take too long
	only       bool          // the table has no others
	lead       time.Duration // how far ahead a system that schedules is told, at least
	first      string        // the figure that decides; "": the rate
	name       string        // "": made of the others
}

// latencies are those of the provider's answers.
var latencies = []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond}

func full(rounds int) map[experiment.Scale]int {
	return map[experiment.Scale]int{experiment.Full: rounds}
}

// limitedAt is the latency with which LINE's limits are measured: slow answers tell whether a system keeps up with 2,000 pushes a
// second; of multicasts there are too few.
var limitedAt = map[Kind]time.Duration{Push: latencies[2], Multicast: 0}

// matrix is all settings but the kill's.
func matrix() []setting {
	short := map[experiment.Scale]int{experiment.Short: 1}
	all := []setting{
		{kind: Push, recipients: 2_000, rounds: short},
		{kind: Multicast, recipients: 2_000, rounds: short},
	}
	for _, kind := range kinds {
		for _, latency := range latencies {
			for _, limited := range []bool{false, true} {
				if limited && latency != limitedAt[kind] {
					continue // what a limit decides comes out the same with any other
				}
				s := setting{kind: kind, recipients: 10_000, latency: latency, limited: limited}
				s.rounds = full(s.smallRounds())
				all = append(all, s)
			}
		}
	}
	return append(all, large()...)
}

// large are the settings that targets look at, three times each, and those of a million.
func large() []setting {
	slowly := []string{Shipped, ShippedLikePeers, channels + manyCalls, asynq + manyCalls, river, river + manyCalls}
	return []setting{
		{kind: Push, recipients: 100_000, rounds: full(3), rows: []string{
			Shipped, ShippedLikePeers, ShippedMemory, Bare, channels, protoactor, hollywood, asynq, river, php, manyPHP,
		}},
		{kind: Push, recipients: 100_000, latency: latencies[1], rounds: full(3), rows: append([]string{channels}, slowly...)},
		{kind: Push, recipients: 100_000, latency: latencies[2], rounds: full(3), rows: slowly},
		{kind: Multicast, recipients: 100_000, rounds: full(1)},
		{kind: Multicast, recipients: 100_000, limited: true, rounds: full(1)},
		{kind: Push, recipients: 1_000_000, latency: latencies[1], rounds: full(1), rows: []string{Shipped, channels, protoactor}},
		{kind: Multicast, recipients: 1_000_000, limited: true, rounds: full(3), rows: []string{Shipped}, lead: time.Minute},
		{
			kind: Push, recipients: 100_000, rounds: full(3), rows: []string{Shipped, ShippedLikePeers, ShippedMemory, Bare}, only: true,
			first: cpu, name: "pipeline-cpu",
		},
	}
}

// smallRounds is how often a setting of the 10k matrix is measured: what a limit or the latency decides comes out the same each time,
// and 20 multicasts tell little.
func (s setting) smallRounds() int {
	if s.limited || s.kind == Multicast || s.latency == latencies[2] {
		return 1
	}
	return 2
}

// Name is such as pipeline-push-10k-20ms-off.
func (s setting) Name() string {
	if s.name != "" {
		return s.name
	}
	limits := "off"
	if s.limited {
		limits = "line"
	}
	return fmt.Sprintf("pipeline-%s-%s-%s-%s", s.kind, size(s.recipients), milliseconds(s.latency), limits)
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

func size(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return fmt.Sprintf("%dm", n/1_000_000)
	case n >= 1_000 && n%1_000 == 0:
		return fmt.Sprintf("%dk", n/1_000)
	}
	return fmt.Sprint(n)
}

// experiment makes the setting's experiment of the systems.
func (s setting) experiment(specs []Spec) experiment.Experiment {
	mine := slices.DeleteFunc(slices.Clone(specs), func(spec Spec) bool { return s.only && !slices.Contains(s.rows, spec.Name) })
	first := s.first
	if first == "" {
		first = rate
	}
	return experiment.Experiment{
		Name: s.Name(), Title: s.title(), Text: s.text(), Rows: rows(mine), Figures: figures(first),
		Rounds: s.rounds, Patience: s.patience(), Needs: s.needs,
		Missing: func(row string) string {
			if why := missing(mine, row); why != "" {
				return why
			}
			return s.skipped(row)
		},
		Run: func(ctx context.Context, row string, _ experiment.Scale) (experiment.Result, error) {
			spec, err := find(mine, row)
			if err != nil {
				return experiment.Result{}, err
			}
			return s.cell(spec).run(ctx)
		},
	}
}

func (s setting) cell(spec Spec) cell {
	return cell{spec: spec, kind: s.kind, recipients: s.recipients, latency: s.latency, limited: s.limited, lead: s.lead}
}

// patience is of one cell: what the slowest system that is measured takes, and its start.
func (s setting) patience() map[experiment.Scale]time.Duration {
	long := 2*time.Minute + time.Duration(s.recipients)*time.Second/250
	return map[experiment.Scale]time.Duration{experiment.Short: 2 * time.Minute, experiment.Full: long}
}

// needs is the memory of a cell: in memory a system takes some KB for every recipient, and PHP a process for every worker.
func (s setting) needs(row string, _ experiment.Scale) uint64 {
	const simulator = 512 << 20
	switch base, _ := strings.CutSuffix(row, manyCalls); base {
	case channels, protoactor, hollywood:
		return simulator + uint64(s.recipients)*8<<10
	case river, php:
		return simulator + 1<<30
	case manyPHP:
		return simulator + 3<<30
	}
	return simulator + uint64(s.recipients)<<10
}
