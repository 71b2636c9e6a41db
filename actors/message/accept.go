package message

import (
	"fmt"
	"net/http"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/recipient"
	"hayauma.example/engine"
)

// maxUserBytes bounds a user's id, so that a book's messages fit into its snapshot.
const maxUserBytes = 33

// accept begins messages that are new. All of them are durable, with what they say, before the answer.
func (b *Book) accept(c *call, entries []actors.NewMessage) {
	if err := check(entries); err != nil {
		c.Respond(err)
		b.rest(c)
		return
	}
	now := millis(c.Now())
	x := acceptance{state: &b.state, now: now, first: b.state.next + 1, fresh: map[uint64]int{}}
	for _, e := range entries {
		x.add(e)
	}
	switch {
	case len(x.event.Entries) == 0:
		c.Respond(actors.AcceptedMessages{Entries: x.answers})
		return
	case len(b.state.open)+len(x.event.Entries) > maxOpen:
		c.Respond(actors.Problem{Status: http.StatusInsufficientStorage, Title: "too many messages wait",
			Detail: fmt.Sprintf("%d messages to users of this part of the channel wait for their time, %d are possible, nothing of this part was accepted: "+
				"send again when some have gone", len(b.state.open), maxOpen)})
		b.rest(c)
		return
	}
	x.event.First = x.first
	events := []Event{x.event}
	for i, e := range x.event.Entries {
		c.Remind(reminderOf(x.first+uint32(i)), moment(e.At), payloadOf(entries[x.from[i]]).pack())
		if e.At <= now && !b.state.awake && !b.stopped && len(events) == 1 {
			events = append(events, Began{})
		}
	}
	engine.Persist(c, events, func() {
		b.deps.Crash("message.accepted")
		c.Respond(actors.AcceptedMessages{Entries: x.answers})
	})
}

// check refuses what is no possible batch. It was all checked before, where the caller could be told where it is wrong.
func check(entries []actors.NewMessage) error {
	size := 0
	for i, e := range entries {
		size += len(e.Messages)
		switch what := recipient.CheckUser(e.To); {
		case what != "":
			return refused("message %d of %d: the user's id %s", i+1, len(entries), what)
		case len(e.To) > maxUserBytes:
			return refused("message %d of %d: the user's id is longer than %d bytes", i+1, len(entries), maxUserBytes)
		case len(e.Messages) == 0 || len(e.Messages) > actors.MaxMessageBytes:
			return refused("message %d of %d has %d bytes, 1 to %d are possible", i+1, len(entries), len(e.Messages), actors.MaxMessageBytes)
		case !e.Due.IsZero() && e.Due.UnixMilli() < 0:
			return refused("message %d of %d is due before 1970", i+1, len(entries))
		}
	}
	if len(entries) > actors.MaxMessages || size > actors.MaxMessagesSize {
		return refused("%d messages of %d bytes are given, %d of %d are possible at once", len(entries), size, actors.MaxMessages, actors.MaxMessagesSize)
	}
	return nil
}

func refused(format string, args ...any) error {
	return actors.Problem{Status: http.StatusUnprocessableEntity, Title: "messages refused", Detail: fmt.Sprintf(format, args...)}
}

// acceptance tells what of a batch is new.
type acceptance struct {
	state   *state
	now     int64
	first   uint32
	event   Accepted
	from    []int          // parallel to its entries: their indexes in the batch
	fresh   map[uint64]int // index in the event of what is new, by key
	answers []actors.AcceptedMessage
}

func (x *acceptance) add(e actors.NewMessage) {
	if n, known := x.state.keys[e.Key]; known {
		x.answers = append(x.answers, x.repeat(n, e))
		return
	}
	if i, again := x.fresh[e.Key]; again {
		have := x.event.Entries[i]
		x.answers = append(x.answers, actors.AcceptedMessage{Number: x.first + uint32(i), State: stateAt(have.At, x.now), Due: moment(have.Due),
			Repeat: true, Conflict: have.Content != e.Content})
		return
	}
	due := x.now
	if !e.Due.IsZero() {
		due = millis(e.Due)
	}
	at := max(due, x.now)
	x.fresh[e.Key] = len(x.event.Entries)
	x.answers = append(x.answers, actors.AcceptedMessage{Number: x.first + uint32(len(x.event.Entries)), State: stateAt(at, x.now), Due: moment(due)})
	x.event.Entries = append(x.event.Entries, Entry{User: e.To, Key: e.Key, Content: e.Content, Due: due, At: at})
	x.from = append(x.from, len(x.answers)-1)
}

// repeat is the answer to a key that is known.
func (x *acceptance) repeat(n uint32, e actors.NewMessage) actors.AcceptedMessage {
	if m := x.state.open[n]; m != nil {
		return actors.AcceptedMessage{Number: n, State: stateAt(m.at, x.now), Due: moment(m.due), Repeat: true, Conflict: m.content != e.Content}
	}
	p := x.state.past[n]
	return actors.AcceptedMessage{Number: n, State: actors.MessageState(p.outcome.String()), Due: moment(p.due), Repeat: true, Conflict: p.content != e.Content}
}

func stateAt(at, now int64) actors.MessageState {
	if at > now {
		return actors.MessageScheduled
	}
	return actors.MessagePending
}

// keep sees to it that what ends now is forgotten when it was kept for long enough.
func (b *Book) keep(c *call, events []Event) []Event {
	if !b.state.keeping.IsZero() {
		return events
	}
	until := c.Now().Add(keepFor + keepRound).Truncate(keepRound).UTC()
	c.Remind(remindTidy, until, nil)
	return append(events, Keeping{Until: until})
}

// tidy forgets what was kept for long enough, and the events that it came from.
func (b *Book) tidy(c *call, r reminded) {
	if !r.due.Equal(b.state.keeping) {
		c.Forget(r.name, r.due)
		engine.Persist(c, []Event{}, nil)
		return
	}
	now := c.Now()
	e := Forgotten{Before: millis(now.Add(-keepFor)) + 1}
	for _, n := range b.state.order {
		if p := b.state.past[n]; p.at >= e.Before {
			next := moment(p.at).Add(keepFor + keepRound).Truncate(keepRound)
			if e.Next.IsZero() || next.Before(e.Next) {
				e.Next = next
			}
		}
	}
	if !e.Next.IsZero() && !e.Next.After(now) {
		e.Next = now.Add(time.Minute).Truncate(time.Second)
	}
	c.Forget(remindTidy, r.due)
	if !e.Next.IsZero() {
		c.Remind(remindTidy, e.Next, nil)
	}
	engine.Persist(c, []Event{e}, func() { c.Compact() })
}
