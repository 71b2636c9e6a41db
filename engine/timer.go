package engine

import (
	"context"
	"reflect"
	"runtime/debug"
	"time"
)

// Timer is a message to come, once or again and again; it ends with the activation that asked for it.
type Timer struct {
	cell  *cell
	act   *activation
	msg   any
	every time.Duration // 0: once
	due   time.Duration // on the system's clock; owned by the turn
	timer *time.Timer
}

// After sends m to this cell after d, which does not pass while the machine sleeps: what is due at a time of the wall is a reminder, or
// looks at Now again. The cell is not idle meanwhile.
func (c *Context[M]) After(d time.Duration, m M) *Timer { return c.cell.after(d, 0, m) }

// Every sends m to this cell each time that d has passed, from now on. Times don't drift; those that pass while the last message still
// waits are left out. The cell is not idle until the Timer is stopped. A d that is not above zero panics.
func (c *Context[M]) Every(d time.Duration, m M) *Timer {
	if d <= 0 {
		panic("engine: Every needs a duration above zero")
	}
	return c.cell.after(d, d, m)
}

func (c *cell) after(d, every time.Duration, msg any) *Timer {
	t := &Timer{cell: c, act: c.activation(), msg: msg, every: every, due: later(c.now(), d)}
	if t.act.timers == nil {
		t.act.timers = map[*Timer]struct{}{}
	}
	t.act.timers[t] = struct{}{}
	t.timer = time.AfterFunc(max(1, d), t.fire) // not at once: that kills a synctest bubble under the race detector now and then (Go 1.26)
	return t
}

// Stop takes the message back, also when it is already in the mailbox. Only the timer's own actor calls it; false: too late.
func (t *Timer) Stop() bool {
	if _, pending := t.act.timers[t]; !pending {
		return false
	}
	delete(t.act.timers, t)
	t.timer.Stop()
	return true
}

func (t *Timer) fire() {
	if !t.cell.kind.sys.dead.Load() {
		t.cell.pushOwn(t)
	}
}

// fired reports whether a timer from the mailbox still counts.
func (c *cell) fired(t *Timer) bool {
	if c.ext == nil || t.act != c.ext.act {
		return false
	}
	if _, pending := t.act.timers[t]; !pending {
		return false
	}
	if t.every == 0 {
		delete(t.act.timers, t)
		return true
	}
	now := c.now()
	t.due += max(1, (now-t.due+t.every)/t.every) * t.every
	t.timer.Reset(t.due - now)
	return true
}

// quiet is a ReceiveTimeout. Its timer is left alone while messages come, and looks again when it fires.
type quiet struct {
	cell  *cell
	act   *activation
	after time.Duration
	msg   any
	last  time.Duration // when a message came last, on the system's clock; owned by the turn
	timer *time.Timer
}

// ReceiveTimeout sends m to this cell each time that it has handled no other message for d, until another ReceiveTimeout replaces it; a d
// that is not above zero ends it. It ends with the activation. The cell is not idle meanwhile.
func (c *Context[M]) ReceiveTimeout(d time.Duration, m M) {
	cell, act := c.cell, c.cell.activation()
	act.quiet.end()
	if act.quiet = nil; d <= 0 {
		return
	}
	q := &quiet{cell: cell, act: act, after: d, msg: m, last: cell.now()}
	q.timer = time.AfterFunc(d, q.fire)
	act.quiet = q
}

func (q *quiet) fire() {
	if !q.cell.kind.sys.dead.Load() {
		q.cell.pushOwn(q)
	}
}

func (q *quiet) end() {
	if q != nil {
		q.timer.Stop()
	}
}

// heard notes when a message came, where somebody wants to know it.
func (x *extension) heard(e *envelope, c *cell) {
	if x.act == nil || x.act.quiet == nil {
		return
	}
	if _, itself := e.msg.(*quiet); !itself {
		x.act.quiet.last = c.now()
	}
}

// silent reports whether the silence has lasted long enough; if not, the timer goes on.
func (c *cell) silent(q *quiet) bool {
	if c.ext == nil || q.act != c.ext.act || q.act.quiet != q {
		return false
	}
	now := c.now()
	if left := q.last + q.after - now; left > 0 {
		q.timer.Reset(left)
		return false
	}
	q.last = now
	q.timer.Reset(q.after)
	return true
}

// goResult carries what a Go function returned.
type goResult struct {
	act   *activation
	msg   any
	panic any
	stack []byte
}

// Go runs f off the actor, on a goroutine of its own; what it returns arrives as a message, unless it is nil. ctx ends with the
// activation. The cell is not idle meanwhile. A panic in f counts as the cell's panic.
func (c *Context[M]) Go(f func(ctx context.Context) M) {
	c.cell.run(func(ctx context.Context) any { return message(f(ctx)) })
}

// message is m, or nil where m is nil: an interface, a pointer or a function.
func message[M any](m M) any {
	switch v := reflect.ValueOf(&m).Elem(); v.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Func:
		if v.IsNil() {
			return nil
		}
	}
	return m
}

func (c *cell) run(f func(ctx context.Context) any) {
	sys, act := c.kind.sys, c.activation()
	if sys.dead.Load() {
		return
	}
	if act.ctx == nil {
		act.ctx, act.cancel = context.WithCancel(sys.ctx)
	}
	act.running++
	sys.runners.run(func() {
		r := &goResult{act: act, panic: "the function ended its goroutine"}
		defer func() {
			if !sys.dead.Load() {
				c.pushOwn(r)
			}
		}()
		r.call(act.ctx, f)
	})
}

func (r *goResult) call(ctx context.Context, f func(ctx context.Context) any) {
	defer func() {
		if v := recover(); v != nil {
			r.panic, r.stack = v, debug.Stack()
		}
	}()
	r.msg = f(ctx)
	r.panic = nil
}

// returned reports whether the result of a Go function is a message to handle.
func (c *cell) returned(r *goResult) bool {
	if c.ext == nil || r.act != c.ext.act {
		return false
	}
	r.act.running--
	if r.panic != nil {
		panic(&goPanic{r.panic, r.stack})
	}
	return r.msg != nil
}

// goPanic is a Go function's panic on its way to the cell.
type goPanic struct {
	value any
	stack []byte
}
