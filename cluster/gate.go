package cluster

import (
	"context"
	"sync/atomic"

	"hayauma.example/engine/journal"
)

// gate is a store whose appends start only while this process may act. The rest of a store needs no gate: reads change nothing, and a
// purge drops only what nobody needs.
type gate struct {
	journal.Store
	shut atomic.Pointer[chan struct{}] // nil: appends may start; closed when they may again
}

// Append implements journal.Store. An append that was held back for all of its attempt is surely not stored, so it is as a busy store's:
// the writer tries again, and refuses it after WriterOptions.BusyFor.
func (g *gate) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	for shut := g.shut.Load(); shut != nil; shut = g.shut.Load() {
		select {
		case <-*shut:
		case <-ctx.Done():
			return journal.ErrBusy
		}
	}
	if ctx.Err() != nil {
		return journal.ErrBusy
	}
	return g.Store.Append(ctx, c, id, records)
}

// BatchFrom implements journal.Batcher.
func (g *gate) BatchFrom() int {
	if b, ok := g.Store.(journal.Batcher); ok {
		return b.BatchFrom()
	}
	return 0
}

func (g *gate) isShut() bool { return g.shut.Load() != nil }

func (g *gate) close() {
	shut := make(chan struct{})
	g.shut.CompareAndSwap(nil, &shut)
}

func (g *gate) open() {
	if shut := g.shut.Swap(nil); shut != nil {
		close(*shut)
	}
}
