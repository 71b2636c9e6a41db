package poster

import (
	"math/rand/v2"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

// Delays between attempts of one path.
const (
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 30 * time.Second
	heldBackoff  = time.Second // after an answer that stops the whole channel
	firstRepeat  = 2 * time.Second
	maxRepeat    = 15 * time.Second
)

// next is what a poster does after an answer.
type next struct {
	report actors.What   // 0: none, try again
	after  time.Duration // before the next attempt
	doubt  bool          // the attempt may have been accepted
}

// decide says what an answer means for a call to n recipients, whose path was tried tries times.
func decide(e provider.Endpoint, n int, a provider.Answer, tries uint32) next {
	switch a.Verdict {
	case provider.Accepted:
		return next{report: actors.PathAccepted}
	case provider.Refused:
		if e == provider.Multicast && n > 1 && a.Status == 400 {
			return next{report: actors.PathSplit}
		}
		return next{report: actors.PathRefused}
	case provider.Throttled, provider.OverQuota, provider.Unauthorized:
		return next{after: jitter(heldBackoff)}
	case provider.Unsent:
		return next{after: backoff(tries)}
	}
	return next{after: backoff(tries), doubt: true}
}

// backoff doubles from half a second after the first attempt to half a minute, with a jitter of a fifth.
func backoff(tries uint32) time.Duration {
	return jitter(min(firstBackoff<<min(max(tries, 1)-1, 10), maxBackoff))
}

func jitter(d time.Duration) time.Duration {
	return d - d/5 + time.Duration(rand.Int64N(int64(d/5*2)+1))
}

// takes says whether a command changes one that is held for the same path: a newer window replaces, a re-drive of the same one
// marks it, so that it can't be returned any more.
func (h *held) takes(p actors.Post) bool {
	switch {
	case p.Window > h.post.Window:
		h.post.Window, h.post.Deadline, h.post.Number = p.Window, p.Deadline, p.Number
		h.post.Messages, h.post.To = p.Messages, p.To
		return true
	case p.Window == h.post.Window && p.Number > h.post.Number:
		h.post.Number = p.Number
		return true
	}
	return false
}

// untried tells whether the command may be returned.
func (h *held) untried() bool { return h.post.Number == 0 && !h.doubt }
