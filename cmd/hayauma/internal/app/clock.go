package app

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"hayauma.example/actors"
)

const (
	clockEvery   = time.Minute
	clockTimeout = 5 * time.Second
	roomEvery    = time.Second
)

// watchClock compares our clock with the store's, at once and then every minute: retry keys and deadlines stand on it. Beside it, it
// watches the disk: what can't be recorded is not sent.
func (a *App) watchClock(ctx context.Context) error {
	a.checkClock(ctx)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() {
		tick, room := time.NewTicker(clockEvery), time.NewTicker(roomEvery)
		defer tick.Stop()
		defer room.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				a.checkClock(ctx)
				a.checkHome()
			case <-room.C:
				a.checkRoom()
				a.checkCopies()
			}
		}
	})
	a.onStop("clock", func(context.Context) error {
		cancel()
		done.Wait()
		return nil
	})
	return nil
}

func (a *App) checkClock(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	skew, err := a.store.Skew(ctx)
	if err != nil {
		a.log.Debug("clock not compared", "error", err) // the store's own trouble is told by others
		return
	}
	a.metrics.SetSkew(skew)
	why := ""
	if skew.Abs() > actors.MaxSkew {
		why = fmt.Sprintf("this machine's clock is %s off the store's: set the clock", skew.Round(time.Second))
	}
	a.hold(&a.held.skewed, why)
}

// checkRoom stops calls while the store takes nothing: their outcomes could not be recorded.
func (a *App) checkRoom() {
	why := ""
	if err := a.room.ready(); err != nil {
		why = err.Error()
	}
	a.hold(&a.held.cramped, why)
}

// holds are the reasons why no provider call starts; empty: none.
type holds struct {
	mu                         sync.Mutex // guards them, and the order of Suspend and Resume
	skewed, cramped, suspended string
}

// hold sets one of the reasons; calls start again when none is left.
func (a *App) hold(reason *string, why string) {
	a.held.mu.Lock()
	defer a.held.mu.Unlock()
	*reason = why
	if left := cmp.Or(a.held.suspended, a.held.skewed, a.held.cramped); left != "" {
		a.gates.Suspend(left)
		return
	}
	a.gates.Resume()
}
