package follow

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"hayauma.example/engine/journal"
)

// Pauses before the store is followed again.
const (
	firstPause = 100 * time.Millisecond
	mostPause  = 5 * time.Second
)

// Until is ctx that also ends when quit is closed. The caller calls end.
func Until(ctx context.Context, quit <-chan struct{}) (bound context.Context, end func()) {
	bound, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-quit:
			cancel()
		case <-bound.Done():
		}
	})
	return bound, func() {
		cancel()
		watching.Wait()
	}
}

// asideFor is how long the end of what only reads is waited for.
const asideFor = 500 * time.Millisecond

// Aside calls f beside, and returns when f has, or a while after ctx has ended: what waits for the answer of a store that is away ends with
// its connection, and a stop doesn't wait for it. A panic in f is the caller's.
func Aside(ctx context.Context, f func()) (done bool) {
	ended := make(chan any, 1)
	go func() {
		defer func() { ended <- recover() }()
		f()
	}()
	var late <-chan time.Time
	over := ctx.Done()
	for {
		select {
		case failure := <-ended:
			if failure != nil {
				panic(failure)
			}
			return true
		case <-over:
			over = nil
			t := time.NewTimer(asideFor)
			defer t.Stop()
			late = t.C
		case <-late:
			return false
		}
	}
}

// Again calls f until it has no error, after pauses that grow while nothing moves.
func Again(ctx context.Context, log *slog.Logger, f func() (moved bool, err error)) {
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		moved, err := f()
		if err == nil || ctx.Err() != nil {
			return
		}
		if moved {
			pause = firstPause
		}
		log.Warn("the store is followed again", "error", err)
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// ErrEnded says that nothing more comes, although nobody has asked for an end.
var ErrEnded = errors.New("follow: the store ended what it followed")

var errUnseen = errors.New("follow: its own record is not in the store yet")

// Own is the position of a durable grain's newest record: where one begins that follows the store from now on. Positions are of the whole
// store.
func Own(ctx context.Context, store journal.Store, role string, g journal.Grain) (position uint64, err error) {
	for s, err := range store.Follow(ctx, role, g.Kind, 0) {
		switch {
		case err != nil:
			return 0, err
		case s.Caught && position == 0:
			return 0, errUnseen
		case s.Caught:
			return position, nil
		case s.Record.Grain.ID == g.ID:
			position = s.Record.Position
		}
	}
	return 0, ErrEnded
}
