package gate

import (
	"fmt"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
	"hayauma.example/engine/enginetest"
)

func TestPurse(t *testing.T) {
	now := time.Now()
	old := &lot{grant: 1, expires: now, left: 2}
	good := &lot{grant: 2, expires: now.Add(time.Second), left: 2}
	p := purse{lots: []*lot{old, good}}
	if got := p.count(now); got != 2 {
		t.Errorf("%d tokens, want 2", got)
	}
	for i := range 3 {
		l, expires, ok := p.token(now)
		if ok != (i < 2) || ok && (l != good || !expires.Equal(good.expires)) {
			t.Errorf("token %d: %+v, %v", i, l, ok)
		}
	}
	if old.unused != 2 || good.out != 2 || !p.empty(now) {
		t.Errorf("old %+v, good %+v", old, good)
	}

	p = purse{open: now.Add(time.Millisecond), lots: []*lot{{grant: 3, expires: now.Add(time.Second), left: 5}}}
	if l, _, ok := p.token(now); !ok || l != nil {
		t.Errorf("in a lease: %+v, %v", l, ok)
	}
	if l, _, ok := p.token(now.Add(time.Millisecond)); !ok || l == nil {
		t.Errorf("after a lease: %+v, %v", l, ok)
	}
	left := p.lots[0]
	p.void()
	if _, _, ok := p.token(now); ok || left.unused != 4 {
		t.Errorf("after void: %v, %+v", ok, left)
	}
}

// still is a gate outside of a cell, with one run.
func still(t *testing.T) (*gate, *run, time.Time) {
	sys := enginetest.NewSystem(t, enginetest.Options{})
	g := newGate(New(sys, Deps{}), "shop")
	now := time.Now()
	g.asking.sent = now
	return g, g.parked.run("c", "r"), now
}

func granted(n int) actors.Tokens {
	return actors.Tokens{Grants: []actors.Grant{
		{ID: 1, Run: "r", Endpoint: provider.Push, N: n},
		{ID: 2, Run: "r", Endpoint: provider.Multicast, Open: true},
		{ID: 3, Run: "r", Endpoint: 7, N: n},
		{ID: 4, Run: "gone", Endpoint: provider.Push, N: n},
	}}
}

func spentOf(g *gate, now time.Time) map[uint64]string {
	got := map[uint64]string{}
	for _, s := range g.spent(now) {
		got[s.Grant] = fmt.Sprintf("%v %d", s.Started, s.Unused)
	}
	return got
}

func TestTokensOfAnAnswer(t *testing.T) {
	const life = 100 * time.Millisecond
	tests := []struct {
		name      string
		prepare   func(g *gate)
		after     time.Duration // when the answer comes
		push, all bool          // usable
	}{
		{"in time", func(*gate) {}, life - 1, true, true},
		{"too late", func(*gate) {}, life, false, false},
		{"after the token was refused", func(g *gate) { g.trouble(Ended{Verdict: provider.Unauthorized}, g.asking.sent) }, 0, false, false},
		{"after the quota ended", func(g *gate) { g.trouble(Ended{Verdict: provider.OverQuota}, g.asking.sent) }, 0, false, false},
		{"after a rate limit", func(g *gate) {
			g.trouble(Ended{Endpoint: provider.Multicast, Verdict: provider.Throttled}, g.asking.sent)
		}, 0, true, false},
		{"after a doubtful answer", func(g *gate) { g.trouble(Ended{Verdict: provider.Doubtful}, g.asking.sent) }, 0, true, true},
	}
	for _, tt := range tests {
		g, r, now := still(t)
		tt.prepare(g)
		now = now.Add(tt.after)
		useful := g.accept(granted(3), now)
		_, _, push := r.tokens[provider.Push].token(now)
		_, _, multicast := r.tokens[provider.Multicast].token(now)
		if push != tt.push || multicast != tt.all || useful != (tt.push || tt.all) {
			t.Errorf("%s: push %v, multicast %v, useful %v", tt.name, push, multicast, useful)
		}
		spent := spentOf(g, now)
		if want := map[bool]string{true: "", false: "[] 3"}[tt.push]; spent[1] != want || spent[4] != "[] 3" {
			t.Errorf("%s: reported %v", tt.name, spent)
		}
	}
}

func TestReportOfALot(t *testing.T) {
	g, r, now := still(t)
	g.accept(granted(5), now)
	for token := range uint64(4) {
		l, _, _ := r.tokens[provider.Push].token(now)
		g.flights[token] = flight{lot: l, at: now}
	}
	g.started(Started{Token: 0, At: now.Add(2 * time.Millisecond)}, now.Add(3*time.Millisecond))
	g.started(Started{Token: 0, At: now}, now)
	g.started(Started{Token: 1, At: now.Add(time.Hour)}, now.Add(5*time.Millisecond)) // not before it is told
	g.unused(Unused{Token: 2})
	g.unused(Unused{Token: 2})
	if got := spentOf(g, now.Add(10*time.Millisecond))[1]; got != "[8ms 5ms] 1" {
		t.Errorf("first report %q", got)
	}
	if got, again := spentOf(g, now.Add(20*time.Millisecond))[1]; again {
		t.Errorf("reported again: %q", got)
	}
	if got := spentOf(g, now.Add(100*time.Millisecond))[1]; got != "[] 1" {
		t.Errorf("when the last became void: %q", got)
	}
	if _, kept := g.lots[1]; !kept {
		t.Fatal("forgotten while a token is out")
	}
	g.ended(nil, Ended{Token: 3, Verdict: provider.Accepted}, now)
	if spentOf(g, now.Add(time.Second)); len(g.lots) != 0 {
		t.Errorf("%d lots kept when nothing more will be known", len(g.lots))
	}
}

func TestReportsAreTakenOnce(t *testing.T) {
	r, now := newReports(), time.Now()
	r.free(Freed{Run: "a", Window: 1, Bytes: 10}, now)
	r.free(Freed{Run: "a", Window: 1, Bytes: 5}, now.Add(time.Millisecond))
	r.free(Freed{Run: "a", Window: 1, Bytes: -5}, now)
	if !r.due.Equal(now.Add(flushAfter)) {
		t.Errorf("due %v after the first", r.due.Sub(now))
	}
	for range 3 {
		r.trouble(Ended{Verdict: provider.Throttled, Reason: "slow down"}, now)
	}
	if r.due.After(now) {
		t.Error("trouble is not told at once")
	}
	var q, next actors.WantTokens
	r.take(&q)
	r.take(&next)
	if got := fmt.Sprint(q.Freed, q.Trouble); got != "[{a 1 15}] [{0 3 slow down 3}]" {
		t.Errorf("taken %s", got)
	}
	if len(next.Freed)+len(next.Trouble) > 0 || !r.due.IsZero() {
		t.Errorf("taken again: %+v", next)
	}
	r.free(Freed{Run: "a", Window: 1, Bytes: flushBytes}, now)
	if r.due.After(now) {
		t.Error("much demand is not given back at once")
	}
}
