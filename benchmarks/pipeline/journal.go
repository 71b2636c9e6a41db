package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// The figures of what the daemon stores.
const (
	recordsPer1k      = "records_per_1k"
	bytesPerRecipient = "bytes_per_recipient"
	objectBytesPer    = "object_bytes_per_recipient"
)

// journalled is how many recipients the stored campaign has, at every scale: then its figures can be bounded.
const journalled = 10_000

var kinds = []Kind{Push, Multicast}

// journal is what the daemon stores of a campaign, by kind.
func journal(specs []Spec) experiment.Experiment {
	e := experiment.Experiment{
		Name: "pipeline-journal", Title: fmt.Sprintf("What the daemon stores of a campaign of %s", size(journalled)), Text: journalText,
		Figures: []experiment.Figure{
			{Name: recordsPer1k, Title: "journal records per 1,000 recipients", Better: experiment.Less}, // packed by how fast outcomes come
			{Name: bytesPerRecipient, Title: "journal bytes per recipient", Better: experiment.Less, Exact: true},
			{Name: objectBytesPer, Title: "bytes of the frozen audience per recipient", Better: experiment.Less, Exact: true},
		},
		Rounds:   map[experiment.Scale]int{experiment.Short: 1, experiment.Full: 3},
		Patience: map[experiment.Scale]time.Duration{experiment.Short: time.Minute, experiment.Full: time.Minute},
		Missing:  func(string) string { return missing(specs, Shipped) },
		Run: func(ctx context.Context, row string, _ experiment.Scale) (experiment.Result, error) {
			if !slices.Contains(kinds, Kind(row)) {
				return experiment.Result{}, &experiment.UnknownRowError{Row: row}
			}
			spec, err := find(specs, Shipped)
			if err != nil {
				return experiment.Result{}, err
			}
			return cell{spec: spec, kind: Kind(row), recipients: journalled}.runStored(ctx)
		},
	}
	for _, kind := range kinds {
		e.Rows = append(e.Rows, experiment.Row{Name: string(kind), About: "a campaign by " + string(kind)})
	}
	return e
}

// ErrNotKeeper is a system that can't tell what its store holds.
var ErrNotKeeper = errors.New("pipeline: the system does not tell what its store holds: implement Keeper")

// runStored measures what the store holds more after the campaign than before.
func (c cell) runStored(ctx context.Context) (r experiment.Result, err error) {
	s, err := c.set(ctx)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return r, err
	}
	keeper, ok := s.system.(Keeper)
	if !ok {
		return r, ErrNotKeeper
	}
	before, err := keeper.Stored(ctx)
	if err != nil {
		return r, err
	}
	m, err := s.measure(ctx)
	if err != nil {
		return r, err
	}
	after, err := keeper.Stored(ctx)
	if err != nil {
		return r, err
	}
	n := float64(c.recipients)
	return experiment.Result{Sent: uint64(c.recipients), Lost: m.arrivals.lost(), Seconds: m.arrivals.span(m.due).Seconds(), Figures: map[string]float64{
		recordsPer1k:      (after.Records - before.Records) * 1000 / n,
		bytesPerRecipient: (after.Bytes - before.Bytes) / n,
		objectBytesPer:    (after.ObjectBytes - before.ObjectBytes) / n,
	}}, nil
}
