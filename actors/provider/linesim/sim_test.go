package linesim_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/actors/provider/providertest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func ask(call provider.Call) *linesim.Request {
	return &linesim.Request{Token: "token", Endpoint: call.Endpoint, Key: call.Key.String(), To: call.To, Messages: call.Messages}
}

// LINE doesn't say which check comes first; a sender must be right under both.
func TestOrderOfKeyAndBody(t *testing.T) {
	good := providertest.Push(1, "x")
	bad := good
	bad.Messages = []byte(`[{"type":"text"}]`)
	for _, tc := range []struct {
		order         linesim.Order
		body, unknown int
	}{{linesim.KeyFirst, 409, 409}, {linesim.BodyFirst, 400, 400}} {
		sim := linesim.New(linesim.Options{Order: tc.order})
		if d := sim.Decide(ask(bad), linesim.Fate{}, noon); d.Status != 400 {
			t.Fatalf("a bad body got %d", d.Status)
		}
		if d := sim.Decide(ask(good), linesim.Fate{}, noon); d.Status != 200 {
			t.Fatalf("after a 400 the key must still be good: %d", d.Status)
		}
		if d := sim.Decide(ask(bad), linesim.Fate{}, noon); d.Status != tc.body {
			t.Errorf("order %d: a bad body under an accepted key got %d, want %d", tc.order, d.Status, tc.body)
		}
		sim.Forget(providertest.User(1))
		if d := sim.Decide(ask(good), linesim.Fate{}, noon); d.Status != tc.unknown {
			t.Errorf("order %d: a user who became unknown, under an accepted key, got %d, want %d", tc.order, d.Status, tc.unknown)
		}
		if l := sim.Ledger(); l.Deliveries != 1 {
			t.Errorf("order %d: %+v", tc.order, l)
		}
	}
}

// A duplicate is one user's body accepted again in one channel; spelling is no difference, another channel is.
func TestDuplicates(t *testing.T) {
	sim := linesim.New(linesim.Options{})
	n := 0
	accept := func(token, user, messages string) {
		n++
		q := &linesim.Request{Token: token, Key: fmt.Sprintf("%08x-0000-4000-8000-000000000000", n), To: []string{user}, Messages: []byte(messages)}
		if d := sim.Decide(q, linesim.Fate{}, noon); d.Status != 200 {
			t.Fatalf("got %+v", d)
		}
	}
	one, two := providertest.User(1), providertest.User(2)
	accept("a", one, `[{"type":"text","text":"x"}]`)
	accept("a", two, `[{"type":"text","text":"x"}]`)
	accept("b", one, `[{"type":"text","text":"x"}]`)
	accept("a", one, `[{"type":"text","text":"y"}]`)
	if l := sim.Ledger(); l.Duplicates != 0 || l.Users != 2 || l.Deliveries != 4 {
		t.Fatalf("got %+v", l)
	}
	accept("a", one, `[ {"text" : "\u0078", "type":"text"} ]`)
	accept("a", one, `[{"type":"text","text":"x"}]`)
	if l := sim.Ledger(); l.Duplicates != 2 || l.Deliveries != 6 {
		t.Errorf("got %+v", l)
	}
	if got := sim.User(one); len(got) != 5 || got[0].BodySHA256 != got[3].BodySHA256 {
		t.Errorf("got %+v", got)
	}
}

func TestTokensMustBeKnownWhereTheyAreListed(t *testing.T) {
	sim := linesim.New(linesim.Options{Tokens: []string{"good"}})
	if a := sim.Provider("good").Send(t.Context(), providertest.Push(1, "x")); a.Verdict != provider.Accepted {
		t.Errorf("got %+v", a)
	}
	bad := sim.Provider("bad")
	if a := bad.Send(t.Context(), providertest.Push(1, "y")); a.Verdict != provider.Unauthorized {
		t.Errorf("got %+v", a)
	}
	if _, err := bad.Quota(t.Context()); err == nil {
		t.Error("a quota for an unknown token")
	}
}

