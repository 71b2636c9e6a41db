package micro

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/systems"
)

// ask lets callers ask one actor, each one question at a time.
func ask(callers int) run {
	return func(ctx context.Context, s systems.System, w size) (experiment.Result, error) {
		if err := systems.Populate(ctx, s, 1); err != nil {
			return experiment.Result{}, err
		}
		began := time.Now()
		if _, _, err := question(ctx, s, callers, w.n); err != nil {
			return experiment.Result{}, err
		}
		n := w.enough(time.Since(began))
		m := startMeter()
		sent, answered, err := question(ctx, s, callers, n)
		return m.stop(sent, answered), err
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
func pingPong(ctx context.Context, s systems.System, w size) (experiment.Result, error) {
	if err := systems.Populate(ctx, s, 2); err != nil {
		return experiment.Result{}, err
	}
	began := time.Now()
	if err := rally(ctx, s, w.n); err != nil {
		return experiment.Result{}, err
	}
	n := w.enough(time.Since(began))
	if _, err := systems.Gather(ctx, s, 2); err != nil {
		return experiment.Result{}, err
	}
	m := startMeter()
	err := rally(ctx, s, n)
	r := m.stop(uint64(n), uint64(n))
	handled, failed := systems.Gather(ctx, s, 2)
	r.Lost = int64(2*n+1+2) - int64(handled) // the service, the passes and two marks
	return r, cmp.Or(err, failed)
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
