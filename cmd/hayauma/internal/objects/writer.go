package objects

import (
	"bytes"
	"context"
	"sync"

	"hayauma.example/engine/journal"
)

// AtOnce is how many objects are on their way.
const AtOnce = 4

// Writer stores objects. Put and Wait are called by one goroutine.
type Writer struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	to      journal.Objects
	places  chan struct{}
	running sync.WaitGroup
}

// NewWriter makes a Writer; Wait ends it.
func NewWriter(ctx context.Context, to journal.Objects) *Writer {
	w := &Writer{to: to, places: make(chan struct{}, AtOnce)}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	return w
}

// Put begins to store an object; data is the caller's again when it returns.
func (w *Writer) Put(name string, data []byte) error {
	select {
	case w.places <- struct{}{}:
	case <-w.ctx.Done():
		return context.Cause(w.ctx)
	}
	data = bytes.Clone(data)
	w.running.Go(func() {
		defer func() { <-w.places }()
		if err := w.to.Put(w.ctx, name, data); err != nil {
			w.cancel(err)
		}
	})
	return nil
}

// Wait returns when everything is durable, or why it is not.
func (w *Writer) Wait() error {
	w.running.Wait()
	defer w.cancel(nil)
	return context.Cause(w.ctx)
}
