package channel

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

func ready(l actors.Limits, runs ...string) granter {
	g := newGranter(l, 0)
	for _, r := range runs {
		g.runs.set(actors.RunStanding{Campaign: "c" + r, Run: r, Standing: actors.RunActive}, 0)
	}
	return g
}

func rows(push int, runs ...string) (rows []actors.RunWaiting) {
	for _, r := range runs {
		rows = append(rows, actors.RunWaiting{Campaign: "c" + r, Run: r, Push: push})
	}
	return rows
}

func shown(t actors.Tokens) string {
	var s strings.Builder
	for _, g := range t.Grants {
		n := fmt.Sprint(g.N)
		if g.Open {
			n = "open"
		}
		s.WriteString(fmt.Sprintf("%s/%d=%s ", g.Run, g.Endpoint, n))
	}
	return fmt.Sprintf("%sheld=%v over=%v again=%v", s.String(), t.Held, t.Over, t.Again)
}

func TestTokens(t *testing.T) {
	const later = 10 * time.Second
	set := func(g *granter, run string, s actors.Standing) {
		g.runs.set(actors.RunStanding{Campaign: "c", Run: run, Standing: s}, 0)
	}
	tests := []struct {
		name    string
		limits  actors.Limits
		waiting []actors.RunWaiting
		prepare func(g *granter)
		stopped bool
		want    string
		unknown int
	}{
		{name: "nothing waits", want: "held=[] over=[] again=0s"},
		{name: "no limit", waiting: rows(7, "a", "b"), want: "a/0=open b/0=open held=[] over=[] again=0s"},
		{name: "no limit, no call ready", waiting: rows(0, "a"), want: "held=[] over=[] again=0s"},
		{name: "unknown run", waiting: rows(7, "x"), unknown: 1, want: "held=[] over=[] again=100ms"},
		{name: "held run", waiting: rows(7, "a", "b"), prepare: func(g *granter) { set(g, "a", actors.RunHeld) },
			want: "b/0=open held=[a] over=[] again=100ms"},
		{name: "run over", waiting: rows(7, "a"), prepare: func(g *granter) { set(g, "a", actors.RunOver) },
			want: "held=[] over=[a] again=0s"},
		{name: "run over stays over", waiting: rows(7, "a"),
			prepare: func(g *granter) { set(g, "a", actors.RunOver); set(g, "a", actors.RunActive) }, want: "held=[] over=[a] again=0s"},
		{name: "run goes on in another generation", waiting: rows(7, "a"), prepare: func(g *granter) {
			set(g, "a", actors.RunOver)
			g.runs.set(actors.RunStanding{Campaign: "c", Run: "a", Standing: actors.RunActive, Generation: 1}, 0)
			set(g, "a", actors.RunOver) // a late word of the first
		}, want: "a/0=open held=[] over=[] again=0s"},
		{name: "channel stopped", waiting: rows(7, "a"), stopped: true, want: "held=[a] over=[] again=100ms"},
		{name: "channel stopped, run over", waiting: rows(7, "a"), stopped: true, prepare: func(g *granter) { set(g, "a", actors.RunOver) },
			want: "held=[] over=[a] again=0s"},
		{name: "a burst", limits: actors.Limits{Push: 200}, waiting: rows(7, "a"), want: "a/0=4 held=[] over=[] again=10ms"},
		{name: "less than a burst", limits: actors.Limits{Push: 200}, waiting: rows(1, "a", "b"), want: "a/0=1 b/0=1 held=[] over=[] again=0s"},
		{name: "shared by runs", limits: actors.Limits{Push: 200}, waiting: rows(7, "a", "b"), want: "a/0=2 b/0=2 held=[] over=[] again=10ms"},
		{name: "throttled", waiting: rows(7, "a"), prepare: func(g *granter) { g.limiters[provider.Push].throttle.trouble(1, later) },
			want: "held=[] over=[] again=1s"},
		{name: "the other endpoint is throttled", waiting: rows(7, "a"),
			prepare: func(g *granter) { g.limiters[provider.Multicast].throttle.trouble(1, later) }, want: "a/0=open held=[] over=[] again=0s"},
	}
	for _, tt := range tests {
		g := ready(tt.limits, "a", "b")
		if tt.prepare != nil {
			tt.prepare(&g)
		}
		m := actors.WantTokens{Gate: "g", Seq: 3, Waiting: tt.waiting}
		k, _ := g.gates.hear(m.Gate, m.Seq, later)
		got, unknown := g.tokens(m, k, tt.stopped, later)
		if s := shown(got); s != tt.want || got.Seq != 3 || len(unknown) != tt.unknown {
			t.Errorf("%s: %s with %d unknown, want %s with %d", tt.name, s, len(unknown), tt.want, tt.unknown)
		}
	}
}

func TestRunsTakeTurnsOnePlaceAtATime(t *testing.T) {
	g := ready(actors.Limits{Push: 1}, "a", "b", "c")
	got := map[string]int{}
	for now := 2 * time.Second; now < 32*time.Second; now += 1010 * time.Millisecond {
		m := actors.WantTokens{Gate: "g", Seq: uint64(now), Waiting: rows(9, "a", "b", "c")}
		k, _ := g.gates.hear(m.Gate, m.Seq, now)
		answer, _ := g.tokens(m, k, false, now)
		for _, gr := range answer.Grants {
			got[gr.Run] += gr.N
			g.limiters[provider.Push].report(gr.ID, []time.Duration{0}, 0, now)
		}
	}
	for _, r := range []string{"a", "b", "c"} {
		if got[r] < 9 || got[r] > 10 {
			t.Errorf("run %s got %d, want a third of 29: %v", r, got[r], got)
		}
	}
}

