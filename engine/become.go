package engine

import "errors"

// ErrStashFull: as many messages as the kind allows are put aside.
var ErrStashFull = errors.New("engine: the stash is full")

// Become has h handle the messages from the next one on, until Unbecome. Handlers are stacked; they end with the activation.
func (c *Context[M]) Become(h func(c *Context[M], m M)) {
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
func top[M any](act *activation) func(c *Context[M], m M) {
	if act == nil || len(act.become) == 0 {
		return nil
	}
	return act.become[len(act.become)-1].(func(c *Context[M], m M))
}

// Stash puts the message in hand aside, with the right to answer it, until Unstash; the cell is not idle meanwhile. A stashed message
// keeps its place in the mailbox, and its handler's turn is over when it returns. At the kind's bound the error is ErrStashFull, and the
// message stays in hand. An activation that ends gives what is stashed back to the mailbox.
func (c *Context[M]) Stash(m M) error {
	act := c.cell.activation()
	switch {
	case c.hand == nil || c.stashed:
		panic("engine: Stash without a message in hand")
	case len(act.stash) >= c.cell.kind.stash:
		return ErrStashFull
	}
	to := c.take()
	e := envelope{msg: m, sender: to.pid, reply: to.ask, at: c.hand.at}
	if to.ask != nil {
		e.gen = to.gen
	}
	c.stashed = true
	act.stash = append(act.stash, e)
	return nil
}

// Unstash puts everything that is stashed back in front of the mailbox, in its order.
func (c *Context[M]) Unstash() {
	if x := c.cell.ext; x != nil && x.act != nil {
		c.cell.cur = c.cell.cur.before(x.act.stash)
		x.act.stash = nil
	}
}
