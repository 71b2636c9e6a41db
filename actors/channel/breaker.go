package channel

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

// The circuit breaker's numbers.
const (
	breakerSpan  = 10                                // seconds that count
	breakerLeast = 20                                // calls in them, or it doesn't open
	breakerFirst = time.Second                       // before the first trial
	breakerMost  = 30 * time.Second                  // before the next
	breakerTrial = provider.Timeout + 10*time.Second // without a word from a trial there is another: its node may be gone
	rampFirst    = 10                                // the rate begins again at one part in so many
	rampLeast    = 10                                // calls a second that an endpoint without a limit is taken to have had at least
)

// breakerState is what a circuit breaker does.
type breakerState string

// The states of a circuit breaker.
const (
	breakerClosed breakerState = "closed"
	breakerOpen   breakerState = "open"  // no tokens
	breakerTries  breakerState = "trial" // one call is to show whether the provider answers again
)

// breaker stops a channel whose provider fails:
//
//	closed ──of the last 10 s' calls, 20 or more, half failed──▶ open ──1 s, doubling to 30 s──▶ trial
//	trial ──it failed──▶ open        trial ──it was answered──▶ closed, at a tenth of the rate, which doubles each second
//
// A call fails by a time-out, a reset, a refused connection or a 5xx. Any other answer shows that the provider works. What is reported of
// calls that began before it opened changes nothing any more.
type breaker struct {
	state  breakerState
	counts [breakerSpan]breakerCount // by second modulo breakerSpan
	wait   time.Duration             // the last one before a trial
	until  time.Duration             // when the next trial may be
	trial  uint64                    // the grant of the trial under way; 0: none is
	tried  time.Duration             // when it was granted

	ramping  bool
	closedAt time.Duration
	rates    [len(endpoints)]int // calls a second before it opened
}

// breakerCount is one second's calls.
type breakerCount struct {
	second int64
	calls  [len(endpoints)]int
	failed int
}

// count notes what became of calls.
func (b *breaker) count(e provider.Endpoint, fine, failed int, now time.Duration) {
	if fine+failed <= 0 || b.opened() {
		return
	}
	at := int64(now / time.Second)
	k := &b.counts[at%breakerSpan]
	if k.second != at {
		*k = breakerCount{second: at}
	}
	k.calls[e] += fine + failed
	k.failed += failed
}

// opened tells whether calls are stopped.
func (b *breaker) opened() bool { return b.state == breakerOpen || b.state == breakerTries }

// told takes a gate's report: it opens if too much failed, and ends the trial of which it tells.
func (b *breaker) told(m actors.WantTokens, now time.Duration) {
	if !b.opened() {
		b.judge(now)
		return
	}
	for _, s := range m.Spent {
		if s.Grant == b.trial && s.Unused > 0 {
			b.trial = 0 // another gate may
		}
	}
	for _, t := range m.Tried {
		switch {
		case t.Grant != b.trial || b.trial == 0:
		case t.Failed:
			b.trial, b.state, b.wait = 0, breakerOpen, min(2*b.wait, breakerMost)
			b.until = now + b.wait
		default:
			b.close(now)
		}
	}
}

// judge opens the breaker if too many calls failed.
func (b *breaker) judge(now time.Duration) {
	var calls [len(endpoints)]int
	failed, sum := 0, 0
	for _, k := range b.counts {
		if int64(now/time.Second)-k.second >= breakerSpan {
			continue
		}
		failed += k.failed
		for e, n := range k.calls {
			calls[e] += n
			sum += n
		}
	}
	if sum < breakerLeast || 2*failed < sum {
		return
	}
	b.state, b.wait, b.until, b.trial = breakerOpen, breakerFirst, now+breakerFirst, 0
	if !b.ramping { // else they are those of the ramp
		for e, n := range calls {
			b.rates[e] = max(rampLeast, n/breakerSpan)
		}
	}
	b.counts = [breakerSpan]breakerCount{}
}

func (b *breaker) close(now time.Duration) {
	b.state, b.trial, b.wait = breakerClosed, 0, 0
	b.ramping, b.closedAt = true, now
}

// lets tells whether a trial may start now. While neither that nor anything else may, wait is when to ask again.
func (b *breaker) lets(now time.Duration) (trial bool, wait time.Duration) {
	switch {
	case !b.opened():
		return false, 0
	case now < b.until:
		return false, b.until - now
	case b.trial != 0 && now-b.tried < breakerTrial:
		return false, againParked
	}
	return true, 0
}

// tries notes that a trial was granted.
func (b *breaker) tries(grant uint64, now time.Duration) {
	b.state, b.trial, b.tried = breakerTries, grant, now
}

// limit is the rate of an endpoint for now: a tenth when the breaker has closed, doubling each second until it is the limit, or until an endpoint
// without a limit has the rate that it had before.
func (b *breaker) limit(e provider.Endpoint, limit int, now time.Duration) int {
	if b.closedAt == 0 {
		return limit
	}
	steps := min(int((now-b.closedAt)/time.Second), 30)
	rate := limit
	if limit == 0 {
		rate = b.rates[e]
	}
	ramp := max(1, rate/rampFirst) << steps
	if ramp >= rate {
		return limit
	}
	return ramp
}
