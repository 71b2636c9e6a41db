package channel

import "time"

// Reason names why a question for tokens was answered as it was.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	Allowed      Reason = "allowed"
	RunIsOver    Reason = "run_over"
	RunNotKnown  Reason = "run_not_known"
	RunIsHeld    Reason = "run_held"
	ChannelStops Reason = "channel_stopped" // paused, or not configured
	Throttling   Reason = "provider_throttles"
	LogFull      Reason = "limit_reached"
	NotDue       Reason = "not_due"
	OthersTurn   Reason = "another_gate_first"
	BreakerOpen  Reason = "breaker_open" // or its trial is under way
)

// An endpoint that the provider throttles.
const (
	throttleFirst = time.Second
	throttleMost  = 8 * time.Second
	throttleCalm  = 10 * time.Second // without trouble for so long, the next is a first again
	throttleShare = 10               // one refused call in so many is noise: its poster waits, the others go on
)

// throttle stops an endpoint's grants after rate limit answers, for longer each time unless calls were accepted in between.
type throttle struct {
	until time.Duration
	step  time.Duration
	fine  int // calls accepted since the last stop
	bad   int // and refused
}

// trouble notes n rate limit answers. What comes during a stop is of calls that started before it.
func (t *throttle) trouble(n int, now time.Duration) {
	if now < t.until {
		return
	}
	if t.bad += n; t.bad*throttleShare <= t.bad+t.fine {
		return
	}
	if t.step == 0 || t.fine > 0 || now-t.until >= throttleCalm {
		t.step = throttleFirst
	} else {
		t.step = min(2*t.step, throttleMost)
	}
	t.until, t.fine, t.bad = now+t.step, 0, 0
}

// limiter decides how many calls of one endpoint may start. A limit of 0 is none: then it only stops for trouble.
type limiter struct {
	log      *slidingLog // nil without a limit
	pace     pace
	throttle throttle
}

// newLimiter is the limiter of a fresh activation.
func newLimiter(limit int, now time.Duration) limiter {
	var l limiter
	if limit > 0 {
		l.log, l.pace = newLog(limit), newPace(limit, now)
		l.log.fillSpread(now, lead(limit))
	}
	return l
}

// newChannelLimiter is the limiter of a channel that has never been configured before: nobody can have called.
func newChannelLimiter(limit int, now time.Duration) limiter {
	var l limiter
	if limit > 0 {
		l.log, l.pace = newLog(limit), newPace(limit, now)
	}
	return l
}

// change sets another limit.
func (l *limiter) change(limit int, now time.Duration) {
	switch {
	case limit == 0:
		l.log = nil
	case l.log == nil:
		l.log, l.pace = newLog(limit), newPace(limit, now)
		l.log.fill(now)
	case limit != l.log.limit:
		hush := l.pace.hush
		l.log.limit, l.pace = limit, newPace(limit, now)
		l.pace.hush = max(l.pace.hush, hush)
	}
}

// room is how many tokens may be granted now, and why not more. Without a limit the number is meaningless where the reason is Allowed.
func (l *limiter) room(now time.Duration) (int, Reason) {
	if now < l.throttle.until {
		return 0, Throttling
	}
	if l.log == nil {
		return 0, Allowed
	}
	free, due := l.log.room(now), l.pace.due(now)
	switch {
	case free == 0:
		return 0, LogFull
	case due == 0:
		return 0, NotDue
	}
	return min(free, due), Allowed
}

// burst is how many tokens are granted at once.
func (l *limiter) burst() int {
	if l.log == nil {
		return 1
	}
	return burst(l.log.limit)
}

// take grants n tokens, at most room, under an id.
func (l *limiter) take(grant uint64, n int, now time.Duration) {
	l.log.take(grant, n, now)
	l.pace.take(n, now)
}

// report is what became of a grant.
func (l *limiter) report(grant uint64, started []time.Duration, unused int, now time.Duration) {
	if l.log != nil {
		l.log.report(grant, started, unused, now)
	}
}

// again is how long to wait before the next question when so many calls still wait: until half a burst may be granted at once.
func (l *limiter) again(waiting int, now time.Duration) time.Duration {
	at := now
	if l.log != nil {
		n := min(waiting, max(1, burst(l.log.limit)/2))
		at = max(l.log.freeAt(n, now), l.pace.dueAt(n, now))
	}
	return max(at, l.throttle.until) - now
}
