package checker

import (
	"log/slog"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// mostTraces bounds what one check links to.
const mostTraces = 128

// notice remembers of which chunk's trace a report is.
func (k *Checker) notice(t engine.Trace) {
	if t.Valid() && len(k.traces) < mostTraces && !slices.Contains(k.traces, t) {
		k.traces = append(k.traces, t)
	}
}

// check is one batch of reports as traces show it; nil: none of it is traced.
type check struct {
	tracer  engine.Tracer
	run     string
	chunks  []engine.Trace
	began   time.Time
	reports int
}

func (k *Checker) check(c *engine.Context[actors.CheckerMsg], reports int) *check {
	if len(k.traces) == 0 {
		return nil
	}
	chunks, tracer := k.traces, c.System().Tracer()
	k.traces = nil
	if tracer == nil {
		return nil
	}
	return &check{tracer: tracer, run: c.ID(), chunks: chunks, began: time.Now(), reports: reports}
}

// stored tells each chunk that its outcomes are in the journal.
func (k *check) stored() {
	if k == nil {
		return
	}
	for _, chunk := range k.chunks {
		k.tracer.Begin(engine.Span{Name: "journal append", Parent: chunk, Began: k.began, Attrs: []slog.Attr{slog.String("run", k.run)}}).End("")
	}
}

// over is the check itself, which belongs to several chunks and so is linked to them.
func (k *check) over() {
	if k == nil {
		return
	}
	k.tracer.Begin(engine.Span{Name: "check", Links: k.chunks, Began: k.began, Attrs: []slog.Attr{
		slog.String("run", k.run), slog.Int("reports", k.reports),
	}}).End("")
}
