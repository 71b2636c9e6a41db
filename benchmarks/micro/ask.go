package micro

import (
	"context"
	"sync"
	"sync/atomic"

	"hayauma.example/benchmarks/systems"
)

// ask lets callers ask one actor, each one question at a time.
func ask(callers int) run {
	return func(ctx context.Context, s systems.System, n, _ int) (Result, error) {
		r := Result{Actors: 1}
		if err := ready(ctx, s, 1); err != nil {
			return r, err
		}
		if _, _, err := question(ctx, s, callers, n/10); err != nil {
			return r, err
		}
		m := startMeter()
		sent, answered, err := question(ctx, s, callers, n)
		m.stop(&r, sent)
		r.Lost = int64(sent) - int64(answered)
		return r, err
	}
}

// question asks n/callers questions per caller. A caller that gets no answer, or another's, goes on with its next question,
// since what is lost is counted; err says that ctx has ended.
func question(ctx context.Context, s systems.System, callers, n int) (sent, answered uint64, err error) {
	var asked, matched atomic.Uint64
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			out, in := converse(ctx, s, caller, n/callers)
			asked.Add(out)
			matched.Add(in)
		})
	}
	wg.Wait()
	return asked.Load(), matched.Load(), context.Cause(ctx)
}

// converse is one caller. Its message is used again, but not after an error: somebody may still have it.
func converse(ctx context.Context, s systems.System, caller, n int) (asked, matched uint64) {
	m := &systems.Message{Op: systems.Question, From: caller}
	for i := range uint64(n) {
		if ctx.Err() != nil {
			return asked, matched
		}
		m.Seq = i
		asked++
		got, err := s.Ask(ctx, 0, m)
		if err != nil {
			m = &systems.Message{Op: systems.Question, From: caller}
			continue
		}
		if got.From == caller && got.Seq == i+1 {
			matched++
		}
	}
	return asked, matched
}

// pingPong passes one message to and fro between two actors; a round trip is two passes.
func pingPong(ctx context.Context, s systems.System, n, _ int) (Result, error) {
	r := Result{Actors: 2}
	if err := ready(ctx, s, 2); err != nil {
		return r, err
	}
	if err := rally(ctx, s, max(n/10, 1)); err != nil {
		return r, err
	}
	if _, err := gather(ctx, s, 2); err != nil {
		return r, err
	}
	m := startMeter()
	err := rally(ctx, s, n)
	m.stop(&r, uint64(n))
	handled, failed := gather(ctx, s, 2)
	if err == nil {
		err = failed
	}
	r.Lost = int64(2*n+1+2) - int64(handled) // the service, the passes and two marks
	return r, err
}

func rally(ctx context.Context, s systems.System, trips int) error {
	r := systems.NewRally(2 * trips)
	s.Tell(0, &systems.Message{Op: systems.Pass, Rally: r})
	select {
	case <-r.Done():
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
