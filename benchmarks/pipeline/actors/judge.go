package actors

import (
	"math/rand/v2"
	"time"

	"hayauma.example/actors/provider"
)

// delays are those between attempts, each with a jitter of a fifth.
type delays struct {
	Held  time.Duration `json:"held"`  // after an answer that holds for the whole channel
	First time.Duration `json:"first"` // after the first attempt in doubt; it doubles from attempt to attempt
	Most  time.Duration `json:"most"`
}

// productDelays are this program's own.
var productDelays = delays{Held: time.Second, First: 500 * time.Millisecond, Most: 30 * time.Second}

func (d delays) orProduct() delays {
	if d == (delays{}) {
		return productDelays
	}
	return d
}

// ruling is what the checker makes of an answer.
type ruling int

const (
	delivered ruling = iota + 1
	failed
	repeated
)

// judge says what an answer to attempt number tries means, and when to repeat.
func (d delays) judge(a provider.Answer, tries int) (r ruling, after time.Duration) {
	switch a.Verdict {
	case provider.Accepted:
		return delivered, 0
	case provider.Refused:
		return failed, 0
	case provider.Throttled, provider.OverQuota, provider.Unauthorized:
		return repeated, jitter(d.Held)
	case provider.Unsent, provider.Doubtful:
	}
	return repeated, jitter(min(d.First<<min(max(tries, 1)-1, 10), d.Most))
}

func jitter(d time.Duration) time.Duration {
	return d - d/5 + time.Duration(rand.Int64N(int64(d/5*2)+1))
}
