package recipient

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// Recipients is the grain of one book.
type Recipients struct {
	book book // changed by Apply and Restore only

	addresses *Addresses
	noted     bool // the channel knows of the book
	noting    int  // changes that wait for that
}

// noted brings a change back when the channel knows of the book.
type noted struct {
	actors.RecipientMsg
	entries []actors.RecipientChange
	reply   engine.Reply
	err     error
}

// Serve lets sys host books of recipients.
func Serve(sys *engine.System, a *Addresses, before ...engine.Middleware[actors.RecipientMsg]) {
	engine.ServeDurable(sys, actors.Recipients, func(string) engine.Durable[actors.RecipientMsg, Event] { return &Recipients{addresses: a} }, before...)
}

// Apply folds one fact into the book.
func (r *Recipients) Apply(e Event) { r.book.apply(e) }

// Snapshot implements [engine.Snapshotter].
func (r *Recipients) Snapshot() any { return r.book.snapshot() }

// Restore implements [engine.Snapshotter].
func (r *Recipients) Restore(snapshot any) { r.book.restore(snapshot.(Book)) }

type call = engine.Context[actors.RecipientMsg]

// Handle has one line per message; what a line does stands below, in message order.
func (r *Recipients) Handle(c *call, m actors.RecipientMsg) {
	switch m := m.(type) {
	case actors.Change:
		r.change(c, m.Entries, c.Reply())
	case noted:
		r.hasNoted(c, m)
	case actors.Lookup:
		s, _ := r.book.of(m.User)
		c.Respond(s)
		r.rest(c)
	case actors.Since:
		c.Respond(r.book.delta(m))
	case actors.Suppress:
		r.suppress(c, m)
	}
}

func (r *Recipients) change(c *call, entries []actors.RecipientChange, reply engine.Reply) {
	e, changed, err := r.book.take(entries)
	switch {
	case err != nil:
		reply.Send(err)
	case !changed:
		reply.Send(actors.Done{})
	case r.book.revision == 0 && !r.noted:
		r.note(c, entries, reply)
	default:
		engine.Persist(c, []Event{e}, func() { reply.Send(actors.Done{}) })
		return
	}
	r.rest(c)
}

// rest lets a book leave that has never had anything: any user may be asked for.
func (r *Recipients) rest(c *call) {
	if r.book.revision == 0 && r.noting == 0 {
		c.Passivate()
	}
}

// How long a book that was never written waits for its channel, and how long it pauses after a question that failed.
const (
	noteFor   = 8 * time.Second
	notePause = 200 * time.Millisecond
)

// note has the channel know of the book, off the actor; the change is made then.
func (r *Recipients) note(c *call, entries []actors.RecipientChange, reply engine.Reply) {
	channel, number, ok := r.addresses.place(c.ID())
	if !ok {
		reply.Send(actors.Problem{Status: http.StatusNotFound, Title: "no such book", Detail: "settings are not kept there"})
		return
	}
	r.noting++
	owner := actors.Channels.Ref(c.System(), channel)
	c.GoWithin(noteFor, func(ctx context.Context) actors.RecipientMsg {
		err := noteBooks(ctx, owner, actors.NoteBooks{Books: actors.BooksOf(number)})
		return noted{entries: entries, reply: reply, err: err}
	})
}

// noteBooks asks until the channel has answered, or ctx is over.
func noteBooks(ctx context.Context, channel engine.Ref[actors.ChannelMsg], m actors.NoteBooks) error {
	for {
		_, err := engine.Ask[actors.Done](ctx, channel, actors.ChannelMsg(m))
		var problem actors.Problem
		if err == nil || errors.As(err, &problem) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(notePause):
		}
	}
}

func (r *Recipients) hasNoted(c *call, m noted) {
	r.noting--
	if m.err != nil {
		m.reply.Send(actors.Problem{Status: http.StatusServiceUnavailable, Title: "nothing was changed",
			Detail: "the channel gives no answer, and settings are kept only where it knows of them: repeat the request"})
		r.rest(c)
		return
	}
	r.noted = true
	r.change(c, m.entries, m.reply)
}

func (r *Recipients) suppress(c *call, m actors.Suppress) {
	if s, _ := r.book.of(m.User); s.Suppressed.Reason != "" {
		c.Respond(actors.Done{})
		return
	}
	change := actors.RecipientChange{User: m.User, Sets: actors.FieldSuppressed}
	change.Settings.Suppressed = actors.Suppression{Reason: cmp.Or(m.Reason, "refused for good"), At: c.Now()}
	r.change(c, []actors.RecipientChange{change}, c.Reply())
}
