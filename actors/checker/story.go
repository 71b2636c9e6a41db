package checker

import (
	"context"
	"iter"
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
		for r, err := range history(ctx, run) {
			if err != nil {
				reply.Send(err)
				return nil
			}
			account.Entries = append(account.Entries, entries(r, m.Index)...)
		}
		reply.Send(account)
		return nil
	})
}

// entries are the lines that one fact adds to a recipient's story.
func entries(r Recorded, i uint32) []actors.AccountEntry {
	var out []actors.AccountEntry
	add := func(e actors.AccountEntry) {
		if e.Path.Lo <= i && i < e.Path.Hi {
			e.At = r.At.UTC().Format("2006-01-02T15:04:05.000Z07:00")
			out = append(out, e)
		}
	}
	switch e := r.Event.(type) {
	case Opened, Owing, Told: // of no recipient, or told by the outcome
	case Settled:
		for _, x := range e.Entries {
			add(actors.AccountEntry{Event: "settled", Window: x.Window, Path: x.Path, Outcome: x.Outcome.String(), Reason: x.Reason, Request: x.Request, Tries: x.Tries})
		}
	case Redriven:
		for _, p := range e.Paths {
			add(actors.AccountEntry{Event: "redriven", Window: e.Window, Path: p, Tries: e.Number})
		}
	case Returned:
		for _, p := range e.Paths {
			add(actors.AccountEntry{Event: "returned", Window: e.Window, Path: p})
		}
	case Split:
		add(actors.AccountEntry{Event: "split", Window: e.Window, Path: e.Path, Reason: e.Reason})
	case Directed:
		for _, p := range e.Paths {
			add(actors.AccountEntry{Event: "directed", Window: e.Window, Path: p, Outcome: e.Outcome.String(), Reason: e.Reason})
		}
	}
	return out
}
