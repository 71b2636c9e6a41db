package app

import (
	"context"
	"time"

	"hayauma.example/cmd/hayauma/internal/tracing"
)

// tracesFor is how long a stop waits for the receiver of traces.
const tracesFor = time.Second

// startTracing prepares the sending of spans, where it is asked for.
func (a *App) startTracing(ctx context.Context) (err error) {
	if a.cfg.Trace == "" {
		return nil
	}
	a.tracing, err = tracing.Open(ctx, tracing.Config{Endpoint: a.cfg.Trace, Node: a.cfg.Node, Version: a.opts.Version, Log: a.log})
	if err != nil {
		return err
	}
	a.onStop("traces", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, tracesFor)
		defer cancel()
		return a.tracing.Close(ctx)
	})
	return nil
}
