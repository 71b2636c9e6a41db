package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"hayauma.example/actors"
)

const (
	clockEvery   = time.Minute
	clockTimeout = 5 * time.Second
)

// watchClock compares our clock with the store's, at once and then every minute: retry keys and deadlines stand on it.
func (a *App) watchClock(ctx context.Context) error {
	a.checkClock(ctx)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(clockEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				a.checkClock(ctx)
				a.checkHome()
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
	if skew.Abs() > actors.MaxSkew {
		a.gates.Suspend(fmt.Sprintf("this machine's clock is %s off the store's: set the clock", skew.Round(time.Second)))
		return
	}
	a.gates.Resume()
}
