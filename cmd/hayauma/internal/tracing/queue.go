package tracing

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/sdk/trace"
)

// Bounds of what waits for the receiver.
const (
	queued    = 4096 // spans
	batched   = 512
	sendEvery = time.Second
)

// queue is a [trace.SpanProcessor] that counts what it drops; OpenTelemetry's own says nothing of it.
type queue struct {
	exporter trace.SpanExporter
	log      *slog.Logger
	spans    chan trace.ReadOnlySpan
	dropped  atomic.Uint64

	ctx    context.Context // of exports; ended when a stop takes too long
	cancel context.CancelFunc
	stop   chan struct{}
	once   sync.Once
	ended  chan struct{}
	ending error // of the exporter; set before ended
}

func newQueue(exporter trace.SpanExporter, log *slog.Logger) *queue {
	q := &queue{exporter: exporter, log: log, spans: make(chan trace.ReadOnlySpan, queued), stop: make(chan struct{}), ended: make(chan struct{})}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	go q.run()
	return q
}

// OnStart implements [trace.SpanProcessor].
func (q *queue) OnStart(context.Context, trace.ReadWriteSpan) {}

// OnEnd implements [trace.SpanProcessor]. It never waits.
func (q *queue) OnEnd(s trace.ReadOnlySpan) {
	select {
	case q.spans <- s:
	default:
		q.dropped.Add(1)
	}
}

// ForceFlush implements [trace.SpanProcessor]; nothing needs it.
func (q *queue) ForceFlush(context.Context) error { return nil }

// Shutdown implements [trace.SpanProcessor].
func (q *queue) Shutdown(ctx context.Context) error {
	q.once.Do(func() { close(q.stop) })
	select {
	case <-q.ended:
	case <-ctx.Done():
		q.cancel()
		<-q.ended
	}
	return q.ending
}

func (q *queue) run() {
	defer close(q.ended)
	defer q.cancel()
	tick := time.NewTicker(sendEvery)
	defer tick.Stop()
	batch, failing := make([]trace.ReadOnlySpan, 0, batched), false
	send := func() {
		if len(batch) == 0 {
			return
		}
		ctx, cancel := context.WithTimeout(q.ctx, exportFor)
		defer cancel()
		err := q.exporter.ExportSpans(ctx, batch)
		if err != nil {
			q.dropped.Add(uint64(len(batch)))
		}
		if (err != nil) != failing {
			failing = err != nil
			q.tell(err)
		}
		clear(batch)
		batch = batch[:0]
	}
	for {
		select {
		case s := <-q.spans:
			if batch = append(batch, s); len(batch) == batched {
				send()
			}
		case <-tick.C:
			send()
		case <-q.stop:
			for len(q.spans) > 0 {
				if batch = append(batch, <-q.spans); len(batch) == batched {
					send()
				}
			}
			send()
			q.ending = q.exporter.Shutdown(q.ctx)
			if errors.Is(q.ending, context.Canceled) {
				q.ending = nil // the stop was not to wait any longer, and what was dropped is counted
			}
			return
		}
	}
}

// tell says once that the receiver has stopped taking spans, and once that it takes them again.
func (q *queue) tell(err error) {
	if err != nil {
		q.log.Warn("spans of traces are dropped: the receiver doesn't take them", "error", err)
		return
	}
	q.log.Info("spans of traces are taken again", "dropped", q.dropped.Load())
}
