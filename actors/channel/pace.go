package channel

import "time"

// catchUp is how much lateness of asks the pace makes good.
const catchUp = 30 * time.Millisecond

// pace spreads an endpoint's grants over the second: at most burst at once, limit a second in the long run, and never ahead of that by
// more than lead. In any stretch of x seconds it lets through at most limit × (x + lead).
type pace struct {
	limit int
	told  time.Duration // up to here the pace is used up
	hush  time.Duration // no grant before: what was granted at once takes half its time
}

// burst is how many tokens are granted at once: 2 % of the limit, at least one.
func burst(limit int) int { return max(1, limit/50) }

// lasts is how long n calls take at the limit.
func lasts(n, limit int) time.Duration {
	return (time.Duration(n)*second + time.Duration(limit) - 1) / time.Duration(limit)
}

// lead is how far the pace may run ahead of the limit.
func lead(limit int) time.Duration { return lasts(burst(limit), limit) + catchUp }

func newPace(limit int, now time.Duration) pace { return pace{limit: limit, told: now, hush: now} }

// due is how many tokens the pace has for now.
func (p *pace) due(now time.Duration) int {
	if now < p.hush {
		return 0
	}
	behind := min(now-p.told, lead(p.limit))
	return min(int(behind*time.Duration(p.limit)/second), burst(p.limit))
}

// take notes that n tokens, at most due, are granted now.
func (p *pace) take(n int, now time.Duration) {
	took := lasts(n, p.limit)
	p.told = max(p.told, now-lead(p.limit)) + took
	p.hush = now + took/2
}

// dueAt is when n tokens, at most a burst, are due.
func (p *pace) dueAt(n int, now time.Duration) time.Duration {
	return max(p.hush, max(p.told, now-lead(p.limit))+lasts(n, p.limit))
}
