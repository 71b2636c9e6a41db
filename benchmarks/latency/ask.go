package latency

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"hayauma.example/benchmarks/systems"
)

// askers is how many questions are asked at once at most.
const askers = 256

// pool asks questions that it is handed by number.
type pool struct {
	system systems.System
	actors int
	clock  clock
}

// serve asks until jobs is closed. done is called by the asker when a question was answered, or its caller gave up; ok says that
// the answer belongs to it.
func (p *pool) serve(ctx context.Context, jobs <-chan int, done func(i int, ok bool)) (wait func()) {
	var wg sync.WaitGroup
	for asker := range askers {
		wg.Go(func() {
			m := &systems.Message{Op: systems.Question, From: asker}
			for i := range jobs {
				m.Seq = uint64(i)
				got, err := p.system.Ask(ctx, pick(i, p.actors), m)
				ok := err == nil && got == m && got.Seq == uint64(i)+1
				done(i, ok)
				if !ok {
					m = &systems.Message{Op: systems.Question, From: asker} // somebody may still have the other
				}
			}
		})
	}
	return wg.Wait
}

// capacity asks in a closed loop: the askers take the next question as soon as they have an answer. It returns answers per second.
func (p *pool) capacity(ctx context.Context, length time.Duration) (float64, error) {
	var answered atomic.Int64
	jobs := make(chan int, askers)
	wait := p.serve(ctx, jobs, func(_ int, ok bool) {
		_ = p.clock.now() // as under load
		if ok {
			answered.Add(1)
		}
	})
	began := p.clock.now()
	for i := 0; p.clock.now()-began < int64(length) && ctx.Err() == nil; i++ {
		select {
		case jobs <- i:
		case <-ctx.Done():
		}
	}
	rate := float64(answered.Load()) / time.Duration(p.clock.now()-began).Seconds()
	close(jobs)
	wait()
	return rate, context.Cause(ctx)
}

// load hands out questions by the schedule and waits for the last answer.
func (p *pool) load(ctx context.Context, s schedule, took, late samples) (outcome, error) {
	var answered atomic.Int64
	jobs := make(chan int, s.n) // so that the generator never waits
	wait := p.serve(ctx, jobs, func(i int, ok bool) {
		took[i] = p.clock.now() - s.due(i)
		if ok {
			answered.Add(1)
		}
	})
	sent, _ := generate(ctx, p.clock, s, late, func(i int, _ int64) { jobs <- i })
	close(jobs)
	wait()
	return outcome{sent: sent, lost: int64(sent) - answered.Load()}, context.Cause(ctx)
}
