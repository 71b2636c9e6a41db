package metrics

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hayauma.example/engine/journal"
	"hayauma.example/engine/meter"
)

var (
	appendShape = shape{journalAppend, durations}
	batchShape  = shape{journalBatch, amounts}
)

// statsFor is how long a scrape waits for the store's figures, and statsAge how old they may be.
const (
	statsFor = time.Second
	statsAge = time.Second
)

// Journal is a [journal.Store] that measures another. It is a collector too.
type Journal struct {
	journal.Store
	appends meter.Histogram
	events  meter.Histogram
	errors  sync.Map // operation → *atomic.Uint64

	mu    sync.Mutex // guards what follows: the last figures
	stats journal.Stats
	at    time.Time
}

// Measure wraps a store.
func Measure(store journal.Store) *Journal { return &Journal{Store: store} }

func (j *Journal) count(op string, err error) error {
	if err != nil {
		n, _ := j.errors.LoadOrStore(op, new(atomic.Uint64))
		n.(*atomic.Uint64).Add(1)
	}
	return err
}

// BatchFrom implements [journal.Batcher], where the measured store does: the writer must not lose it behind the measurement.
func (j *Journal) BatchFrom() int {
	if b, ok := j.Store.(journal.Batcher); ok {
		return b.BatchFrom()
	}
	return 0
}

// Claim implements [journal.Store].
func (j *Journal) Claim(ctx context.Context, owner string, shards []journal.Shard) ([]journal.Claim, error) {
	claims, err := j.Store.Claim(ctx, owner, shards)
	return claims, j.count("claim", err)
}

// Append implements [journal.Store].
func (j *Journal) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	began := time.Now()
	err := j.Store.Append(ctx, c, id, records)
	j.appends.Took(time.Since(began))
	events := 0
	for _, r := range records {
		events += int(r.Count)
	}
	j.events.Observe(float64(events))
	return j.count("append", err)
}

// Replay implements [journal.Store].
func (j *Journal) Replay(ctx context.Context, c journal.Claim, g journal.Grain) iter.Seq2[journal.Record, error] {
	return func(yield func(journal.Record, error) bool) {
		for r, err := range j.Store.Replay(ctx, c, g) {
			if !yield(r, j.count("replay", err)) {
				return
			}
		}
	}
}

// Page implements [journal.Store].
func (j *Journal) Page(ctx context.Context, c journal.Claim, g journal.Grain, from uint64, most int) ([]journal.Record, error) {
	records, err := j.Store.Page(ctx, c, g, from, most)
	return records, j.count("replay", err)
}

// Purge implements [journal.Store].
func (j *Journal) Purge(ctx context.Context, c journal.Claim, g journal.Grain, below uint64) error {
	return j.count("purge", j.Store.Purge(ctx, c, g, below))
}

// Describe implements prometheus.Collector.
func (j *Journal) Describe(ch chan<- *prometheus.Desc) { describe(ch, ofJournal) }

// Collect implements prometheus.Collector.
func (j *Journal) Collect(ch chan<- prometheus.Metric) {
	if stats, ok := j.figures(); ok {
		gauge(ch, journalRecords, float64(stats.Records))
		gauge(ch, journalBytes, float64(stats.Bytes))
		gauge(ch, journalObjects, float64(stats.Objects))
		gauge(ch, journalObjectBytes, float64(stats.ObjectBytes))
	}
	appendShape.collect(ch, j.appends.Read())
	batchShape.collect(ch, j.events.Read())
	for _, op := range []string{"claim", "append", "replay", "purge", "stats"} {
		n, _ := j.errors.LoadOrStore(op, new(atomic.Uint64))
		counter(ch, journalErrors, n.(*atomic.Uint64).Load(), op)
	}
}

// figures asks the store at most once in statsAge, however many scrape.
func (j *Journal) figures() (journal.Stats, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if time.Since(j.at) < statsAge {
		return j.stats, true
	}
	ctx, cancel := context.WithTimeout(context.Background(), statsFor)
	defer cancel()
	stats, err := j.Store.Stats(ctx)
	if j.count("stats", err) != nil {
		return journal.Stats{}, false
	}
	j.stats, j.at = stats, time.Now()
	return stats, true
}
