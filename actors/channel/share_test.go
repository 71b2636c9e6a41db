package channel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

// claimsOf are runs of one priority with what they want, of which those before first have had a little more.
func claimsOf(wants, weights []int, first int) []claim {
	var class []claim
	for i, w := range wants {
		r := &run{}
		if weights != nil {
			r.weighs = weights[i]
		}
		if i < first {
			r.pass[r.order()][provider.Push] = 1e-9
		}
		class = append(class, claim{run: r, want: w, most: w})
	}
	return class
}

func gotOf(class []claim) []int {
	got := []int{}
	for _, c := range class {
		got = append(got, c.got)
	}
	return got
}

func TestShareOut(t *testing.T) {
	tests := []struct {
		n       int
		wants   []int
		weights []int
		first   int
		want    string
	}{
		{0, []int{5, 5}, nil, 0, "[0 0]"},
		{4, []int{5, 5}, nil, 0, "[2 2]"},
		{5, []int{5, 5}, nil, 1, "[2 3]"},
		{9, []int{1, 10, 10}, nil, 0, "[1 4 4]"},
		{100, []int{1, 2}, nil, 0, "[1 2]"},
		{1, []int{3, 3, 3}, nil, 2, "[0 0 1]"},
		{2, []int{3, 0, 3}, nil, 1, "[1 0 1]"},
		{9, []int{9, 9}, []int{20, 10}, 0, "[6 3]"},
		{11, []int{99, 99}, []int{100, 10}, 0, "[10 1]"},
		{11, []int{4, 99}, []int{100, 10}, 0, "[4 7]"},
	}
	for _, tt := range tests {
		class, floor := claimsOf(tt.wants, tt.weights, tt.first), 0.0
		shareOut(tt.n, class, provider.Push, &floor)
		if got := fmt.Sprint(gotOf(class)); got != tt.want {
			t.Errorf("%d of %v weighing %v from %d: %s, want %s", tt.n, tt.wants, tt.weights, tt.first, got, tt.want)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		wants, sum := make([]int, 1+rng.IntN(5)), 0
		for i := range wants {
			wants[i] = rng.IntN(20)
			sum += wants[i]
		}
		n, got, floor := rng.IntN(60), 0, 0.0
		class := claimsOf(wants, nil, rng.IntN(len(wants)))
		given := shareOut(n, class, provider.Push, &floor)
		for i, k := range gotOf(class) {
			if k > wants[i] {
				t.Fatalf("more than wanted: %d of %v", n, wants)
			}
			got += k
		}
		if got != min(n, sum) || given != got {
			t.Fatalf("%d of %v shared, %d told, want %d", got, wants, given, min(n, sum))
		}
	}
}

// asker is a gate of which runs always have enough waiting, or want so many calls at each question.
type asker struct {
	runs []string
	want int
	room int
	idle time.Duration // after an answer that gave all it wanted
	late *rand.Rand    // nil: it asks when it was told to, else up to 2 ms later
	asks time.Duration
}

// play has gates ask until end, and returns what each run got after a first while, and how much of it was given.
func play(g *granter, gates []*asker, from, end time.Duration) map[string]int {
	got, seq := map[string]int{}, uint64(0)
	for {
		i := 0
		for j := range gates {
			if gates[j].asks < gates[i].asks {
				i = j
			}
		}
		a := gates[i]
		now := a.asks
		if now >= end {
			return got
		}
		seq++
		m := actors.WantTokens{Gate: fmt.Sprint("g", i), Seq: seq, Waiting: rows(a.want, a.runs...), Room: a.room}
		k, _ := g.gates.hear(m.Gate, m.Seq, now)
		answer, _ := g.tokens(m, k, false, now)
		for _, gr := range answer.Grants {
			if now >= from {
				got[gr.Run] += gr.N
			}
			g.limiters[provider.Push].report(gr.ID, make([]time.Duration, gr.N), 0, now)
		}
		a.asks = now + answer.Again
		if answer.Again == 0 {
			a.asks = now + a.idle
		}
		if a.late != nil {
			a.asks += time.Duration(a.late.Int64N(int64(2 * time.Millisecond)))
		}
	}
}

const plenty = 1 << 20

// TestShares: whatever the runs, weights and gates, runs of one priority get shares in proportion to their weights, the limit is used, and a
// lower priority gets nothing while a higher one wants everything.
func TestShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{50, 200, 2000}).Draw(t, "limit")
		g := newGranter(actors.Limits{Push: limit}, 0)
		weights, sum := map[string]int{}, 0
		var names []string
		for i := range rapid.IntRange(1, 8).Draw(t, "runs") {
			name := fmt.Sprint("r", i)
			names = append(names, name)
			weights[name] = rapid.IntRange(1, 100).Draw(t, "weight")
			sum += weights[name]
			g.runs.set(actors.RunStanding{Campaign: "c", Run: name, Standing: actors.RunActive, Weight: weights[name]}, 0)
		}
		g.runs.set(actors.RunStanding{Campaign: "c", Run: "low", Standing: actors.RunActive, Priority: actors.PriorityLow, Weight: 100}, 0)
		var gates []*asker
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		for i := range time.Duration(rapid.IntRange(1, 4).Draw(t, "gates")) {
			gates = append(gates, &asker{want: plenty, asks: 2*time.Second + i, late: rng})
		}
		for _, name := range append([]string{"low"}, names...) { // each waits at one gate or more
			home := rapid.IntRange(0, len(gates)-1).Draw(t, "home")
			for i, a := range gates {
				if i == home || rapid.Bool().Draw(t, "also") {
					a.runs = append(a.runs, name)
				}
			}
		}
		const seconds = 20
		got := play(&g, gates, 4*time.Second, time.Duration(4+seconds)*time.Second)
		total := 0
		for _, n := range got {
			total += n
		}
		if want := limit * seconds * 98 / 100; total < want {
			t.Fatalf("%d given, want %d: %v", total, want, got)
		}
		if got["low"] > 0 {
			t.Fatalf("a lower priority got some: %v", got)
		}
		for _, name := range names {
			want := float64(total*weights[name]) / float64(sum)
			if d := float64(got[name]) - want; max(d, -d) > want*3/100+5 {
				t.Fatalf("run %s weighing %d of %d got %d, want %.0f: %v", name, weights[name], sum, got[name], want, got)
			}
		}
	})
}

