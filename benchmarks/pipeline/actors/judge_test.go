package actors

import (
	"testing"
	"time"

	"hayauma.example/actors/provider"
)

func TestJudge(t *testing.T) {
	d := productDelays
	for _, c := range []struct {
		verdict provider.Verdict
		tries   int
		how     ruling
		after   time.Duration // give or take a fifth
	}{
		{provider.Accepted, 1, delivered, 0},
		{provider.Refused, 1, failed, 0},
		{provider.Throttled, 9, repeated, time.Second},
		{provider.OverQuota, 1, repeated, time.Second},
		{provider.Unauthorized, 1, repeated, time.Second},
		{provider.Unsent, 1, repeated, 500 * time.Millisecond},
		{provider.Doubtful, 1, repeated, 500 * time.Millisecond},
		{provider.Doubtful, 3, repeated, 2 * time.Second},
		{provider.Doubtful, 1000, repeated, 30 * time.Second},
		{0, 1, repeated, 500 * time.Millisecond}, // nobody answers so; it must not settle
	} {
		how, after := d.judge(provider.Answer{Verdict: c.verdict}, c.tries)
		if how != c.how || after < c.after*4/5 || after > c.after*6/5 {
			t.Errorf("%d after %d tries: %d after %s, want %d after about %s", c.verdict, c.tries, how, after, c.how, c.after)
		}
	}
}

func TestLedgerSettlesEachMessageOnce(t *testing.T) {
	l := newLedger(130)
	for n := range uint32(130) {
		r := report{number: n, recipients: 2}
		l.settle(r, repeated)
		if l.done() {
			t.Fatalf("done with %d of 130", n)
		}
		how := delivered
		if n%13 == 0 {
			how, r.answer.Reason = failed, "no such user"
		}
		l.settle(r, how)
		l.settle(r, delivered)
	}
	if want := (outcome{Delivered: 240, Failed: 20, Repeats: 130, Reason: "no such user"}); !l.done() || l.outcome != want {
		t.Errorf("got %+v, want %+v", l.outcome, want)
	}
}
