package engine

import (
	"context"
	"math"
	"sync"
	"time"
)

// AskTimeout is an Ask that ends with context.DeadlineExceeded when nobody has answered after d. It takes no context: like any Ask it
// ends with the system too. It is the cheaper way to bound a wait, since it allocates nothing for it. With a d that is not above zero
// nothing is sent.
func AskTimeout[R, M any](r Ref[M], m M, d time.Duration) (R, error) {
	if d <= 0 {
		return *new(R), context.DeadlineExceeded
	}
	a, gen := r.kind.sys.asks.open()
	e := asked(m, a, gen)
	r.deliver(&e)
	a.limit(gen, d)
	<-a.done
	return typed[R](a.close(), nil)
}

// alarm ends the questions of one ask that have a timeout. Answers come much sooner than timeouts, so an answer leaves the timer as it
// is, and the next question only moves it when it would come too late. A timer that comes too soon goes on to the question's own
// time, or rests when no question is open.
type alarm struct {
	mu    sync.Mutex
	gen   uint32        // the question; guarded by mu
	due   time.Duration // when it ends, on the system's clock; guarded by mu
	timer *time.Timer   // guarded by mu
	rings time.Duration // when the timer comes; resting: not; guarded by mu
}

// resting is no time at which a timer comes.
const resting time.Duration = 0

// limit ends the question of this generation after d, unless it has been answered.
func (a *ask) limit(gen uint32, d time.Duration) {
	l := &a.alarm
	l.mu.Lock()
	defer l.mu.Unlock()
	if !a.awaits(gen) {
		return
	}
	l.gen, l.due = gen, later(a.home.sys.clock.uptime(), d)
	if l.rings == resting || l.rings > l.due {
		a.ringAfter(d)
	}
}

// ring is called by the timer.
func (a *ask) ring() {
	l := &a.alarm
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rings = resting
	if !a.awaits(l.gen) {
		return
	}
	if left := l.due - a.home.sys.clock.uptime(); left > 0 {
		a.ringAfter(left)
		return
	}
	a.answer(l.gen, context.DeadlineExceeded)
}

// ringAfter moves the timer to the time at which the question ends. The caller holds the alarm.
func (a *ask) ringAfter(d time.Duration) {
	l := &a.alarm
	l.rings = l.due
	if l.timer == nil {
		l.timer = time.AfterFunc(max(1, d), a.ring)
		return
	}
	l.timer.Reset(max(1, d))
}

// silence stops the timer of an ask that was answered for good.
func (a *ask) silence() {
	l := &a.alarm
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
		l.rings = resting
	}
}

// later is t + d, or as late as it gets.
func later(t, d time.Duration) time.Duration {
	if d > math.MaxInt64-t {
		return math.MaxInt64
	}
	return t + d
}
