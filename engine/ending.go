package engine

import (
	"context"
	"sync"
)

// ending is closed when a cell, or the system, has ended.
type ending struct {
	once sync.Once
	done chan struct{}
	stop func() bool // forgets the system's end
}

func (s *System) ending() *ending {
	e := &ending{done: make(chan struct{})}
	e.stop = context.AfterFunc(s.ctx, e.close)
	return e
}

func (e *ending) close() { e.once.Do(func() { close(e.done) }) }

// end is called when the cell has left; nobody waits for a nil one.
func (e *ending) end() {
	if e != nil {
		e.stop()
		e.close()
	}
}

// Stop ends the actor after the message in hand; what is queued becomes dead letters. Its children end before it. The channel is closed
// when all of that is done, or when the system ends. A grain leaves memory, and the next message activates it again.
func (r Ref[M]) Stop() <-chan struct{} {
	e := r.kind.sys.ending()
	r.system(terminate{ReasonStopped, e}, opStop, e)
	return e.done
}

// Poison ends the actor after what is queued; what is sent from now on becomes dead letters. The channel is closed as Stop's is. A grain
// leaves memory once it has nothing to do; what is sent meanwhile is handled too.
func (r Ref[M]) Poison() <-chan struct{} {
	e := r.kind.sys.ending()
	if r.kind.plain && r.cell != nil {
		r.cell.lastCall()
	}
	r.system(poison{e}, opPoison, e)
	return e.done
}

// lastCall has a plain cell take nothing any more but messages of its own.
func (c *cell) lastCall() {
	c.mu.Lock()
	c.poisoned = true
	c.mu.Unlock()
}

// Touch keeps a grain in memory for its idle time from now on, as a message would; one that is not in memory is activated.
func (r Ref[M]) Touch() {
	if r.kind.plain {
		return
	}
	if member := r.kind.elsewhere(r.id); member != "" {
		r.kind.sys.watches.say(member, lateWord{op: opTouch, to: pidText{r.kind.name, r.id}}) // a touch may be lost, as a Tell may
		return
	}
	r.kind.touch(r.id)
}

func (k *core) touch(id string) {
	for stale := (*cell)(nil); ; {
		c, _ := k.acquire(id, stale)
		if c == nil || c.pushSystem(touch{}) {
			return
		}
		stale = c
	}
}

// system sends a system message to the cell, where there is one, or tells the member that has it; e ends at once where there is none.
func (r Ref[M]) system(msg any, what op, e *ending) {
	c := r.cell
	if !r.kind.plain {
		c = r.kind.find(r.id)
	}
	if c != nil && c.pushSystem(msg) {
		return
	}
	if member := r.kind.elsewhere(r.id); member != "" {
		r.kind.tell(member, r.id, what, e)
		return
	}
	e.end()
}
