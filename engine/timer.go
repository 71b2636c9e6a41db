package engine

import (
	"context"
	"reflect"
	"runtime/debug"
	"time"
)

// Timer is a message to come; it ends with the activation that asked for it.
type Timer struct {
	cell  *cell
	act   *activation
	msg   any
	timer *time.Timer
}

// After sends m to this cell after d, which does not pass while the machine sleeps: what is due at a time of the wall is a reminder, or
// looks at Now again. The cell is not idle meanwhile.
func (c *Context[M]) After(d time.Duration, m M) *Timer {
	t := &Timer{cell: c.cell, act: c.cell.activation(), msg: m}
	if t.act.timers == nil {
		t.act.timers = map[*Timer]struct{}{}
	}
	t.act.timers[t] = struct{}{}
	t.timer = time.AfterFunc(d, t.fire)
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
		t.cell.push(&envelope{msg: t}, false)
	}
}

// fired reports whether a timer from the mailbox still counts.
func (c *cell) fired(t *Timer) bool {
	if c.ext == nil || t.act != c.ext.act {
		return false
	}
	_, pending := t.act.timers[t]
	delete(t.act.timers, t)
	return pending
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
				c.push(&envelope{msg: r}, false)
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