// The bill begins anew with the month in Japan.
func TestQuotaRenewsWithTheMonth(t *testing.T) {
	sim := linesim.New(linesim.Options{Quota: new(int64(1))})
	last := time.Date(2026, 3, 31, 14, 59, 59, 0, time.UTC) // 23:59:59 in Japan
	for i, want := range []int{200, 429, 200} {
		if i == 2 {
			last = last.Add(time.Second)
		}
		if d := sim.Decide(ask(providertest.Push(i, fmt.Sprint(i))), linesim.Fate{}, last); d.Status != want {
			t.Errorf("push %d got %d, want %d", i, d.Status, want)
		}
	}
}

// Without checks of the contract, keys, limits and the ledger are the same.
func TestLedgerOnly(t *testing.T) {
	sim := linesim.New(linesim.Options{LedgerOnly: true})
	odd := &linesim.Request{Token: "t", Key: "00000001-0000-4000-8000-000000000000", To: []string{"Ada"}, Messages: []byte(`[{"type":"poster"}]`)}
	if d := sim.Decide(odd, linesim.Fate{}, noon); d.Status != 200 {
		t.Fatalf("got %+v", d)
	}
	if d := sim.Decide(odd, linesim.Fate{}, noon); d.Status != 409 {
		t.Errorf("got %+v", d)
	}
	if got := sim.User("Ada"); len(got) != 1 || got[0].User != "Ada" {
		t.Errorf("got %+v", got)
	}
	if d := sim.Decide(&linesim.Request{Token: "t", To: []string{"Ada"}, Messages: []byte(`[`)}, linesim.Fate{}, noon); d.Status != 400 {
		t.Errorf("what has no hash got %d", d.Status)
	}
	calls := 0
	for d := range sim.Deliveries() {
		calls++
		if d.Key != odd.Key || !d.At.Equal(noon) {
			t.Errorf("got %+v", d)
		}
	}
	if calls != 1 {
		t.Errorf("%d deliveries", calls)
	}
}

func TestFaultsComeAsOftenAsAsked(t *testing.T) {
	const n = 20000
	for spec, status := range map[string]int{"500-before=0.1": 500, "401=0.1": 401, "429=0.1": 429, "500-after=0.1": 500} {
		sim := linesim.New(linesim.Options{Faults: mustFaults(t, spec+",seed=3"), Limits: linesim.Limits{Off: true}, LedgerOnly: true})
		hits := 0
		for i := range n {
			if sim.Decide(ask(providertest.Push(i, "x")), sim.Draw(), noon).Status == status {
				hits++
			}
		}
		if hits < n/10-200 || hits > n/10+200 { // 200 is 4.7 standard deviations
			t.Errorf("%s: %d of %d", spec, hits, n)
		}
	}
}

func TestLatencyHasTheMedianAndTailAsked(t *testing.T) {
	const n = 20000
	sim := linesim.New(linesim.Options{Faults: mustFaults(t, "latency=20ms/200ms,seed=5")})
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = sim.Draw().Latency
	}
	slices.Sort(all)
	near := func(got, want time.Duration) bool {
		return math.Abs(float64(got-want)) < 0.1*float64(want)
	}
	if p50, p99 := all[n/2], all[n*99/100]; !near(p50, 20*time.Millisecond) || !near(p99, 200*time.Millisecond) {
		t.Errorf("median %s, 99th percentile %s", p50, p99)
	}
}

func TestLimits(t *testing.T) {
	if _, err := linesim.ParseLimits("some"); err == nil || !strings.Contains(err.Error(), "line or off") {
		t.Errorf("got %v", err)
	}
	for s, want := range map[string]int{"line": linesim.MulticastPerSecond, "off": 1000} {
		limits, err := linesim.ParseLimits(s)
		if err != nil {
			t.Fatal(err)
		}
		sim := linesim.New(linesim.Options{Limits: limits})
		accepted := 0
		for i := range 1000 {
			if sim.Decide(ask(providertest.Multicast(1, fmt.Sprint(i))), linesim.Fate{}, noon).Status == 200 {
				accepted++
			}
		}
		if accepted != want {
			t.Errorf("limits %s: %d accepted, want %d", s, accepted, want)
		}
	}
}
