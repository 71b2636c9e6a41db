package message

import (
	"context"
	"errors"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// mostLoaded bounds the messages that are loaded at once.
const mostLoaded = 64

type (
	// pump says that something may be told.
	pump struct{ actors.MessageMsg }

	// loaded brings what the messages say that go now, and the settings of their users. What isn't there found no room.
	loaded struct {
		actors.MessageMsg
		wanted []wanted
		found  []found // parallel, as far as it goes
	}
	// wanted is a message that goes now.
	wanted struct {
		number uint32
		user   string
		at     int64
		name   string // of its reminder
	}
	// found is what it says.
	found struct {
		payload  *payload // nil: err
		bytes    int      // held for it
		settings actors.RecipientSettings
		err      error
	}
)

// errContent: what a message says can't be read, and never will be.
var errContent = errors.New("its content can't be read")

// touch has the book look soon what may be told to a user.
func (b *Book) touch(c *call, user string, after time.Duration) {
	b.touched[user] = true
	b.pumpAfter(c, after)
}

func (b *Book) pumpAfter(c *call, after time.Duration) {
	switch {
	case b.pumping || b.loading:
	case after <= 0:
		b.pumping = true
		c.Self().Tell(pump{})
	default:
		b.pumping = true
		c.After(after, pump{})
	}
}

// touchAll is touch for all users of whom something waits here.
func (b *Book) touchAll(c *call) {
	for n, l := range b.live {
		if m := b.state.open[n]; m != nil && l.came && !l.out {
			b.touch(c, m.user, 0)
		}
	}
}

// pump loads the messages that may go now, the earliest first. There is one load at a time, so that who waits for room holds none.
func (b *Book) pump(c *call) {
	b.pumping = false
	if b.stopped || b.loading || len(b.touched) == 0 {
		return // touchAll follows, or what comes behind the load
	}
	heads := b.heads(millis(c.Now()))
	if len(heads) == 0 {
		return
	}
	list := make([]wanted, len(heads))
	for i, m := range heads {
		b.of(m.number).asking = true
		delete(b.touched, m.user)
		list[i] = wanted{m.number, m.user, m.at, reminderOf(m.number)}
	}
	b.loading = true
	x := loader{sys: c.System(), id: b.id, share: b.share}
	c.Go(func(ctx context.Context) actors.MessageMsg { return loaded{wanted: list, found: x.load(ctx, list)} })
}

// heads are the next messages to the users for whom something may be told, if they can go now, and no more of them than are loaded at once.
func (b *Book) heads(now int64) (heads []*message) {
	for user := range b.touched {
		if m := b.head(user, now); m != nil {
			heads = append(heads, m)
		} else {
			delete(b.touched, user)
		}
	}
	slices.SortFunc(heads, (*message).before)
	return heads[:min(len(heads), mostLoaded)]
}

// head is the next message to a user, if it can go now: nothing before it is without an outcome.
func (b *Book) head(user string, now int64) *message {
	q := b.state.users[user]
	for _, m := range q { // one that a poster has was before all others, but those were put off since
		if l := b.live[m.number]; l != nil && (l.out || l.asking) {
			return nil
		}
	}
	if len(q) == 0 || q[0].at > now {
		return nil
	}
	if l := b.live[q[0].number]; l == nil || !l.came {
		return nil
	}
	return q[0]
}

// loader loads messages off the book's turn.
type loader struct {
	sys   *engine.System
	id    string
	share *share
}

// load waits until there is room for the first, and loads as many as there is room for then.
func (x loader) load(ctx context.Context, list []wanted) (all []found) {
	if x.share.take(ctx, list[0].at) != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookUp)
	defer cancel()
	all = append(all, x.one(ctx, list[0]))
	for _, w := range list[1:] {
		if ctx.Err() != nil || !x.share.try() {
			break
		}
		all = append(all, x.one(ctx, w))
	}
	return all
}

// one loads a message for which room was taken, and gives back what it doesn't need.
func (x loader) one(ctx context.Context, w wanted) (f found) {
	var data []byte
	if data, f.err = engine.Payload(ctx, x.sys, actors.Messages, x.id, w.name, moment(w.at)); f.err == nil {
		f.payload, f.err = unpackPayload(data)
	}
	if f.err == nil {
		book := actors.Recipients.Ref(x.sys, x.id)
		f.settings, f.err = engine.Ask[actors.RecipientSettings](ctx, book, actors.RecipientMsg(actors.Lookup{User: w.user}))
	}
	if f.err != nil {
		f.payload, data = nil, nil // nobody gets a message because his book could not be asked
	}
	f.bytes = len(data)
	x.share.give(loadBytes - f.bytes)
	return f
}

// loaded decides about messages, records what is to be recorded, and tells posters.
func (b *Book) loaded(c *call, r loaded) {
	b.loading = false
	now := c.Now()
	var t turn
	again := time.Duration(0)
	for i, w := range r.wanted {
		m, l := b.state.open[w.number], b.live[w.number]
		if m != nil && l != nil {
			l.asking = false
		}
		switch {
		case i >= len(r.found):
			b.touched[w.user] = true
			continue
		case m == nil || l == nil: // cancelled meanwhile
			b.share.give(r.found[i].bytes)
			continue
		}
		f := r.found[i]
		switch {
		case errors.Is(f.err, errContent):
			t.settled = append(t.settled, Outcome{Number: w.number, Outcome: actors.Failed, Reason: clip(f.err.Error()), At: millis(now)})
		case f.err != nil:
			c.Log().Debug("message not loaded", "error", f.err)
			b.touched[w.user], again = true, askAgain
		case b.stopped || m.at > millis(now):
			b.share.give(f.bytes)
		default:
			l.payload, l.bytes = f.payload, f.bytes
			b.take(&t, candidate{m, *f.payload, f.settings, l.doubt}, now)
		}
	}
	b.record(c, t, func() {
		b.tellPosters(c, t.tells)
		if len(b.touched) > 0 {
			b.pumpAfter(c, again)
		}
	})
}

// unload drops what a message says, which its reminder's payload says again.
func (b *Book) unload(l *live) {
	if l.payload != nil {
		b.share.give(l.bytes)
		l.payload, l.bytes = nil, 0
	}
}
