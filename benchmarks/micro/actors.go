package micro

import (
	"context"
	"fmt"

	"hayauma.example/benchmarks/systems"
)

// identity is 33 bytes long, as a user's is at the provider.
func identity(i int) string { return fmt.Sprintf("U%032x", i) }

// identities makes them beforehand where making them is not to be measured.
func identities(from, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = identity(from + i)
	}
	return ids
}

// spawn starts actors and waits until each has handled its first message. handled is the number that reported.
func spawn(ctx context.Context, s systems.System, n int, id func(i int) string) (handled uint64, err error) {
	tally := systems.NewTally(n)
	first := &systems.Message{Op: systems.Mark, Tally: tally}
	for i := range n {
		if err := s.Spawn(id(i), first); err != nil {
			return tally.Handled(), err
		}
	}
	err = tally.Wait(ctx)
	return tally.Handled(), err
}

// ready opens n actors for a workload that sends.
func ready(ctx context.Context, s systems.System, n int) error {
	if _, err := spawn(ctx, s, n, identity); err != nil {
		return err
	}
	s.Ready()
	return nil
}

// gather asks all actors for their reports. It returns what they handled, the n marks included.
func gather(ctx context.Context, s systems.System, n int) (uint64, error) {
	tally := systems.NewTally(n)
	mark := &systems.Message{Op: systems.Mark, Tally: tally}
	for i := range n {
		s.Tell(i, mark)
	}
	err := tally.Wait(ctx)
	return tally.Handled(), err
}
