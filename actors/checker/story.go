package checker

import (
	"context"
	"iter"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// History reads a run's recorded facts in order.
type History func(ctx context.Context, run string) iter.Seq2[Recorded, error]

// Recorded is one fact with its time.
type Recorded struct {
	At    time.Time
	Event Event
}

// story answers off the actor: it reads the journal, which may be long.
func (k *Checker) story(c *engine.Context[actors.CheckerMsg], m actors.Story) {
	if m.Index >= k.ledger.Table.Recipients {
		c.Respond(actors.Problem{Status: 404, Title: "no such recipient"})
		return
	}
	outcome, _ := k.ledger.Outcome(m.Index)
	reply, run, history := c.Reply(), k.ledger.Run, k.history
	c.Go(func(ctx context.Context) actors.CheckerMsg {
		account := actors.Account{Outcome: outcome}
		past := past{index: m.Index, spared: map[uint32]bool{}}
		for r, err := range history(ctx, run) {
			if err != nil {
				reply.Send(err)
				return nil
			}
			account.Entries = append(account.Entries, past.entries(r)...)
		}
		reply.Send(account)
		return nil
	})
}

// directed is what a story calls the campaign's own decisions.
const directed = "directed"

// past is what a story has come to.
type past struct {
	index    uint32
	reopened []Reopened      // those of the recipient
	again    uint32          // how often it was sent again
	spared   map[uint32]bool // windows that have left him out: what became of their paths is not about him
}

// generation is the one that a window is of.
func (p *past) generation(window uint32) uint32 {
	for _, r := range slices.Backward(p.reopened) {
		if window == 0 || window > r.After {
			return r.Generation
		}
	}
	return 0
}

// entries are the lines that one fact adds to a recipient's story.
func (p *past) entries(r Recorded) []actors.AccountEntry {
	var out []actors.AccountEntry
	add := func(e actors.AccountEntry) {
		if e.Path.Lo <= p.index && p.index < e.Path.Hi && (e.Event == directed || !p.spared[e.Window]) {
			e.Generation = p.generation(e.Window)
			e.At = r.At.UTC().Format("2006-01-02T15:04:05.000Z07:00")
			out = append(out, e)
		}
	}
	switch e := r.Event.(type) {
	case Opened, Owing, Told, Forgotten: // of no recipient, or told by the outcome
	case Settled:
		for _, x := range e.Entries {
			add(actors.AccountEntry{Event: "settled", Window: x.Window, Path: x.Path, Outcome: x.Outcome.String(), Reason: x.Reason, Request: x.Request, Tries: x.Tries})
		}
	case Redriven:
		for _, q := range e.Paths {
			if q.Lo <= p.index && p.index < q.Hi {
				p.again++
			}
			add(actors.AccountEntry{Event: "redriven", Window: e.Window, Path: q, Tries: p.again})
		}
	case Returned:
		for _, p := range e.Paths {
			add(actors.AccountEntry{Event: "returned", Window: e.Window, Path: p})
		}
	case Split:
		add(actors.AccountEntry{Event: "split", Window: e.Window, Path: e.Path, Reason: e.Reason})
	case Directed:
		for _, q := range e.Paths {
			if e.Outcome == actors.Suppressed && e.Window > 0 && q.Lo <= p.index && p.index < q.Hi {
				p.spared[e.Window] = true
			}
			add(actors.AccountEntry{Event: directed, Window: e.Window, Path: q, Outcome: e.Outcome.String(), Reason: e.Reason})
		}
	case Reopened:
		for _, q := range e.Paths {
			if q.Lo <= p.index && p.index < q.Hi {
				p.reopened = append(p.reopened, e)
			}
			add(actors.AccountEntry{Event: "reopened", Path: q, Outcome: actors.Pending.String(), Reason: "was " + e.State.String()})
		}
	}
	return out
}
