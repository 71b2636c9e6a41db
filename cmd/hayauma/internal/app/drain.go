package app

import (
	"context"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

const (
	drainActors = 2 * time.Second
	drainLook   = 20 * time.Millisecond
)

// drain takes back what is untried before the daemon stops, so that a planned stop puts nothing in doubt: campaigns hold their runs, books of
// messages theirs, gates and composers give back, the checkers record it. What is still being called or repeated then is left to the next start.
func (a *App) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainActors)
	defer cancel()
	var campaigns []engine.Ref[actors.CampaignMsg]
	var books []engine.Ref[actors.MessageMsg]
	a.sys.Cells(func(c engine.CellInfo) bool {
		if c.Kind == actors.Campaigns.Name() {
			campaigns = append(campaigns, actors.Campaigns.Ref(a.sys, c.ID))
		}
		if c.Kind == actors.Messages.Name() {
			books = append(books, actors.Messages.Ref(a.sys, c.ID))
		}
		return true
	})
	for _, ref := range campaigns {
		ref.Tell(actors.Drain{})
	}
	for _, ref := range books {
		ref.Tell(actors.DrainMessages{})
	}
	look := time.NewTicker(drainLook)
	defer look.Stop()
	for a.sending() {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// sending tells whether anything between a campaign and its ledger still holds a recipient.
func (a *App) sending() bool {
	for _, k := range a.sys.Stats() {
		if (k.Kind == actors.Posters.Name() || k.Kind == actors.Composers.Name()) && k.Active > 0 {
			return true
		}
	}
	return false
}
