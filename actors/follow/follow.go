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

// aside calls f beside, and returns when f has, or a while after ctx has ended: what waits for the answer of a store that is away ends with
// its connection, and a stop doesn't wait for it. A panic in f is the caller's.
func aside(ctx context.Context, f func()) (done bool) {
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

// again calls f until it has no error, after pauses that grow while nothing moves.
func again(ctx context.Context, log *slog.Logger, f func() (moved bool, err error)) {
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

// errEnded says that nothing more comes, although nobody has asked for an end.
var errEnded = errors.New("follow: the store ended what it followed")

var errUnseen = errors.New("follow: its own record is not in the store yet")

// Source is a kind of a role whose records are followed.
type Source struct {
	Store      journal.Store
	Role, Kind string
	Log        *slog.Logger
}

// Newest is the position of a durable grain's newest record: where one begins that follows the store from now on. Positions are of the whole
// store. It is 0 where quit is closed first.
func (s Source) Newest(ctx context.Context, quit <-chan struct{}, id string) (position uint64) {
	ctx, end := Until(ctx, quit)
	defer end()
	var own uint64 // aside's until it is done
	if aside(ctx, func() {
		again(ctx, s.Log, func() (moved bool, err error) {
			own, err = s.look(ctx, id)
			return false, err
		})
	}) {
		position = own
	}
	return position
}

func (s Source) look(ctx context.Context, id string) (position uint64, err error) {
	for x, err := range s.Store.Follow(ctx, s.Role, s.Kind, 0) {
		switch {
		case err != nil:
			return 0, err
		case x.Caught && position == 0:
			return 0, errUnseen
		case x.Caught:
			return position, nil
		case x.Record.Grain.ID == id:
			position = x.Record.Position
		}
	}
	return 0, errEnded
}

// Each has take take the records after the position at, which take moves, in their order until quit is closed. A record whose take fails comes
// again.
func (s Source) Each(ctx context.Context, quit <-chan struct{}, at func() uint64, take func(context.Context, journal.Record) error) {
	ctx, end := Until(ctx, quit)
	defer end()
	aside(ctx, func() {
		again(ctx, s.Log, func() (moved bool, err error) {
			from := at()
			err = s.read(ctx, from, take)
			return at() != from, err
		})
	})
}

func (s Source) read(ctx context.Context, from uint64, take func(context.Context, journal.Record) error) error {
	for x, err := range s.Store.Follow(ctx, s.Role, s.Kind, from) {
		if err == nil && !x.Caught {
			err = take(ctx, x.Record)
		}
		if err != nil {
			return err
		}
	}
	return errEnded
}
