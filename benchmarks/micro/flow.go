package micro

import (
	"context"
	"math/rand/v2"
	"sync"

	"hayauma.example/benchmarks/systems"
)

// half is half of a sender's window, in messages.
const half = 2048

// toOne sends messages of some senders to one actor.
func toOne(senders int) run {
	return func(ctx context.Context, s systems.System, n, _ int) (Result, error) {
		r := Result{Actors: 1}
		if err := ready(ctx, s, 1); err != nil {
			return r, err
		}
		if _, _, err := flood(ctx, s, senders, n/10); err != nil {
			return r, err
		}
		m := startMeter()
		sent, handled, err := flood(ctx, s, senders, n)
		m.stop(&r, sent)
		r.Lost = int64(sent) - int64(handled)
		return r, err
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

// spray sends to many actors; next says to whom, from 0 to actors-1. After as many messages as there are actors, and at the end,
// all of them report.
func spray(next func(rng *rand.Rand, i, actors int) int) run {
	return func(ctx context.Context, s systems.System, n, actors int) (Result, error) {
		r := Result{Actors: actors}
		if err := ready(ctx, s, actors); err != nil {
			return r, err
		}
		order := make([]int32, n)
		rng := rand.New(rand.NewPCG(1, 2)) // every system gets the same order
		for i := range order {
			order[i] = int32(next(rng, i, actors))
		}
		if _, _, err := scatter(ctx, s, order[:n/10], actors); err != nil {
			return r, err
		}
		m := startMeter()
		sent, handled, err := scatter(ctx, s, order, actors)
		m.stop(&r, sent)
		r.Lost = int64(sent) - int64(handled)
		return r, err
	}
}

// turns is how many messages per actor stand between two waits for all reports.
const turns = 10

func scatter(ctx context.Context, s systems.System, order []int32, actors int) (sent, handled uint64, err error) {
	one := &systems.Message{}
	for len(order) > 0 {
		part := order[:min(len(order), turns*actors)]
		order = order[len(part):]
		for _, to := range part {
			s.Tell(int(to), one)
		}
		got, err := gather(ctx, s, actors)
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
