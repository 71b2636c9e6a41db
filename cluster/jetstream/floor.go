package jetstream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/cluster/objects"
	"hayauma.example/engine/journal"
)

// retryAfter is the pause before what was surely not stored is tried again.
const retryAfter = 5 * time.Millisecond

// raiseWithin is the time over which members that find no floor spread before they lay one: all those of a fleet that starts find none
// at once, and whoever is second purges what stands on the first one's.
const raiseWithin = 200 * time.Millisecond

// ground gives the revision of the floor, and lays one where there is none: the memory is new then.
func (m *Membership) ground(ctx context.Context) (uint64, error) {
	for {
		at, err := m.readFloor(ctx)
		if err == nil && at == 0 && pause(ctx, rand.N(raiseWithin)) {
			at, err = m.readFloor(ctx)
		}
		if err == nil && at != 0 {
			m.floor.Store(at)
			return at, nil
		}
		if err == nil {
			err = m.raise(ctx)
		} else if gone(err) {
			err = m.create(ctx)
			pause(ctx, retryAfter) // the server's answer is ahead of its subscriptions
		}
		if err != nil {
			return 0, err
		}
	}
}

// firstGround finds the floor or lays it until ctx ends. Another node may have given the stream more copies since this one looked. A
// floor that is laid twice, because the first one's answer was lost, is another member's to whoever came before.
func (m *Membership) firstGround(ctx context.Context) error {
	for {
		once, cancel := context.WithTimeout(ctx, answerWithin)
		_, err := m.ground(once)
		cancel()
		if err == nil {
			return nil
		}
		if copies := (*CopiesError)(nil); errors.As(err, &copies) {
			return copies
		}
		if !errors.Is(err, objects.ErrBusy) && !errors.Is(err, objects.ErrUnclear) || !pause(ctx, retryAfter) {
			return fmt.Errorf("jetstream: first revision of %s: %w", members, err)
		}
	}
}

// readFloor answers 0 where the memory has no floor, or one that lies lower than it says: it was on its way while the store lost
// the memory, and nothing stands on it.
func (m *Membership) readFloor(ctx context.Context) (uint64, error) {
	msg, err := m.read(ctx, m.members, floorKey)
	if err != nil || msg == nil {
		return 0, err
	}
	if says, err := strconv.ParseUint(string(msg.Data), 10, 64); err != nil || msg.Sequence < says {
		return 0, nil
	}
	return msg.Sequence, nil
}

// raise moves the stream's next sequence to the wall clock's nanoseconds and lays the floor there. A single server forgets a stream
// in memory with all it says, a cluster remembers what it says and begins it at 1 again; so it is moved by a purge, which does both,
// and not by the stream's configuration. Two members that raise at once may purge each other's first record: it is created again,
// as after any loss, and the watches begin again, because the floor is another.
func (m *Membership) raise(ctx context.Context) error {
	at := uint64(time.Now().UnixNano())
	if err := m.members.Purge(ctx, jetstream.WithPurgeSequence(at)); err != nil {
		return unread(err)
	}
	_, err := m.write(ctx, change(floorKey, strconv.AppendUint(nil, at, 10), 0))
	if errors.Is(err, journal.ErrFenced) {
		return nil // another was faster
	}
	return err
}

func (m *Membership) create(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if _, err := m.store.bring(ctx, m.store.cfg.members()); err != nil {
		return unread(err)
	}
	return nil
}

// gone: nobody answers for the stream. A single server has forgotten it.
func gone(err error) bool {
	return errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrNoStreamResponse) ||
		errors.Is(err, nats.ErrNoResponders) || errors.Is(err, ErrShutDown)
}

// regrounded tells whether another floor lies there than the one that was known: the store lost its memory in between.
func (m *Membership) regrounded(ctx context.Context, known uint64) (bool, error) {
	at, err := m.ground(ctx)
	return err == nil && at != known, err
}
