package linesim

import (
	"strings"
	"testing"
	"time"
)

// The simulator's own count must stand without the lint of package line, which looks first.
func TestOwnCount(t *testing.T) {
	text := func(s string) string { return `{"type":"text","text":"` + s + `"}` }
	for messages, wrong := range map[string]bool{
		"[" + text(strings.Repeat("a", 5000)) + "]":              false,
		"[" + text(strings.Repeat("a", 5001)) + "]":              true,
		"[" + text(strings.Repeat("😀", 2500)) + "]":              false,
		"[" + text(strings.Repeat("😀", 2501)) + "]":              true,
		"[" + strings.Repeat(text("x")+",", 4) + text("x") + "]": false,
		"[" + strings.Repeat(text("x")+",", 5) + text("x") + "]": true,
		"[]": true,
	} {
		var e examiner
		if got := e.count(new(exam), []byte(messages)); (got != nil) != wrong {
			t.Errorf("%d bytes: got %v, want wrong %t", len(messages), got, wrong)
		}
	}
}

func TestAtMost500Recipients(t *testing.T) {
	for n, want := range map[int]bool{1: true, 500: true, 501: false} {
		ids := `"U4af4980629000000000000000000abcd"` + strings.Repeat(`,"U4af4980629000000000000000000abcd"`, n-1)
		q := Request{Endpoint: 1}
		parseBody(&q, []byte(`{"to":[`+ids+`],"messages":[]}`), true)
		if (q.broken == nil) != want {
			t.Errorf("%d ids over HTTP: %v", n, q.broken)
		}
		q = Request{Endpoint: 1, Messages: []byte(`[{"type":"text","text":"x"}]`)}
		for range n {
			q.To = append(q.To, "U4af4980629000000000000000000abcd")
		}
		x := examine(&q, true)
		if (x.wrong == nil) != want {
			t.Errorf("%d ids in process: %v", n, x.wrong)
		}
		if want && len(x.to) != 1 {
			t.Errorf("%d ids, all the same, count as %d", n, len(x.to))
		}
	}
}

func TestBucketIgnoresTimeThatGoesBack(t *testing.T) {
	now := time.Unix(1000, 0)
	var b bucket
	if !b.take(now, 1) || b.take(now, 1) {
		t.Fatal("a bucket of one must let exactly one through")
	}
	if b.take(now.Add(-time.Hour), 1) || b.take(now, 1) || b.take(now.Add(-time.Minute), 1) {
		t.Error("time that goes back refilled the bucket")
	}
	two := bucket{level: 2, last: now}
	if !two.take(now.Add(-time.Hour), 2) || !two.take(now, 2) || two.take(now, 2) {
		t.Error("time that goes back emptied the bucket")
	}
	if b.take(now.Add(999*time.Millisecond), 1) || !b.take(now.Add(time.Second), 1) {
		t.Error("a second after the last one, one more must pass, and not earlier")
	}
}

func TestRequestIDsDiffer(t *testing.T) {
	seen := map[string]uint64{}
	for n := range uint64(100_000) {
		id := requestID(n).String()
		if other, twice := seen[id]; twice {
			t.Fatalf("requests %d and %d are both %s", other, n, id)
		}
		seen[id] = n
	}
}
