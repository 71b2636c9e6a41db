package webhook

import (
	"context"
	"errors"
	"net/http"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/follow"
	"hayauma.example/engine"
)

// deliver makes the next try, unless one is under way or has just failed.
func (w *Webhook) deliver(c *call) {
	t := w.term
	x := t.queue.head()
	if x == nil || t.sending || t.waiting {
		return
	}
	t.sending = true
	c.Go(func(ctx context.Context) actors.WebhookMsg {
		ctx, end := follow.Until(ctx, t.quit)
		defer end()
		m := sent{term: t}
		m.status, m.err = t.desk.send(ctx, x)
		return m
	})
}

func (w *Webhook) sent(c *call, m sent) {
	t := w.term
	if m.term != t {
		return
	}
	t.sending = false
	switch {
	case m.err == nil:
		t.count++
		w.deps.Figures.Sent.Add(1)
		w.succeeded(c)
	case dropped(m.err):
		w.passOver(c, m.err)
	case m.status == http.StatusGone:
		w.pause(c)
	default:
		w.failed(c, m.err)
	}
}

func (w *Webhook) succeeded(c *call) {
	t := w.term
	t.failures, t.since, t.trouble = 0, time.Time{}, ""
	w.done(c)
	w.goOn(c)
}

// passOver leaves out what can't or needn't be told.
func (w *Webhook) passOver(c *call, why error) {
	if x := w.term.queue.head(); errors.Is(why, errMissing) {
		c.Log().Warn("not delivered", "event", x.kind, "of", x.grain, "number", x.number, "error", why)
	}
	w.done(c)
	w.goOn(c)
}

// done takes the head out of the queue.
func (w *Webhook) done(c *call) {
	t := w.term
	x := t.queue.head()
	t.queue.pop()
	t.dirty = true
	p := t.paces[x.grain]
	if x.kind != CampaignProgress || p == nil {
		return
	}
	p.queued, p.told, p.after = false, x.number, c.Now().Add(progressEvery)
	w.pace(c, p)
}

// goOn reads what there is room for, makes the next try, and records how far it is.
func (w *Webhook) goOn(c *call) {
	for i := range w.term.followers {
		w.pull(c, i)
	}
	w.deliver(c)
	w.flushIn(c, max(0, flushEvery-c.Now().Sub(w.term.flushed)))
}

// failed tries again after a pause. What is too old by now is given up, unless it is our own fault.
func (w *Webhook) failed(c *call, err error) {
	t := w.term
	t.failures++
	w.deps.Figures.Failed.Add(1)
	t.trouble = err.Error()
	if t.since.IsZero() {
		t.since = c.Now()
		c.Log().Warn("delivery failed, and is tried again", "error", err)
	}
	if _, own := errors.AsType[ownError](err); !own {
		w.giveUp(c, err)
	}
	t.waiting = true
	c.After(backoff(t.failures, w.deps.Jitter()), retry{term: t})
}

func (w *Webhook) giveUp(c *call, err error) {
	t, n := w.term, 0
	oldest := c.Now().Add(-patience)
	for x := t.queue.head(); x != nil && !x.at.After(oldest); x = t.queue.head() {
		n++
		w.done(c)
	}
	if n == 0 {
		return
	}
	t.givenUp += uint64(n)
	w.deps.Figures.GivenUp.Add(uint64(n))
	c.Log().Error("deliveries given up", "count", n, "older_than", patience, "error", err)
	for i := range t.followers {
		w.pull(c, i)
	}
	w.flushIn(c, max(0, flushEvery-c.Now().Sub(t.flushed)))
}

// pause obeys an endpoint that wants nothing more.
func (w *Webhook) pause(c *call) {
	p := Paused{At: c.Now(), Reason: "the endpoint answered 410 Gone; add the webhook again to go on", Oldest: w.term.queue.head().at}
	c.Log().Warn("webhook paused", "reason", p.Reason)
	events := append(w.news(), p)
	c.Forget(remindWork, w.state.Due)
	w.end()
	engine.Persist(c, events, c.Passivate)
}

// flushIn sees to it that how far it has delivered is recorded within d.
func (w *Webhook) flushIn(c *call, d time.Duration) {
	t := w.term
	at := c.Now().Add(d)
	switch {
	case !t.dirty || t.flushing != nil && !at.Before(t.flushAt):
		return
	case t.flushing != nil:
		t.flushing.Stop()
	}
	t.flushing, t.flushAt = c.After(d, flush{term: t}), at
}

// news is what is not recorded yet.
func (w *Webhook) news() []Event {
	t := w.term
	if t == nil || !t.dirty {
		return nil
	}
	return []Event{Delivered{Composer: t.queue.at[composer], Checker: t.queue.at[checkers], Count: t.count, GivenUp: t.givenUp}}
}

// record appends it.
func (w *Webhook) record(c *call) {
	events := w.news()
	if len(events) == 0 {
		return
	}
	t := w.term
	t.dirty, t.count, t.givenUp, t.flushed = false, 0, 0, c.Now()
	engine.Persist(c, events, nil)
}
