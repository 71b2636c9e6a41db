package scale

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/percentile"
	"hayauma.example/benchmarks/scale/daemon"
	"hayauma.example/cluster"
	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/engine/journal"
)

func startExperiments() []experiment.Experiment {
	e := experiment.Experiment{
		Name:  "scale-start",
		Title: "Cold start of the daemon",
		Text: "From the start of the process until /readyz answers 200. The store holds events of 100 bytes, a hundred for each of its grains, written by the " +
			"journal's own batch append; " +
			"each event is a record of its own, which is the hardest case: a running daemon packs hundreds into one. The files are in the kernel's cache. " +
			"Five starts, each after an orderly stop, and one after a kill, which makes the store's index anew.",
		Rows: rows("events", "empty", "10k", "100k", "1m"),
		Figures: []experiment.Figure{
			{Name: "ready_ms", Title: "ready after, ms (median of 5)", Better: experiment.Less},
			{Name: "ready_max_ms", Title: "slowest of 5", Better: experiment.Less},
			{Name: "ready_killed_ms", Title: "after a kill", Better: experiment.Less},
			{Name: "vm_hwm_mb", Title: "VmHWM, MB", Better: experiment.Less},
			{Name: "records", Title: "records"},
		},
		Plot:     &experiment.Plot{File: "start.svg", X: "events", Y: "ms", Figures: []string{"ready_ms", "ready_killed_ms"}},
		Rounds:   many(3),
		Patience: within(4 * time.Minute),
		Missing:  missing,
		Run: func(ctx context.Context, row string, _ experiment.Scale) (experiment.Result, error) {
			n, err := count(row)
			if err != nil {
				return experiment.Result{}, err
			}
			return starts(ctx, n)
		},
	}
	return []experiment.Experiment{e, few(e, time.Minute, rows("events", "empty", "10k"))}
}

const coldStarts = 5

// starts measures starts of a daemon whose store holds n events.
func starts(ctx context.Context, n int) (r experiment.Result, err error) {
	r.Sent, r.Figures = uint64(n), map[string]float64{}
	dir, err := os.MkdirTemp("", "hayauma-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	data := filepath.Join(dir, "data")
	if n > 0 {
		if r.Figures["records"], err = filled(ctx, data, n); err != nil {
			return r, err
		}
	}
	w, err := daemon.Open(ctx, daemon.Options{Data: data})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	before := func() error { return os.RemoveAll(data) } // every start is of an empty store
	if n > 0 {
		// What a first start makes (the index of the temporary directory, the home's mark) is no part of a later one.
		if err := once(ctx, w); err != nil {
			return r, err
		}
		before = func() error { return nil }
	}
	took, err := restarts(ctx, w, before)
	if err != nil {
		return r, err
	}
	killed, err := afterKill(ctx, w)
	if err != nil {
		return r, err
	}
	peak, err := w.Peak()
	r.Figures["ready_killed_ms"], r.Figures["vm_hwm_mb"] = milliseconds(killed), peak/1e6
	summarise(took, &r)
	return r, err
}

// restarts starts the daemon so many times, each but the first after an orderly stop. It is left running.
func restarts(ctx context.Context, w *daemon.World, before func() error) ([]time.Duration, error) {
	took := make([]time.Duration, coldStarts)
	for i := range took {
		if i > 0 {
			if err := w.Stop(); err != nil {
				return nil, err
			}
		}
		if err := before(); err != nil {
			return nil, err
		}
		var err error
		if took[i], err = w.Start(ctx); err != nil {
			return nil, err
		}
	}
	return took, nil
}

// afterKill is how long a start takes after the daemon was killed.
func afterKill(ctx context.Context, w *daemon.World) (time.Duration, error) {
	w.Kill()
	return w.Start(ctx)
}

// summarise adds the starts' figures.
func summarise(took []time.Duration, r *experiment.Result) {
	slices.Sort(took)
	for _, t := range took {
		r.Seconds += t.Seconds()
	}
	r.Figures["ready_ms"] = milliseconds(percentile.Of(took, 50))
	r.Figures["ready_max_ms"] = milliseconds(percentile.Of(took, 100))
}

// once starts and stops the daemon.
func once(ctx context.Context, w *daemon.World) error {
	if _, err := w.Start(ctx); err != nil {
		return err
	}
	return w.Stop()
}

const (
	ledgerRole   = "checker" // most of a daemon's events are outcomes
	ledgerKind   = "checker"
	eventBytes   = 100
	eventsAGrain = 100
)

// filled makes a store with n events and returns the number of records.
func filled(ctx context.Context, dir string, n int) (records float64, err error) {
	node, err := natsnode.Open(ctx, natsnode.Config{DataDir: dir})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, node.Close(ctx)) }()
	store, err := jetstream.Open(ctx, node.Conn(), jetstream.Config{})
	if err != nil {
		return 0, err
	}
	var shards []journal.Shard
	for i := range cluster.Shards {
		shards = append(shards, journal.Shard{Role: ledgerRole, Number: i})
	}
	claims, err := store.Claim(ctx, ulid.Make().String(), shards)
	if err != nil {
		return 0, err
	}
	errs := make([]error, len(claims))
	var writers sync.WaitGroup
	for i, c := range claims {
		share := n / len(claims)
		if i < n%len(claims) {
			share++
		}
		writers.Go(func() { errs[i] = fill(ctx, store, c, share) })
	}
	writers.Wait()
	stats, err := store.Stats(ctx)
	return float64(stats.Records), cmp.Or(errors.Join(errs...), err)
}

// fill appends n events to a shard, each in a record of its own.
func fill(ctx context.Context, store journal.Store, c journal.Claim, n int) error {
	data := make([]byte, eventBytes)
	for written := 0; written < n; {
		batch := make([]journal.Record, min(journal.MaxBatch, n-written))
		for i := range batch {
			event := written + i
			g := journal.Grain{Kind: ledgerKind, ID: fmt.Sprintf("%d-%d", c.Shard.Number, event/eventsAGrain)}
			batch[i] = journal.Record{Grain: g, First: uint64(event%eventsAGrain + 1), Count: 1, Data: data}
		}
		if err := store.Append(ctx, c, fmt.Sprintf("%d-%d", c.Fence, written), batch); err != nil {
			return err
		}
		written += len(batch)
	}
	return nil
}
