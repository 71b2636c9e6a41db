package metrics

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hayauma.example/engine/journal"
)

var (
	descRecords     = desc("journal_records", "Records that the event store holds.")
	descBytes       = desc("journal_bytes", "Bytes that the event store holds.")
	descObjects     = desc("journal_objects", "Objects (audience parts, chunks) that the store holds.")
	descObjectBytes = desc("journal_object_bytes", "Bytes of objects that the store holds.")
)

// statsFor is how long a scrape waits for the store's figures, and statsAge how old they may be.
const (
	statsFor = time.Second
	statsAge = time.Second
)

// Journal is a [journal.Store] that measures another. It is a collector too.
type Journal struct {
	journal.Store
	appends prometheus.Histogram
	events  prometheus.Histogram
	errors  *prometheus.CounterVec

	mu    sync.Mutex // guards what follows: the last figures
	stats journal.Stats
	at    time.Time
}

// Measure wraps a store.
func Measure(store journal.Store) *Journal {
	return &Journal{
		Store: store,
		appends: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "journal_append_seconds", Help: "Duration of an append, to its acknowledgement.", Buckets: durations,
		}),
		events: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "journal_batch_events", Help: "Events in one append.", Buckets: prometheus.ExponentialBuckets(1, 4, 8),
		}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "journal_errors_total", Help: "Operations that the event store refused or left unanswered.",
		}, []string{"op"}),
	}
}

func (j *Journal) count(op string, err error) error {
	if err != nil {
		j.errors.WithLabelValues(op).Inc()
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
	j.appends.Observe(time.Since(began).Seconds())
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

// Purge implements [journal.Store].
func (j *Journal) Purge(ctx context.Context, c journal.Claim, g journal.Grain, below uint64) error {
	return j.count("purge", j.Store.Purge(ctx, c, g, below))
}

// Describe implements prometheus.Collector.
func (j *Journal) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descRecords, descBytes, descObjects, descObjectBytes, j.appends.Desc(), j.events.Desc()} {
		ch <- d
	}
	j.errors.Describe(ch)
}

// Collect implements prometheus.Collector.
func (j *Journal) Collect(ch chan<- prometheus.Metric) {
	if stats, ok := j.figures(); ok {
		gauge(ch, descRecords, float64(stats.Records))
		gauge(ch, descBytes, float64(stats.Bytes))
		gauge(ch, descObjects, float64(stats.Objects))
		gauge(ch, descObjectBytes, float64(stats.ObjectBytes))
	}
	j.appends.Collect(ch)
	j.events.Collect(ch)
	j.errors.Collect(ch)
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
