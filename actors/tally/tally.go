package tally

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// lookEvery is how often a book that is told of runs looks for silent ones.
const lookEvery = time.Hour

// Tally is the statistics or the usage ledger of one channel, or one experiment.
type Tally struct {
	book   Book      // changed by Apply only
	looked time.Time // owned by Handle
}

// Serve lets sys host a kind of tallies: actors.Statistics, actors.Usages or actors.Experiments.
func Serve(sys *engine.System, kind *engine.Kind[actors.TallyMsg]) {
	engine.ServeDurable(sys, kind, func(string) engine.Durable[actors.TallyMsg, Event] { return &Tally{} })
}

// Apply folds one fact into the book.
func (t *Tally) Apply(e Event) { t.book.Apply(e) }

// Snapshot implements [engine.Snapshotter].
func (t *Tally) Snapshot() any { return t.book }

// Restore implements [engine.Snapshotter].
func (t *Tally) Restore(snapshot any) { t.book = snapshot.(Book) }

// Handle has one line per message.
func (t *Tally) Handle(c *engine.Context[actors.TallyMsg], m actors.TallyMsg) {
	switch m := m.(type) {
	case actors.Count:
		t.count(c, m)
	case actors.MonthOf:
		c.Respond(t.book.Month(m.Month))
		t.leave(c)
	case actors.AllFigures:
		c.Respond(t.book.All())
		t.leave(c)
	}
}

// leave ends a book in which nothing is: any channel may be asked for.
func (t *Tally) leave(c *engine.Context[actors.TallyMsg]) {
	if len(t.book.Months) == 0 {
		c.Passivate()
	}
}

func (t *Tally) count(c *engine.Context[actors.TallyMsg], m actors.Count) {
	events, err := t.book.take(m, c.Now())
	if err != nil {
		c.Respond(err)
		return
	}
	answer := actors.Counted{Run: m.Run, Version: max(m.Version, t.book.Runs[m.Run].Version)}
	if len(events) == 0 {
		c.Respond(answer)
		t.look(c)
		return
	}
	engine.Persist(c, events, func() {
		c.Respond(answer)
		t.look(c)
	})
}

// look asks checkers that are silent to tell again: the word that a run may be forgotten is told once, and may have been lost.
func (t *Tally) look(c *engine.Context[actors.TallyMsg]) {
	now := c.Now()
	if now.Sub(t.looked) < lookEvery {
		return
	}
	t.looked = now
	for _, run := range t.book.silent(now) {
		if book, ok := actors.TalliedBook(run); ok {
			actors.Messages.Ref(c.System(), book).Tell(actors.TellMessages{})
			continue
		}
		actors.Checkers.Ref(c.System(), run).Tell(actors.TellAgain{})
	}
}
