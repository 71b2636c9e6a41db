package micro

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/systems"
)

// half is half of a sender's window, in messages.
const half = 2048

// toOne sends messages of some senders to one actor.
func toOne(senders int) run {
	return func(ctx context.Context, s systems.System, w size) (experiment.Result, error) {
		if err := systems.Populate(ctx, s, 1); err != nil {
			return experiment.Result{}, err
		}
		began := time.Now()
		if _, _, err := flood(ctx, s, senders, w.n); err != nil {
			return experiment.Result{}, err
		}
		n := w.enough(time.Since(began))
		m := startMeter()
		sent, handled, err := flood(ctx, s, senders, n)
		return m.stop(sent, handled), err
	}
}

// flood shares at least n messages among the senders, marks included, and waits for all.
func flood(ctx context.Context, s systems.System, senders, n int) (sent, handled uint64, err error) {
	var mu sync.Mutex // guards the results
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			out, in, failed := stream(ctx, s, (n/senders+half-1)/half)
			mu.Lock()
			defer mu.Unlock()
			sent, handled = sent+out, handled+in
			if err == nil {
				err = failed
			}
		})
	}
	wg.Wait()
	return sent, handled, err
}

// stream sends so many halves of a window to actor 0. Senders share the actor, so a report counts what any of them sent since the
// last: only the sum over all senders is a count of messages.
func stream(ctx context.Context, s systems.System, halves int) (sent, handled uint64, err error) {
	one := &systems.Message{}
	var before *systems.Tally
	for range halves {
		for range half - 1 {
			s.Tell(0, one)
		}
		tally := systems.NewTally(1)
		s.Tell(0, &systems.Message{Op: systems.Mark, Tally: tally})
		sent += half
		if before != nil {
			if err := before.Wait(ctx); err != nil {
				return sent, handled, err
			}
			handled += before.Handled()
		}
		before = tally
	}
	if before != nil {
		err = before.Wait(ctx)
		handled += before.Handled()
	}
	return sent, handled, err
}

// turns is how many messages per actor stand between two waits for all reports.
const turns = 10

// spray sends to many actors; next says to whom, from 0 to actors-1. After as many messages as there are turns for each actor, and at
// the end, all of them report.
func spray(next func(rng *rand.Rand, i, actors int) int) run {
	return func(ctx context.Context, s systems.System, w size) (experiment.Result, error) {
		if err := systems.Populate(ctx, s, w.actors); err != nil {
			return experiment.Result{}, err
		}
		order := make([]int32, turns*w.actors)
		rng := rand.New(rand.NewPCG(1, 2)) // every system gets the same order
		for i := range order {
			order[i] = int32(next(rng, i, w.actors))
		}
		began := time.Now()
		if _, _, err := scatter(ctx, s, w.n, order); err != nil {
			return experiment.Result{}, err
		}
		n := w.enough(time.Since(began))
		m := startMeter()
		sent, handled, err := scatter(ctx, s, n, order)
		return m.stop(sent, handled), err
	}
}

// scatter sends n messages in this order, again and again.
func scatter(ctx context.Context, s systems.System, n int, order []int32) (sent, handled uint64, err error) {
	one, actors := &systems.Message{}, len(order)/turns
	for n > 0 {
		part := order[:min(len(order), n)]
		n -= len(part)
		for _, to := range part {
			s.Tell(int(to), one)
		}
		got, err := systems.Gather(ctx, s, actors)
		sent += uint64(len(part) + actors)
		handled += got
		if err != nil {
			return sent, handled, err
		}
	}
	return sent, handled, nil
}

func roundRobin(_ *rand.Rand, i, actors int) int { return i % actors }

func random(rng *rand.Rand, _, actors int) int { return rng.IntN(actors) }
