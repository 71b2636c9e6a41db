package poster

import (
	"context"
	"errors"
	"net/http"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// suppressed says that it is stored that a user can't be reached, or that it can't be.
type suppressed struct {
	actors.PosterMsg
	run    string
	path   actors.Span
	window uint32
}

// suppress has it stored that the only user of a call can never be reached, and then reports the refusal. In this order nothing is lost: as
// long as the refusal is not recorded the path is unsettled, so whoever sends it again hears the same and says it again.
func (p *Poster) suppress(c *engine.Context[actors.PosterMsg], h *held, r actors.Report) {
	p.keep(c, h, r)
	done := suppressed{run: h.post.Run, path: h.post.Path, window: h.post.Window}
	user, reason, channel, store, log := called(h.post.To)[0], r.Reason, h.post.Channel, p.deps.Suppress, h.log(c)
	c.Go(func(ctx context.Context) actors.PosterMsg {
		for wait := firstBackoff; ; wait = min(2*wait, maxRepeat) {
			err := store(ctx, channel, user, reason)
			if err == nil {
				return done
			}
			log.Warn("a user who can't be reached is not noted", "channel", channel, "error", err)
			if isFinal(err) {
				return done
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(wait):
			}
		}
	})
}

// isFinal tells whether an error comes again with every repeat: the refusal itself is reported all the same.
func isFinal(err error) bool {
	var problem actors.Problem
	return errors.As(err, &problem) && problem.Status != http.StatusServiceUnavailable
}

func (p *Poster) suppressed(c *engine.Context[actors.PosterMsg], m suppressed) {
	if h := p.find(m.run, m.path); h != nil && h.phase == reporting && h.again == nil && h.report.Window == m.window {
		p.deps.Crash("poster.suppressed.after")
		p.tell(c, h)
	}
}
