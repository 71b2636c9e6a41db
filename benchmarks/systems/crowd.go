package systems

import (
	"context"
	"fmt"
)

// Identity is 33 bytes long, as a user's is at the provider.
func Identity(i int) string { return fmt.Sprintf("U%032x", i) }

// SpawnAll spawns n actors and waits until each has handled its first message. handled is the number that reported.
func SpawnAll(ctx context.Context, s System, n int, id func(i int) string) (handled uint64, err error) {
	tally := NewTally(n)
	first := &Message{Op: Mark, Tally: tally}
	for i := range n {
		if err := s.Spawn(id(i), first); err != nil {
			return tally.Handled(), err
		}
	}
	err = tally.Wait(ctx)
	return tally.Handled(), err
}

// Populate gives a system n actors for a workload that sends.
func Populate(ctx context.Context, s System, n int) error {
	if _, err := SpawnAll(ctx, s, n, Identity); err != nil {
		return err
	}
	s.Ready()
	return nil
}

// Gather asks the first n actors for their reports. It returns what they have handled since their last, the n marks included.
func Gather(ctx context.Context, s System, n int) (uint64, error) {
	tally := NewTally(n)
	mark := &Message{Op: Mark, Tally: tally}
	for i := range n {
		s.Tell(i, mark)
	}
	err := tally.Wait(ctx)
	return tally.Handled(), err
}
