package remote

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"hayauma.example/benchmarks/percentile"
	"hayauma.example/benchmarks/remote/ledger"
	"hayauma.example/benchmarks/remote/payload"
)

// caller is one of those who ask, each its next question when it has the answer to the last.
type caller struct {
	took []uint32 // ns of each right answer
}

// ask lets all callers ask until time or numbers end.
func (s *sender) ask(ctx context.Context) (report, error) {
	var next atomic.Uint64 // question
	callers := make([]caller, s.plan.Callers)
	begin := time.Now()
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { s.call(ctx, &callers[i], &next, begin.Add(s.plan.Time)) })
	}
	all.Wait()
	seconds := time.Since(begin).Seconds()
	s.book.Set(ledger.Sent, min(next.Load(), s.plan.Messages))
	inTime := s.end(ctx, 2)
	var took []uint32
	for _, c := range callers {
		took = append(took, c.took...)
	}
	slices.Sort(took)
	return report{
		Answered: uint64(len(took)), Seconds: seconds, Stuck: !inTime,
		P50: micros(took, 50), P99: micros(took, 99),
	}, ctx.Err()
}

func (s *sender) call(ctx context.Context, c *caller, next *atomic.Uint64, until time.Time) {
	for at := time.Now(); at.Before(until); {
		seq := next.Add(1) - 1
		if seq >= s.plan.Messages {
			return
		}
		got, err := s.to.Ask(ctx, payload.New(payload.Question, seq))
		done := time.Now()
		if kind, is, ok := payload.Parse(got); err == nil && ok && kind == payload.Answer && is == seq {
			c.took = append(c.took, uint32(min(done.Sub(at), 4*time.Second)))
		} else if err == nil {
			s.book.Add(ledger.Foreign, 1) // another question's answer
		}
		at = done
	}
}

// micros is a percentile of sorted durations in µs, 0 of none.
func micros(sorted []uint32, p float64) float64 { return float64(percentile.Of(sorted, p)) / 1e3 }
