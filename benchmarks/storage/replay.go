package storage

import (
	"context"
	"fmt"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/engine/journal"
)

// replays is the workload that reads one grain again and again.
type replays struct{ records, size int }

var replayed = journal.Grain{Kind: "bench", ID: fmt.Sprintf("U%032x", 1)}

// fill appends the records in batches as large as the journal allows.
func (p replays) fill(ctx context.Context, s store) error {
	data := content(p.size)
	for first := 1; first <= p.records; first += journal.MaxBatch {
		records := make([]journal.Record, min(journal.MaxBatch, p.records+1-first))
		for i := range records {
			records[i] = journal.Record{Grain: replayed, First: uint64(first + i), Count: 1, Data: data}
		}
		if err := s.append(ctx, 0, records); err != nil {
			return err
		}
	}
	return nil
}

// run reads until the time is over, at least once; a first reading is not measured.
func (p replays) run(ctx context.Context, s store, length time.Duration) (experiment.Result, error) {
	if err := p.fill(ctx, s); err != nil {
		return experiment.Result{}, err
	}
	grains := []journal.Grain{replayed}
	if _, err := s.read(ctx, 0, grains); err != nil {
		return experiment.Result{}, err
	}
	m := startMeter()
	end := m.began.Add(length)
	var wanted, got uint64
	for first := true; first || time.Now().Before(end); first = false {
		n, err := s.read(ctx, 0, grains)
		wanted, got = wanted+uint64(p.records), got+n
		if err != nil {
			return experiment.Result{Sent: wanted, Lost: int64(wanted) - int64(got)}, err
		}
	}
	r := m.stop(wanted, p.size)
	r.Lost = int64(wanted) - int64(got)
	return r, nil
}
