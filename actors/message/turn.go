package message

import (
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// turn is what one record makes of messages.
type turn struct {
	settled  []Outcome
	returned []uint32
	deferred Deferred
	tells    []*message
}

func (b *Book) take(t *turn, x candidate, now time.Time) {
	switch d := decide(x, now); d.step {
	case tells:
		t.tells = append(t.tells, x.message)
	case ends:
		t.settled = append(t.settled, Outcome{Number: x.message.number, Outcome: d.outcome, Reason: clip(d.reason), At: millis(now)})
	case renews:
		t.returned = append(t.returned, x.message.number)
	case defers:
		t.deferred.Numbers = append(t.deferred.Numbers, x.message.number)
		t.deferred.Until = append(t.deferred.Until, d.until)
		t.deferred.Same = append(t.deferred.Same, x.doubt)
	}
}

// record persists what a turn has come to, with the reminders and the notes that go with it, then follows.
func (b *Book) record(c *call, t turn, then func()) {
	now := c.Now()
	var events []Event
	if len(t.settled) > 0 {
		events = append(events, Settled{Entries: t.settled})
		events = b.owe(c, b.keep(c, events))
		for _, o := range t.settled {
			if m := b.state.open[o.Number]; m != nil {
				c.Forget(reminderOf(m.number), moment(m.at))
			}
		}
	}
	if len(t.returned) > 0 {
		events = append(events, Returned{Numbers: t.returned, At: millis(now)})
	}
	if len(t.deferred.Numbers) > 0 {
		events = append(events, t.deferred)
		for i, n := range t.deferred.Numbers {
			c.Forget(reminderOf(n), moment(b.state.open[n].at))
			c.Remind(reminderOf(n), moment(t.deferred.Until[i]), b.live[n].payload.pack())
		}
	}
	switch {
	case len(t.tells) > 0 && !b.state.awake:
		events = append(events, Began{})
	case len(events) > 0 && b.state.awake && len(t.tells) == 0 && b.restsAfter(&t, millis(now)):
		events = append(events, Rested{})
	}
	if len(events) == 0 {
		then()
		return
	}
	users := b.usersOf(&t)
	b.deps.Crash("message.record.before")
	engine.Persist(c, events, func() {
		b.deps.Crash("message.record.after")
		b.recorded(c, &t, users)
		then()
	})
}

// usersOf are those whose next message may go after a turn.
func (b *Book) usersOf(t *turn) (users []string) {
	for _, o := range t.settled {
		if m := b.state.open[o.Number]; m != nil {
			users = append(users, m.user)
		}
	}
	for _, n := range slices.Concat(t.returned, t.deferred.Numbers) {
		users = append(users, b.state.open[n].user)
	}
	return users
}

// recorded brings what this activation knows up to date with what was recorded.
func (b *Book) recorded(c *call, t *turn, users []string) {
	for _, o := range t.settled {
		b.deps.Counted.Outcomes[o.Outcome].Add(1)
		b.answerCancels(o.Number, c.Now())
		b.forget(o.Number)
	}
	for _, n := range t.returned {
		l := b.of(n)
		l.out, l.doubt, l.drives = false, false, 0
		b.unload(l)
		b.answerCancels(n, c.Now())
	}
	for _, n := range t.deferred.Numbers {
		l := b.of(n)
		l.came = false
		b.unload(l)
	}
	for _, user := range users {
		b.touch(c, user, 0)
	}
	if len(t.settled) > 0 {
		b.tellSoon(c)
	}
}

// restsAfter tells whether after a turn nothing is with a poster or in doubt, and nothing is about to be told.
func (b *Book) restsAfter(t *turn, now int64) bool {
	over := make(map[uint32]bool, len(t.settled)+len(t.returned))
	for _, o := range t.settled {
		over[o.Number] = true
	}
	for _, n := range t.returned {
		over[n] = true
	}
	for n, l := range b.live {
		m := b.state.open[n]
		if m == nil || over[n] {
			continue
		}
		if l.out || l.doubt || l.came && m.at <= now && !b.stopped && !slices.Contains(t.deferred.Numbers, n) {
			return false
		}
	}
	return true
}

// tellPosters is the only place from which messages go.
func (b *Book) tellPosters(c *call, messages []*message) {
	for _, m := range messages {
		l := b.live[m.number]
		if l.doubt {
			l.drives++
		}
		b.deps.Crash("message.told.before")
		b.post(c, m)
		b.deps.Crash("message.told.after")
	}
}

// post tells the poster of a message.
func (b *Book) post(c *call, m *message) {
	l := b.live[m.number]
	l.out, l.told = true, c.Now()
	actors.Posters.Ref(c.System(), actors.PushPoster(b.channel, m.user)).Tell(actors.Post{
		Run: actors.MessagesRun(b.channel), Channel: b.channel, Window: m.window, Number: l.drives, Chunk: b.chunk, Path: pathOf(m.number),
		To: []string{m.user}, Messages: l.payload.Messages, Deadline: m.deadline(), Ledger: b.id,
	})
	if !b.looking {
		b.looking = true
		c.After(lookEvery, look{})
	}
}

// pathOf is a message's path: its number. Numbers are told apart by book as chunks are in a run.
func pathOf(number uint32) actors.Span { return actors.Span{Lo: number, Hi: number + 1} }
