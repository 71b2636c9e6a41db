package channel

import (
	"maps"
	"time"
)

// Times of a token's life. They are relative on both sides, so clocks need not agree.
const (
	// TokenLife is how long after its ask was sent a token may start a call; the gate voids it then.
	TokenLife = 100 * time.Millisecond
	// second is the window in which an endpoint's limit counts.
	second = time.Second
	// slot is the log's resolution: a place is freed up to one slot late, never early.
	slot = time.Millisecond
	// slots spans the longest time a place is held, from the ask's receipt.
	slots = int((second+TokenLife)/slot) + 2
)

// slidingLog holds the places of one endpoint: at most limit calls start within any second. A token holds its place until one
// second after its start as reported, or until TokenLife more after its grant where nothing was reported. All times are since
// the channel's activation and never go back.
type slidingLog struct {
	limit  int
	held   int              // places taken; above limit after the limit was lowered
	frees  [slots]int32     // by slot modulo slots: how many places are freed when that slot begins
	passed int64            // the last slot that was freed
	grants map[uint64]place // tokens that were not reported yet
	prune  int              // when grants has grown to this, those whose places are free are forgotten
}

// place is what a grant holds until its report.
type place struct {
	free int64 // slot that frees it when nothing is reported
	n    int
}

func newLog(limit int) *slidingLog {
	return &slidingLog{limit: limit, grants: make(map[uint64]place), prune: 64}
}

// after is the first slot that begins strictly after t, so that no closed second ever holds more than the limit.
func after(t time.Duration) int64 { return int64(t/slot) + 1 }

// advance frees what was held until now.
func (l *slidingLog) advance(now time.Duration) {
	until := int64(now / slot)
	if until-l.passed >= int64(slots) {
		l.frees, l.held, l.passed = [slots]int32{}, 0, until
	}
	for l.passed < until {
		l.passed++
		i := l.passed % int64(slots)
		l.held -= int(l.frees[i])
		l.frees[i] = 0
	}
	if l.held == 0 {
		clear(l.grants)
	}
}

// room is how many tokens may be granted now.
func (l *slidingLog) room(now time.Duration) int {
	l.advance(now)
	return max(0, l.limit-l.held)
}

// hold takes n places until the slot begins. The log has advanced to now.
func (l *slidingLog) hold(n int, free int64) {
	free = min(max(free, l.passed+1), l.passed+int64(slots)-1)
	l.frees[free%int64(slots)] += int32(n)
	l.held += n
}

// take gives n places to a grant whose ask is received now.
func (l *slidingLog) take(grant uint64, n int, now time.Duration) {
	l.advance(now)
	free := after(now + TokenLife + second)
	l.hold(n, free)
	l.grants[grant] = place{free, n}
	if len(l.grants) < l.prune {
		return
	}
	maps.DeleteFunc(l.grants, func(_ uint64, p place) bool { return p.free <= l.passed })
	l.prune = 2*len(l.grants) + 64
}

// report notes how long before the ask that is received now the grant's calls started, and how many tokens were not used. What is
// not reported stays held. A repeated or late report frees nothing twice.
func (l *slidingLog) report(grant uint64, started []time.Duration, unused int, now time.Duration) {
	l.advance(now)
	p, ok := l.grants[grant]
	if !ok || p.free <= l.passed {
		delete(l.grants, grant)
		return
	}
	for _, ago := range started {
		if p.n == 0 {
			break
		}
		p.n--
		l.release(p.free, 1)
		if free := after(now - max(0, ago) + second); free > l.passed {
			l.hold(1, min(free, p.free))
		}
	}
	unused = min(max(0, unused), p.n)
	l.release(p.free, unused)
	if p.n -= unused; p.n == 0 {
		delete(l.grants, grant)
		return
	}
	l.grants[grant] = p
}

func (l *slidingLog) release(free int64, n int) {
	l.frees[free%int64(slots)] -= int32(n)
	l.held -= n
}

// fillSpread is the log of a fresh activation: an earlier one may have let calls start until TokenLife from now, at its pace of
// limit a second and at most ahead of it by lead (see pace). So places are freed at that pace, the first when lead and TokenLife are over
// and the last when every earlier call is a second old.
func (l *slidingLog) fillSpread(now, lead time.Duration) {
	l.advance(now)
	last := after(now + TokenLife + second)
	for i := l.held; i < l.limit; i++ {
		at := now + TokenLife + lead + time.Duration(i+1)*second/time.Duration(l.limit)
		l.hold(1, min(after(at), last))
	}
}

// fill is the log of an endpoint that had no limit until now: any number of calls may have started.
func (l *slidingLog) fill(now time.Duration) {
	l.advance(now)
	l.hold(max(0, l.limit-l.held), after(now+TokenLife+second))
}

// freeAt is when at least n tokens may be granted, if nothing else is granted or reported.
func (l *slidingLog) freeAt(n int, now time.Duration) time.Duration {
	l.advance(now)
	need := n - (l.limit - l.held)
	for s := l.passed; need > 0 && s < l.passed+int64(slots); {
		s++
		if need -= int(l.frees[s%int64(slots)]); need <= 0 {
			return time.Duration(s) * slot
		}
	}
	return now
}
