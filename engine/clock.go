package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// tick is the resolution of message ages.
const tick = 100 * time.Millisecond

// A stamp is when a message was accepted: milliseconds since the system began, from 1, which begin anew after 24 days; 0 is none. That of
// most messages is of the last tick. One message in 64 is stamped exactly, and marked as measured: its wait and its handler are timed.
const (
	wrap     = 2_147_483_600 // a multiple of the tick
	measured = 1 << 31
)

// clock counts time since the system began, in ticks. While messages flow a timer moves it, so that reading it costs one load; when
// nothing was read for a whole tick the timer rests, so that an idle system is idle.
type clock struct {
	began time.Time
	ticks atomic.Uint32 // stamp of the last one; 0: resting, ask the real clock
	read  atomic.Bool   // since the last tick

	mu     sync.Mutex
	timer  *time.Timer // guarded by mu
	closed bool        // guarded by mu
}

// now returns the stamp of the last tick.
func (k *clock) now() uint32 {
	if t := k.ticks.Load(); t != 0 {
		if !k.read.Load() {
			k.read.Store(true)
		}
		return t
	}
	return k.resume()
}

func (k *clock) resume() uint32 {
	k.mu.Lock()
	defer k.mu.Unlock()
	t := k.real()
	if k.closed || k.ticks.Load() != 0 {
		return t
	}
	k.ticks.Store(t)
	if k.timer == nil {
		k.timer = time.AfterFunc(tick, k.move)
	} else {
		k.timer.Reset(tick)
	}
	return t
}

func (k *clock) move() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return
	}
	if !k.read.Swap(false) {
		k.ticks.Store(0)
		return
	}
	k.ticks.Store(k.real())
	k.timer.Reset(tick)
}

func (k *clock) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	k.ticks.Store(0)
	if k.timer != nil {
		k.timer.Stop()
	}
}

// real is the stamp of the tick that has begun.
func (k *clock) real() uint32 { return uint32(k.uptime()/tick*tick/time.Millisecond%wrap) + 1 }

// exact is a stamp to the millisecond.
func (k *clock) exact() uint32 { return uint32(k.uptime()/time.Millisecond%wrap) + 1 }

// uptime is the exact time since the system began.
func (k *clock) uptime() time.Duration { return time.Since(k.began) }

// since returns how long ago a stamp's tick was, to the tick.
func (k *clock) since(at uint32) time.Duration {
	const ticks = uint32(tick / time.Millisecond)
	return between((at-1)/ticks*ticks+1, k.real())
}

// between is the time from one stamp to another, 0 where that is the earlier one.
func between(from, to uint32) time.Duration {
	d := (to - from + wrap) % wrap
	if d > wrap/2 {
		return 0
	}
	return time.Duration(d) * time.Millisecond
}