// TestGatesTakeTurns: a gate that always asks first does not starve the others, and one that wants little does not hold the others back.
func TestGatesTakeTurns(t *testing.T) {
	for _, limit := range []int{1, 20, 200} {
		g := ready(actors.Limits{Push: limit}, "a")
		got := map[string]int{}
		ask := map[string]time.Duration{"first": 2 * time.Second, "second": 2*time.Second + 1, "modest": 2*time.Second + 2}
		wants := map[string]int{"first": 1 << 20, "second": 1 << 20, "modest": 1}
		names := []string{"first", "second", "modest"}
		for seq := uint64(1); ; seq++ {
			id := slices.MinFunc(names, func(a, b string) int { return int(ask[a] - ask[b]) })
			now := ask[id]
			if now >= 62*time.Second {
				break
			}
			m := actors.WantTokens{Gate: id, Seq: seq, Waiting: rows(wants[id], "a")}
			k, _ := g.gates.hear(m.Gate, m.Seq, now)
			answer, _ := g.tokens(m, k, false, now)
			for _, gr := range answer.Grants {
				got[id] += gr.N
				starts := make([]time.Duration, gr.N)
				g.limiters[provider.Push].report(gr.ID, starts, 0, now)
			}
			ask[id] = now + answer.Again
			if answer.Again == 0 {
				ask[id] = now + 5*time.Second // it has nothing more for a while
			}
		}
		sum := got["first"] + got["second"] + got["modest"]
		if want := limit * 60 * 98 / 100; sum < want {
			t.Errorf("limit %d: %d in 60 s, want at least %d: %v", limit, sum, want, got)
		}
		if a, b := got["first"], got["second"]; 10*a > 11*b+20 || 10*b > 11*a+20 {
			t.Errorf("limit %d: unequal shares %v", limit, got)
		}
		if got["modest"] < 6 {
			t.Errorf("limit %d: the modest gate got %d of about 12", limit, got["modest"])
		}
	}
}

func standing(r runs, id string) actors.Standing {
	if k := r.by[id]; k != nil {
		return k.standing
	}
	return actors.RunUnknown
}

func TestRunsThatAreOverAreForgotten(t *testing.T) {
	r := newRuns()
	over := func(run string, at time.Duration) {
		r.set(actors.RunStanding{Campaign: "c", Run: run, Standing: actors.RunOver}, at)
	}
	over("old", 0)
	over("new", rememberOver)
	if standing(r, "old") != actors.RunOver {
		t.Error("forgotten too soon")
	}
	over("newer", rememberOver+1)
	if standing(r, "old") != actors.RunUnknown || standing(r, "new") != actors.RunOver {
		t.Error("the old one is to be forgotten, the new one not")
	}
	for i := range 3 * mostOver {
		over(fmt.Sprint(i), 2*rememberOver)
	}
	if n := len(r.by); n > mostOver {
		t.Errorf("%d runs remembered", n)
	}
}

// The run of single messages is active whoever says what of it, and no campaign's: nothing is asked of it, or told.
func TestSingleMessagesAreNobodysRun(t *testing.T) {
	const id = "messages/shop"
	r := newRuns()
	r.by[id] = singles()
	for _, word := range []actors.Standing{actors.RunUnknown, actors.RunHeld, actors.RunOver} {
		if first := r.set(actors.RunStanding{Run: id, Standing: word}, time.Second); first || standing(r, id) != actors.RunActive {
			t.Errorf("after %v it stands at %v", word, standing(r, id))
		}
	}
	if _, asks := r.ask(id, "", time.Minute); asks || len(r.campaigns()) != 0 || r.inUse() != 0 || r.active() != 0 {
		t.Errorf("asked: %t, campaigns %q, %d in use, %d active", asks, r.campaigns(), r.inUse(), r.active())
	}
	r.set(actors.RunStanding{Campaign: "c", Run: "run", Standing: actors.RunHeld}, time.Second)
	if got := r.campaigns(); len(got) != 1 || got[0] != "c" || r.inUse() != 1 {
		t.Errorf("campaigns %q, %d in use", got, r.inUse())
	}
}

func TestCampaignsAreAskedOnceASecond(t *testing.T) {
	r := newRuns()
	asked := 0
	for now := time.Duration(0); now < 10*time.Second; now += 10 * time.Millisecond {
		if c, ok := r.ask("run", "campaign", now); ok {
			if c != "campaign" {
				t.Fatalf("asked %q", c)
			}
			asked++
		}
	}
	if asked != 10 {
		t.Errorf("asked %d times in 10 s", asked)
	}
	r.set(actors.RunStanding{Campaign: "campaign", Run: "run", Standing: actors.RunHeld}, 10*time.Second)
	if _, ok := r.ask("run", "campaign", time.Minute); ok {
		t.Error("asked about a run that is known")
	}
}
