package app

import (
	"context"
	"log/slog"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// memoryLook is how often the heap is looked at.
const memoryLook = 2 * time.Second

// gcPercent lets the heap grow to five times what is in use before it is collected: below the limit memory costs nothing, and a collection
// does.
const gcPercent = 400

// limitMemory sets the collector's target, unless the operator has set GOMEMLIMIT, which is for a fixed one; likewise GOGC. While more than three quarters of the
// limit is in use for good, the limit is a third more than that: below it the collector would run all the time and free nothing.
func (a *App) limitMemory(limit int64) {
	if limit <= 0 || a.opts.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetMemoryLimit(limit)
	if a.opts.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		m := memory{least: limit, set: limit, log: a.log}
		every := time.NewTicker(memoryLook)
		defer every.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
				m.look(live())
			}
		}
	}()
	a.onStop("memory", func(context.Context) error { cancel(); <-done; return nil })
}

// memory follows what is in use.
type memory struct {
	least, set int64
	log        *slog.Logger
}

func (m *memory) look(live uint64) {
	to := limitFor(m.least, live)
	if change := math.Abs(float64(to - m.set)); to == m.set || change < float64(m.set)/20 && to != m.least {
		return
	}
	if m.set == m.least {
		m.log.Warn("the heap in use comes near memory-limit, which is raised", "in_use", live, "limit", m.least, "until_then", to)
	}
	m.set = to
	debug.SetMemoryLimit(to)
}

// limitFor is the limit for a heap of which so many bytes are in use after a collection.
func limitFor(least int64, live uint64) int64 {
	return max(least, int64(min(live, math.MaxInt64/2))/3*4)
}

// live is what the last collection has found in use, with the stacks.
func live() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() + s[1].Value.Uint64()
}