// TestLowerPrioritiesGetTheRest: whatever the higher ones leave, also where they wait at another gate.
func TestLowerPrioritiesGetTheRest(t *testing.T) {
	for name, gates := range map[string][]*asker{
		"one gate":  {{runs: []string{"low", "high"}, want: 5, idle: 100 * time.Millisecond}, {runs: []string{"low"}, want: plenty}},
		"two gates": {{runs: []string{"high"}, want: 5, idle: 100 * time.Millisecond}, {runs: []string{"low"}, want: plenty}},
	} {
		g := newGranter(actors.Limits{Push: 200}, 0)
		for _, p := range []actors.Priority{actors.PriorityHigh, actors.PriorityLow} {
			g.runs.set(actors.RunStanding{Campaign: "c", Run: string(p), Standing: actors.RunActive, Priority: p}, 0)
		}
		for i, a := range gates {
			a.asks = 2*time.Second + time.Duration(i)
		}
		got := play(&g, gates, 4*time.Second, 24*time.Second)
		if high := got["high"]; high < 20*40 { // 5 each 100 ms, and the time that it takes to get them
			t.Errorf("%s: the higher priority got %d in 20 s, want about 50 a second: %v", name, high, got)
		}
		if sum := got["high"] + got["low"]; sum < 200*20*98/100 {
			t.Errorf("%s: %d given in 20 s: %v", name, sum, got)
		}
	}
}

// TestAGateThatIsLostHoldsNobodyUp: its high priority is waited for no longer than for its turn.
func TestAGateThatIsLostHoldsNobodyUp(t *testing.T) {
	g := newGranter(actors.Limits{Push: 200}, 0)
	g.runs.set(actors.RunStanding{Campaign: "c", Run: "high", Standing: actors.RunActive, Priority: actors.PriorityHigh}, 0)
	g.runs.set(actors.RunStanding{Campaign: "c", Run: "low", Standing: actors.RunActive, Priority: actors.PriorityLow}, 0)
	high := []*asker{{runs: []string{"high"}, want: plenty, asks: 2 * time.Second}}
	play(&g, high, 0, 3*time.Second)
	low := []*asker{{}, {runs: []string{"low"}, want: plenty, asks: 3 * time.Second}}
	low[0].asks = time.Hour // the other one, which is silent
	if got := play(&g, low, 0, 3*time.Second+gateGrace-10*time.Millisecond); got["low"] > 0 {
		t.Errorf("%d given while the other gate may come", got["low"])
	}
	if got := play(&g, low, 0, 4*time.Second); got["low"] < 100 {
		t.Errorf("%d given when it is gone", got["low"])
	}
}

