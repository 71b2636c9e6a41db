// Package bubble has what test doubles need that run in a synctest bubble under the race detector.
package bubble

import "time"

// AfterFunc calls f in a goroutine of its own after d, at once where d is not above zero: without a timer then, because timers of one
// bubble that are due when they are made run at once on the threads that made them and share one context of the race detector, which
// kills the process now and then (Go 1.26).
func AfterFunc(d time.Duration, f func()) {
	if d <= 0 {
		go f()
		return
	}
	time.AfterFunc(d, f)
}

// After is [time.After] with the same care.
func After(d time.Duration) <-chan time.Time {
	if d > 0 {
		return time.After(d)
	}
	due := make(chan time.Time, 1)
	due <- time.Now()
	return due
}
