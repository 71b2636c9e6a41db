package engine

import "slices"

// Terminated tells a watcher that what it watched has left memory.
type Terminated struct {
	Kind, ID string
	Reason   string // ReasonPassivated, ReasonStopped, ReasonFailed, ReasonLost or ReasonAbsent
}

// watch is one cell's interest in the end of another.
type watch struct {
	cell *cell       // who watches
	act  *activation // and for how long at most
	wrap func(Terminated) any
	of   Terminated

	number  uint64              // among the watches of other members' grains; 0: of a cell here
	tell    func(reason string) // another member's watch; nil: one of a cell here
	distant distant             // another member's watch
}

// System messages to the cell that is watched.
type (
	watched struct{ watch *watch }
	unwatch struct{ watch *watch }
	// unwatchDistant is another member's.
	unwatchDistant struct{ distant }
)

// termination is a Terminated on its way to the watcher.
type termination struct {
	watch  *watch
	reason string
}

// Watch has the end of an actor told to the actor in hand, once, as the message that wrap makes of it, and after everything that the
// one who ended has sent to it. A grain ends when it leaves memory; watching one that is not in memory brings it none and is answered at
// once. What watches is the activation: it ends with it, as a timer does.
func Watch[M, N any](c *Context[M], target Ref[N], wrap func(Terminated) M) {
	cell := target.cell
	if !target.kind.plain {
		cell = target.kind.find(target.id)
	}
	c.cell.watch(target.kind, target.id, cell, func(t Terminated) any { return message(wrap(t)) })
}

// watch watches a cell, nil for a grain that is not in memory.
func (c *cell) watch(k *core, id string, target *cell, wrap func(Terminated) any) {
	w := &watch{cell: c, act: c.activation(), wrap: wrap, of: Terminated{Kind: k.name, ID: id}}
	if w.act.watches == nil {
		w.act.watches = map[*watch]*cell{}
	}
	w.act.watches[w] = target
	if member := k.elsewhere(id); target == nil && member != "" {
		k.sys.watches.begin(member, k, id, w)
		return
	}
	if target == nil || !target.pushSystem(watched{w}) {
		w.fire(ReasonAbsent)
	}
}

// Unwatch takes back every Watch of the actor in hand on the target, also where its message is in the mailbox already.
func Unwatch[M, N any](c *Context[M], target Ref[N]) {
	x := c.cell.ext
	if x == nil || x.act == nil {
		return
	}
	for w, cell := range x.act.watches {
		if w.of.Kind == target.kind.name && w.of.ID == target.id {
			delete(x.act.watches, w)
			w.takeBack(cell)
		}
	}
}

// takeBack tells the cell that was watched, wherever it is.
func (w *watch) takeBack(target *cell) {
	switch {
	case w.number > 0:
		w.cell.kind.sys.watches.forget(w)
	case target != nil:
		target.pushSystem(unwatch{w})
	}
}

// fire tells the watcher; it is called once.
func (w *watch) fire(reason string) {
	if w.tell != nil {
		w.tell(reason)
		return
	}
	w.cell.pushOwn(&termination{w, reason})
}

// unwatch forgets a watcher.
func (c *cell) unwatch(these func(*watch) bool) {
	if c.ext != nil {
		c.ext.watchers = slices.DeleteFunc(c.ext.watchers, these)
	}
}

// terminated reports whether somebody still waits for a Terminated from the mailbox.
func (c *cell) terminated(t *termination) (any, bool) {
	if c.ext == nil || t.watch.act != c.ext.act {
		return nil, false
	}
	if _, ok := c.ext.act.watches[t.watch]; !ok {
		return nil, false
	}
	delete(c.ext.act.watches, t.watch)
	end := t.watch.of
	end.Reason = t.reason
	m := t.watch.wrap(end)
	return m, m != nil
}
