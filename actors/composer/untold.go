package composer

import (
	"context"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// A report is repeated as a poster's are: a checker that is down is not met by all of its composers' questions every two seconds, which are
// too old when it comes to them.
const (
	firstRepeat = 2 * time.Second
	maxRepeat   = 15 * time.Second
)

// giveBack reports paths that were never told, all at once, until the checker has recorded it.
func (k *Composer) giveBack(c *engine.Context[actors.ComposerMsg], paths []actors.Span, what actors.What) {
	if len(paths) == 0 {
		return
	}
	sys, log := c.System(), k.log(c)
	m := actors.Untold{Run: k.order.Run, Window: k.order.Window, Paths: paths, What: what}
	k.owed = append(k.owed, &m)
	c.Go(func(ctx context.Context) actors.ComposerMsg {
		for wait := firstRepeat; ctx.Err() == nil; wait = min(2*wait, maxRepeat) {
			err := reportOnce(ctx, sys, m, wait)
			if err == nil {
				return returned{paid: &m}
			}
			log.Warn("return not recorded", "run", m.Run, "window", m.Window, "error", err)
		}
		return nil
	})
}

// reportOnce takes as long as it may unless it succeeds.
func reportOnce(ctx context.Context, sys *engine.System, m actors.Untold, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_, err := engine.Ask[actors.Done](ctx, actors.Checkers.Ref(sys, m.Run), actors.CheckerMsg(m))
	if err != nil {
		<-ctx.Done()
	}
	return err
}

// returnWindow gives back every first dispatch that was not told; re-drives stay, they can't be returned.
func (k *Composer) returnWindow(c *engine.Context[actors.ComposerMsg]) {
	first := func(p piece) bool { return p.number == 0 }
	back := k.untold(first)
	k.queue = slices.DeleteFunc(k.queue, first)
	k.giveBack(c, back, actors.PathReturned)
	if k.piece != nil && k.piece.number == 0 {
		k.next(c)
	}
}

// untold are the paths of some pieces that nobody was told of yet.
func (k *Composer) untold(some func(piece) bool) (paths []actors.Span) {
	if k.piece != nil && some(k.piece.piece) {
		paths = k.piece.spans()
	}
	for _, p := range k.queue {
		if some(p) {
			paths = append(paths, p.spans()...)
		}
	}
	return paths
}

// tooLate ends the window's deadline: what was not told comes back, a re-drive is dropped.
func (k *Composer) tooLate(c *engine.Context[actors.ComposerMsg]) {
	k.returnWindow(c)
	k.end(c)
}
