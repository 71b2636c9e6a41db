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
	place int // in the activation's list, from 1; 0: not pending
}

func (t *Timer) at() *int { return &t.place }

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
	t.act.timers = enlist(t.act.timers, t)
	t.timer = time.AfterFunc(max(1, d), t.fire) // not at once: that kills a synctest bubble under the race detector now and then (Go 1.26)
	return t
}

// Stop takes the message back, also when it is already in the mailbox. Only the timer's own actor calls it; false: too late.
func (t *Timer) Stop() bool {
	if t.place == 0 {
		return false
	}
	t.act.timers = strike(t.act.timers, t)
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
	if c.ext == nil || t.act != c.ext.act || t.place == 0 {
		return false
	}
	if t.every == 0 {
		t.act.timers = strike(t.act.timers, t)
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

// goCall is a Go function that runs, and then carries what it returned.
type goCall struct {
	act    *activation
	cancel context.CancelFunc
	place  int // in the activation's list, from 1; 0: its result was handled
	msg    any
	panic  any
	stack  []byte
}

func (g *goCall) at() *int { return &g.place }

// Go runs f off the actor, on a goroutine of its own; what it returns arrives as a message, unless it is nil. ctx ends with the
// activation, and when f returns. The cell is not idle meanwhile. A panic in f counts as the cell's panic.
func (c *Context[M]) Go(f func(ctx context.Context) M) {
	ctx, cancel := context.WithCancel(c.cell.kind.sys.ctx)
	c.cell.run(ctx, cancel, func(ctx context.Context) any { return message(f(ctx)) })
}

// GoWithin is Go with a ctx that ends after d at the latest.
func (c *Context[M]) GoWithin(d time.Duration, f func(ctx context.Context) M) {
	ctx, cancel := context.WithTimeout(c.cell.kind.sys.ctx, d)
	c.cell.run(ctx, cancel, func(ctx context.Context) any { return message(f(ctx)) })
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

func (c *cell) run(ctx context.Context, cancel context.CancelFunc, f func(ctx context.Context) any) {
	sys, act := c.kind.sys, c.activation()
	if sys.dead.Load() {
		cancel()
		return
	}
	g := &goCall{act: act, cancel: cancel, panic: "the function ended its goroutine"}
	act.calls = enlist(act.calls, g)
	sys.runners.run(func() {
		defer func() {
			cancel()
			if !sys.dead.Load() {
				c.pushOwn(g)
			}
		}()
		g.call(ctx, f)
	})
}

func (g *goCall) call(ctx context.Context, f func(ctx context.Context) any) {
	defer func() {
		if v := recover(); v != nil {
			g.panic, g.stack = v, debug.Stack()
		}
	}()
	g.msg = f(ctx)
	g.panic = nil
}

// returned reports whether the result of a Go function is a message to handle.
func (c *cell) returned(g *goCall) bool {
	if c.ext == nil || g.act != c.ext.act {
		return false
	}
	g.act.calls = strike(g.act.calls, g)
	if g.panic != nil {
		panic(&goPanic{g.panic, g.stack})
	}
	return g.msg != nil
}

// goPanic is a Go function's panic on its way to the cell.
type goPanic struct {
	value any
	stack []byte
}

// enlist adds x to a list, and keeps its place with it.
func enlist[T interface{ at() *int }](list []T, x T) []T {
	list = append(list, x)
	*x.at() = len(list)
	return list
}

// strike takes x out of its list; the last comes into its place.
func strike[T interface{ at() *int }](list []T, x T) []T {
	i, last := *x.at()-1, len(list)-1
	list[i] = list[last]
	*list[i].at() = i + 1
	*x.at() = 0
	clear(list[last:])
	return list[:last]
}
