package composer

import (
	"hayauma.example/actors"
	"hayauma.example/engine"
)

// Stopping is the end of a composer that still has something to tell, mostly because its shard goes to another node. First dispatches that
// it has not told are returned in the turn that drops them, re-drives the campaign sends again; a return under way is repeated once.
func (k *Composer) Stopping(c *engine.Context[actors.ComposerMsg]) {
	checker := actors.Checkers.Ref(c.System(), k.order.Run)
	for _, m := range k.owed {
		checker.Tell(*m)
	}
	if back := k.untold(func(p piece) bool { return p.number == 0 }); len(back) > 0 {
		checker.Tell(actors.Untold{Run: k.order.Run, Window: k.order.Window, Paths: back, What: actors.PathReturned})
	}
	if again := k.untold(func(p piece) bool { return p.number > 0 }); len(again) > 0 {
		actors.Campaigns.Ref(c.System(), k.order.Campaign).Tell(actors.Dropped{Run: k.order.Run, Window: k.order.Window, Paths: again})
	}
	k.end(c)
}

// followLost tells campaigns and channels of commands that reached nobody: their member was lost, or a mailbox or the way to it was full.
func followLost(sys *engine.System) {
	engine.DeadLetters.Subscribe(sys, func(d engine.DeadLetter) {
		if m, ok := d.Message.(actors.Post); ok && m.Ledger == "" {
			actors.Channels.Ref(sys, m.Channel).Tell(actors.FreeDemand{Run: m.Run, Window: m.Window, Bytes: m.Demand})
			actors.Campaigns.Ref(sys, m.Campaign).Tell(actors.Dropped{Run: m.Run, Window: m.Window, Paths: []actors.Span{m.Path}})
		}
	})
}
