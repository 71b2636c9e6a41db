package poster

import (
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		name     string
		endpoint provider.Endpoint
		n        int
		answer   provider.Answer
		report   actors.What
		doubt    bool
		least    time.Duration // before the next attempt
	}{
		{"accepted", provider.Push, 1, provider.Answer{Verdict: provider.Accepted, Status: 200}, actors.PathAccepted, false, 0},
		{"accepted before", provider.Push, 1, provider.Answer{Verdict: provider.Accepted, Status: 409}, actors.PathAccepted, false, 0},
		{"refused", provider.Push, 1, provider.Answer{Verdict: provider.Refused, Status: 400}, actors.PathRefused, false, 0},
		{"multicast refused for a bad id", provider.Multicast, 2, provider.Answer{Verdict: provider.Refused, Status: 400}, actors.PathSplit, false, 0},
		{"multicast of one", provider.Multicast, 1, provider.Answer{Verdict: provider.Refused, Status: 400}, actors.PathRefused, false, 0},
		{"multicast refused otherwise", provider.Multicast, 2, provider.Answer{Verdict: provider.Refused, Status: 403}, actors.PathRefused, false, 0},
		{"throttled", provider.Push, 1, provider.Answer{Verdict: provider.Throttled, Status: 429}, 0, false, heldBackoff},
		{"over quota", provider.Push, 1, provider.Answer{Verdict: provider.OverQuota, Status: 429}, 0, false, heldBackoff},
		{"unauthorized", provider.Push, 1, provider.Answer{Verdict: provider.Unauthorized, Status: 401}, 0, false, heldBackoff},
		{"not sent", provider.Push, 1, provider.Answer{Verdict: provider.Unsent}, 0, false, firstBackoff},
		{"5xx", provider.Push, 1, provider.Answer{Verdict: provider.Doubtful, Status: 500}, 0, true, firstBackoff},
		{"no verdict is no certainty", provider.Push, 1, provider.Answer{}, 0, true, firstBackoff},
	} {
		n := decide(c.endpoint, c.n, c.answer, 1)
		if n.report != c.report || n.doubt != c.doubt || n.after < c.least*4/5 || n.after > c.least*6/5 {
			t.Errorf("%s: %+v, want report %d, doubt %v, after %v or so", c.name, n, c.report, c.doubt, c.least)
		}
	}
}

func TestBackoffDoublesUpToHalfAMinute(t *testing.T) {
	for tries, want := range map[uint32]time.Duration{0: 500 * time.Millisecond, 1: 500 * time.Millisecond, 2: time.Second, 3: 2 * time.Second,
		6: 16 * time.Second, 7: 30 * time.Second, 1000: 30 * time.Second, 1<<32 - 1: 30 * time.Second} {
		low, high := false, false
		for range 2000 {
			d := backoff(tries)
			if d < want*4/5 || d > want*6/5 {
				t.Fatalf("after %d tries %v, want %v and a fifth", tries, d, want)
			}
			low, high = low || d < want*19/20, high || d > want*21/20
		}
		if !low || !high {
			t.Errorf("after %d tries there is no jitter", tries)
		}
	}
}

func TestTakes(t *testing.T) {
	deadline := time.Unix(1000, 0)
	for _, c := range []struct {
		name           string
		window, number uint32
		want           bool
		then           [2]uint32
	}{
		{"the same again", 2, 1, false, [2]uint32{2, 1}},
		{"its first dispatch, late", 2, 0, false, [2]uint32{2, 1}},
		{"a re-drive", 2, 2, true, [2]uint32{2, 2}},
		{"a newer window", 3, 0, true, [2]uint32{3, 0}},
		{"an older window", 1, 9, false, [2]uint32{2, 1}},
	} {
		h := &held{post: actors.Post{Window: 2, Number: 1}}
		got := h.takes(actors.Post{Window: c.window, Number: c.number, Deadline: deadline})
		if now := [2]uint32{h.post.Window, h.post.Number}; got != c.want || now != c.then {
			t.Errorf("%s: %v, holds %v, want %v, %v", c.name, got, now, c.want, c.then)
		}
		if newer := c.window > 2; h.post.Deadline.Equal(deadline) != newer {
			t.Errorf("%s: deadline %v", c.name, h.post.Deadline)
		}
	}
}

func TestUntried(t *testing.T) {
	for h, want := range map[*held]bool{
		{}: true, {tries: 3}: true, {doubt: true}: false, {post: actors.Post{Number: 1}}: false,
	} {
		if h.untried() != want {
			t.Errorf("%+v: %v", *h, !want)
		}
	}
}
