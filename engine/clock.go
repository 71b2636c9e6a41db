package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// tick is the resolution of message ages.
const tick = 100 * time.Millisecond

// clock counts ticks since the system began. While messages flow a timer moves it, so that reading it costs one load; when
// nothing was read for a whole tick the timer rests, so that an idle system is idle.
type clock struct {
	began time.Time
	ticks atomic.Uint32 // 0: resting, ask the real clock
	read  atomic.Bool   // since the last tick

	mu     sync.Mutex
	timer  *time.Timer // guarded by mu
	closed bool        // guarded by mu
}

// now returns the ticks since the system began, from 1.
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

func (k *clock) real() uint32 { return uint32(k.uptime()/tick) + 1 }

// uptime is the exact time since the system began.
func (k *clock) uptime() time.Duration { return time.Since(k.began) }

// since returns how long ago a tick was.
func (k *clock) since(at uint32) time.Duration {
	now := k.real()
	if now <= at {
		return 0
	}
	return time.Duration(now-at) * tick
}
