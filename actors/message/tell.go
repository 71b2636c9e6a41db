package message

import (
	"context"
	"maps"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// Times of telling figures to the channel's tallies.
const (
	tellEvery = 10 * time.Second
	tellFor   = 10 * time.Second // an answer is waited for
	tellFirst = time.Second      // pause after a first failure, doubled up to tellPause
	tellPause = 30 * time.Second
	owingFor  = time.Minute // a crash delays figures by so much
)

type (
	// tell is the book's own word: it is time to tell a listener.
	tell struct {
		actors.MessageMsg
		listener int
	}
	// answered is a listener's answer.
	answered struct {
		actors.MessageMsg
		listener int
		month    string
		version  uint64
		err      error
	}
)

// debt is what an activation knows of its telling; all of it may be lost.
type debt [len(listeners)]struct {
	has    map[string]uint64 // the version of each month that the listener has on disk
	asking bool
	timer  *engine.Timer // the next tell
	pause  time.Duration // after a failure
}

// owe sets the reminder that figures are to be told, with the first record that changes them: figures that are never told would be money
// lost, and nothing else may wake the book.
func (b *Book) owe(c *call, events []Event) []Event {
	if !b.state.figures.owing.IsZero() {
		return events
	}
	due := moment(millis(c.Now().Add(owingFor)))
	c.Remind(remindTell, due, nil)
	return append(events, Owing{Due: due})
}

// remindedToTell goes on where nothing has come of it.
func (b *Book) remindedToTell(c *call, due time.Time) {
	if !due.Equal(b.state.figures.owing) {
		c.Forget(remindTell, due)
		engine.Persist(c, []Event{}, nil)
		return
	}
	b.tellAll(c)
}

// tellSoon sees to it that what is new is told.
func (b *Book) tellSoon(c *call) {
	for i := range b.debt {
		if d := &b.debt[i]; d.timer == nil && !d.asking {
			d.timer = c.After(tellEvery, tell{listener: i})
		}
	}
}

func (b *Book) tellAll(c *call) {
	for i := range b.debt {
		b.tell(c, i)
	}
}

// tellAgain tells what is owed; where nothing is, that nothing is.
func (b *Book) tellAgain(c *call) {
	if b.state.figures.owing.IsZero() {
		b.release(c)
		b.rest(c)
		return
	}
	b.tellAll(c)
}

// tell asks a listener to count a month as it is now.
func (b *Book) tell(c *call, i int) {
	d := &b.debt[i]
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	month, owed := b.owed(i)
	if d.asking || !owed {
		return
	}
	d.asking = true
	word := b.state.figures.word(b.id, i, month, c.Now())
	to := listeners[i].kind.Ref(c.System(), b.channel)
	c.GoWithin(tellFor, func(ctx context.Context) actors.MessageMsg {
		_, err := engine.Ask[actors.Counted](ctx, to, actors.TallyMsg(word))
		return answered{listener: i, month: month, version: word.Version, err: err}
	})
}

// owed is a month of which a listener has not got everything; false: there is none.
func (b *Book) owed(i int) (month string, owed bool) {
	for _, month := range slices.Sorted(maps.Keys(b.state.figures.months[i])) {
		if x := b.state.figures.months[i][month]; x.Version > max(x.Told, b.debt[i].has[month]) {
			return month, true
		}
	}
	return "", false
}

func (b *Book) answered(c *call, m answered) {
	d := &b.debt[m.listener]
	d.asking = false
	if m.err != nil {
		d.pause = min(max(2*d.pause, tellFirst), tellPause)
		d.timer = c.After(d.pause, tell{listener: m.listener})
		return
	}
	if d.has == nil {
		d.has = map[string]uint64{}
	}
	d.has[m.month] = max(d.has[m.month], m.version)
	d.pause = 0
	if _, more := b.owed(m.listener); more {
		d.timer = c.After(tellEvery, tell{listener: m.listener})
		return
	}
	b.settleDebt(c)
}

// settleDebt records that both have everything. Then they are told that it is never told again, so that they may forget it.
func (b *Book) settleDebt(c *call) {
	f := &b.state.figures
	if f.owing.IsZero() {
		return
	}
	for i := range b.debt {
		if _, more := b.owed(i); more {
			return
		}
	}
	c.Forget(remindTell, f.owing)
	engine.Persist(c, []Event{Told{Version: f.version}}, func() { b.release(c) })
}

// release is told once and may be lost: the tallies ask for it where they miss it.
func (b *Book) release(c *call) {
	for i, l := range listeners {
		for month, x := range b.state.figures.months[i] {
			if x.Told == x.Version {
				l.kind.Ref(c.System(), b.channel).Tell(b.state.figures.word(b.id, i, month, c.Now()))
			}
		}
	}
}
