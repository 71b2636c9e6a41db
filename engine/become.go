package engine

import "errors"

// ErrStashFull: as many messages as the kind allows are put aside.
var ErrStashFull = errors.New("engine: the stash is full")

// Become has h handle the messages from the next one on, until Unbecome. Handlers are stacked; they end with the activation.
func (c *Context[M]) Become(h Handler[M]) {
	if h == nil {
		panic("engine: Become without a handler: Unbecome goes back to the one before")
	}
	act := c.cell.activation()
	act.become = append(act.become, h)
	c.become = h
}

// Unbecome goes back to the handler before the last Become, in the end to the actor's Handle; there it does nothing.
func (c *Context[M]) Unbecome() {
	act := c.cell.activation()
	if n := len(act.become); n > 0 {
		act.become[n-1] = nil
		act.become = act.become[:n-1]
	}
	c.become = top[M](act)
}

// top is the newest handler of Become; nil: there is none.
func top[M any](act *activation) Handler[M] {
	if act == nil || len(act.become) == 0 {
		return nil
	}
	return act.become[len(act.become)-1].(Handler[M])
}

// Stash puts the message in hand aside, with the right to answer it, until Unstash; the cell is not idle meanwhile. A stashed message
// keeps its place in the mailbox; m, which is what comes back, may be another message than the one in hand. Respond answers nobody any
// more in this turn. At the kind's bound the error is ErrStashFull, and the message stays in hand. An activation that ends gives what is
// stashed back to the mailbox; a handler that panics after Stash loses its message as any other does.
func (c *Context[M]) Stash(m M) error {
	act := c.cell.activation()
	switch {
	case c.hand == nil:
		panic("engine: Stash without a message in hand: Started and continuations have none")
	case c.stashed:
		panic("engine: Stash twice: the message in hand is put aside already")
	case len(act.stash) >= c.cell.kind.stash:
		return ErrStashFull
	}
	e := toAnswer(c.passOn(m), c.take())
	e.at = c.hand.at &^ measured // once
	c.stashed = true
	act.stash = append(act.stash, e)
	return nil
}

// unstash brings the message in hand back from the stash, with the right to answer it, because its handler failed after all. What the
// handler has given back to the mailbox by Unstash already is handled again.
func (f *frame) unstash() {
	act := f.cell.activation()
	n := len(act.stash) - 1
	if n < 0 {
		f.hand = nil
		return
	}
	e := act.stash[n]
	act.stash[n] = envelope{}
	act.stash = act.stash[:n]
	f.answerTo(e.answers())
}

// Unstash puts everything that is stashed back in front of the mailbox, in its order.
func (c *Context[M]) Unstash() {
	if x := c.cell.ext; x != nil && x.act != nil {
		c.cell.cur = c.cell.cur.before(x.act.stash)
		x.act.stash = nil
	}
}