// TestAGateOfANodeThatIsGoneIsNotWaitedFor: not even for its turn.
func TestAGateOfANodeThatIsGoneIsNotWaitedFor(t *testing.T) {
	g := newGranter(actors.Limits{Push: 200}, 0)
	g.runs.set(actors.RunStanding{Campaign: "c", Run: "high", Standing: actors.RunActive, Priority: actors.PriorityHigh}, 0)
	g.runs.set(actors.RunStanding{Campaign: "c", Run: "low", Standing: actors.RunActive, Priority: actors.PriorityLow}, 0)
	play(&g, []*asker{{runs: []string{"high"}, want: plenty, asks: 2 * time.Second}}, 0, 3*time.Second)
	g.gates.gone([]string{"g", "g0"})
	low := []*asker{{asks: time.Hour}, {runs: []string{"low"}, want: plenty, asks: 3 * time.Second}}
	if got := play(&g, low, 0, 3*time.Second+gateGrace-10*time.Millisecond); got["low"] < 40 {
		t.Errorf("%d given in the moment after the other gate was gone, want about 58", got["low"])
	}
}

// TestRoomBoundsWhatIsGiven: a gate that could start few calls gets no more tokens, and those go to the higher priority.
func TestRoomBoundsWhatIsGiven(t *testing.T) {
	g := newGranter(actors.Limits{Push: 2000}, 0)
	g.runs.set(actors.RunStanding{Campaign: "c", Run: "a", Standing: actors.RunActive, Weight: 30}, 0)
	g.runs.set(actors.RunStanding{Campaign: "c", Run: "b", Standing: actors.RunActive}, 0)
	g.runs.set(actors.RunStanding{Campaign: "c", Run: "low", Standing: actors.RunActive, Priority: actors.PriorityLow}, 0)
	got := play(&g, []*asker{{runs: []string{"low", "a", "b"}, want: 8, room: 8, asks: 2 * time.Second, idle: 10 * time.Millisecond}}, 0, 12*time.Second)
	if got["low"] > 0 || got["a"]+got["b"] != 8000 || got["a"] != 6000 {
		t.Errorf("%v, want 8 each 10 ms for 10 s, three quarters to a", got)
	}
}

// TestRankChangesWhileRunning: a run that gets another priority or weight is level with its new rivals.
func TestRankChangesWhileRunning(t *testing.T) {
	g := newGranter(actors.Limits{Push: 200}, 0)
	rank := func(run string, p actors.Priority, weight int) {
		g.runs.set(actors.RunStanding{Campaign: "c", Run: run, Standing: actors.RunActive, Priority: p, Weight: weight}, 0)
	}
	rank("a", "", 0)
	rank("b", "", 0)
	rank("late", actors.PriorityLow, 0)
	gates := []*asker{{runs: []string{"a", "late"}, want: plenty, asks: 2 * time.Second}, {runs: []string{"b"}, want: plenty, asks: 2*time.Second + 1}}
	from := 2 * time.Second
	expect := func(want map[string]int) {
		t.Helper()
		got := play(&g, gates, from, from+10*time.Second)
		from += 10 * time.Second
		for run, n := range want {
			if d := got[run] - n; max(d, -d) > 60 {
				t.Errorf("%v, want about %v", got, want)
			}
		}
	}
	expect(map[string]int{"a": 1000, "b": 1000, "late": 0})
	rank("late", actors.PriorityNormal, 20)
	expect(map[string]int{"a": 500, "b": 500, "late": 1000})
	rank("a", "", 30)
	expect(map[string]int{"a": 1000, "b": 333, "late": 667})
	rank("b", actors.PriorityHigh, 1)
	expect(map[string]int{"a": 0, "b": 2000, "late": 0})
	rank("b", "", 10)
	expect(map[string]int{"a": 1000, "b": 333, "late": 667})
}

// TestDemandByRank: the higher priority first, and bytes in proportion to the weights.
func TestDemandByRank(t *testing.T) {
	d := newDemand(1000)
	ranks := map[string][2]int{"a": {1, 30}, "b": {1, 10}, "low": {2, 100}, "high": {0, 1}}
	d.rank = func(run string) (int, int) { return ranks[run][0], ranks[run][1] }
	got := map[string]int{}
	for _, run := range []string{"low", "a", "b"} {
		for w := range uint32(8) {
			d.want(want(run, w+1, 100))
		}
	}
	take := func() (run string) {
		g, ok := d.next(all)
		if !ok {
			return ""
		}
		d.free(g.run, g.window, g.bytes)
		got[g.run] += g.bytes
		return g.run
	}
	for range 8 {
		take()
	}
	if fmt.Sprint(got) != "map[a:600 b:200]" {
		t.Errorf("%v, want three times as much for a", got)
	}
	d.want(want("high", 1, 100))
	if run := take(); run != "high" {
		t.Errorf("%s goes before the higher priority", run)
	}
	var order []string
	for run := take(); run != ""; run = take() {
		order = append(order, run)
	}
	if i := slices.Index(order, "low"); i != 8 || len(order) != 16 {
		t.Errorf("a lower priority is not the last: %v", order)
	}
}
