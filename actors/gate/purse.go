package gate

import (
	"time"

	"hayauma.example/actors"
)

// lot is one grant of a limited endpoint and what became of it.
type lot struct {
	grant   uint64
	expires time.Time
	left    int // not handed out
	out     int // handed out, neither started nor given back
	trial   bool

	// Since the last report.
	started []time.Time
	unused  int
}

// tries is the grant of a trial; 0: it is none.
func (l *lot) tries() uint64 {
	if l == nil || !l.trial {
		return 0
	}
	return l.grant
}

// settled tells whether nothing more will be known of the lot.
func (l *lot) settled() bool { return l.left == 0 && l.out == 0 }

// news tells whether there is something to report.
func (l *lot) news() bool { return len(l.started) > 0 || l.unused > 0 }

// void makes what is left unused.
func (l *lot) void() {
	l.unused += l.left
	l.left = 0
}

// spent is the report of the lot for a question that is sent now.
func (l *lot) spent(now time.Time) actors.Spent {
	s := actors.Spent{Grant: l.grant, Unused: l.unused}
	for _, at := range l.started {
		s.Started = append(s.Started, max(0, now.Sub(at)))
	}
	l.started, l.unused = l.started[:0], 0
	return s
}

// purse holds the tokens of one run and endpoint.
type purse struct {
	open time.Time // until then any number of calls may start
	lots []*lot    // oldest first
}

// token takes one token. l is nil where the endpoint has no limit.
func (p *purse) token(now time.Time) (l *lot, expires time.Time, ok bool) {
	if now.Before(p.open) {
		return nil, p.open, true
	}
	for len(p.lots) > 0 {
		l = p.lots[0]
		if l.left > 0 && now.Before(l.expires) {
			l.left--
			l.out++
			return l, l.expires, true
		}
		l.void()
		p.lots = p.lots[1:]
	}
	return nil, time.Time{}, false
}

// count is how many tokens of limited endpoints there are.
func (p *purse) count(now time.Time) int {
	n := 0
	for _, l := range p.lots {
		if now.Before(l.expires) {
			n += l.left
		}
	}
	return n
}

// void makes all tokens unused.
func (p *purse) void() {
	for _, l := range p.lots {
		l.void()
	}
	p.open, p.lots = time.Time{}, nil
}

// empty tells whether no token can be in the purse.
func (p *purse) empty(now time.Time) bool { return len(p.lots) == 0 && !now.Before(p.open) }
