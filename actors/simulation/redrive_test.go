package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/engine/journal"
)

func (m *mission) redriven() bool {
	return slices.ContainsFunc(m.orders, func(o order) bool { return o.what == redriveFailed || o.what == redriveUnknown })
}

func (w *world) redrive(m *mission, what actors.Redrive) error {
	r, err := insist[actors.Redriving](w, actors.Campaigns, m.id, actors.CampaignMsg(what))
	if err == nil {
		w.note("client", fmt.Sprintf("%s: %d recipients again, %d are left out, generation %d", m.name, r.Recipients, r.Left, r.Info.Generation), 0)
	}
	return err
}

// place is where a recipient is in its run.
type place struct {
	chunk, index uint32
	whole        actors.Span // the chunk
}

// lives are a campaign's generations, as its checker stored them.
type lives struct {
	cluster  uuid.UUID
	run      string
	windows  uint32
	reopened []checker.Reopened
}

// livesOf reads them off what was stored.
func (w *world) livesOf(m *mission, s story) lives {
	x := lives{cluster: w.memory.ClusterID(), run: s.info.Run}
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := map[[2]uint32]bool{} // a record may be stored twice
	for _, l := range w.lines {
		if l.what != "stored" || l.record.Grain.ID != s.info.Run && l.record.Grain.ID != m.id {
			continue
		}
		for _, e := range decoded(l.record) {
			switch e := e.(type) {
			case checker.Reopened:
				if id := [2]uint32{e.Generation, e.From}; !seen[id] {
					seen[id] = true
					x.reopened = append(x.reopened, e)
				}
			case campaign.WindowOpened:
				x.windows = max(x.windows, e.Number)
			}
		}
	}
	return x
}

func decoded(r journal.Record) (out []any) {
	for data := r.Data; len(data) > 0; {
		e, rest, err := cut(data)
		if err != nil {
			return out // a snapshot
		}
		out, data = append(out, e), rest
	}
	return out
}

func (x lives) any() bool { return len(x.reopened) > 0 }

// of are the reopenings of a recipient.
func (x lives) of(p place) (out []checker.Reopened) {
	for _, e := range x.reopened {
		if slices.ContainsFunc(e.Paths, func(s actors.Span) bool { return s.Lo <= p.index && p.index < s.Hi }) {
			out = append(out, e)
		}
	}
	return out
}

// judge tells whether a recipient got no generation twice, and two of them only where that was acknowledged.
func (x lives) judge(p place, got []linesim.Delivery) (why string, proper bool) {
	own := x.of(p)
	if len(own) == 0 {
		return fmt.Sprintf("it was never redriven and got %d messages", len(got)), len(got) < 2 || !x.any()
	}
	accepted := make([]int, len(own)+1)
	for _, d := range got {
		window, known := x.window(p, d.Key)
		if !known {
			return "it got a message under a key of no window", false
		}
		g := 0
		for g < len(own) && window > own[g].After {
			g++
		}
		accepted[g]++
	}
	total := 0
	for g, n := range accepted {
		switch {
		case n > 1:
			return fmt.Sprintf("it got its %d. generation %d times", g, n), false
		case n > 0 && total > 0 && own[g-1].State != actors.Unknown:
			return fmt.Sprintf("it got its %d. generation, which was raised from %v, beside an earlier one", g, own[g-1].State), false
		}
		total += n
	}
	return "", true
}

// window is the one whose key a message came under.
func (x lives) window(p place, key string) (uint32, bool) {
	paths := []actors.Span{{Lo: p.index, Hi: p.index + 1}}
	for s := p.whole; s.Len() > 1; {
		paths = append(paths, s)
		a, b := s.Halves()
		if s = a; p.index >= a.Hi {
			s = b
		}
	}
	for window := uint32(1); window <= x.windows; window++ {
		for _, path := range paths {
			if actors.RetryKey(x.cluster, x.run, window, p.chunk, path).String() == key {
				return window, true
			}
		}
	}
	return 0, false
}

// redrivePoints are the crash points that only a redrive reaches.
var redrivePoints = []point{{"campaign.redrive.asked", 2}, {"checker.reopened.after", 2}, {"campaign.replanned", 2}}

// redriving is a random scenario whose operator redrives at random moments, before and after the end, and pauses and cancels between; the process
// dies at random points, and at those of a redrive.
func redriving(seed uint64, dir *os.Root) scenario {
	rng := rand.New(rand.NewPCG(seed, 0x9ed))
	sc := armed(seed, random(seed, dir))
	sc.faults.ErrorAfter += 0.2 * rng.Float64() // in doubt, and so unknown
	sc.faults.Slow, sc.faults.SlowBy = 0.1, time.Duration(1+rng.IntN(20))*time.Second
	if sc.restore = 0; rng.IntN(2) == 0 {
		sc.restore = time.Duration(rng.Int64N(int64(time.Minute)))
	}
	if rng.IntN(2) == 0 { // so that it takes a while
		sc.limits = actors.Limits{Push: 2 + rng.IntN(5), Multicast: 1 + rng.IntN(4)}
	}
	for range rng.IntN(3) {
		p := redrivePoints[rng.IntN(len(redrivePoints))]
		sc.crashes = append(sc.crashes, crash{p.name, 1 + rng.IntN(p.often)})
	}
	for range rng.IntN(3) {
		sc.kills = append(sc.kills, time.Duration(rng.Int64N(int64(90*time.Second))))
	}
	for _, m := range sc.missions {
		m.orders, m.unknown = redrives(rng), nil
		for i := range m.rows {
			if m.rows[i].unknown = false; !m.rows[i].bad && (m.rows[i].personal && rng.IntN(3) == 0 || rng.IntN(100) == 0) {
				m.forget(i)
			}
		}
	}
	return sc
}

// redrives end with a resume or a cancel.
func redrives(rng *rand.Rand) (orders []order) {
	for range 1 + rng.IntN(6) {
		after := time.Duration(rng.Int64N(int64(8 * time.Second)))
		if rng.IntN(3) == 0 {
			after = time.Duration(rng.Int64N(int64(2 * time.Minute))) // mostly after the end
		}
		what := []orderKind{redriveFailed, redriveFailed, redriveUnknown, redriveUnknown, pause, resume}[rng.IntN(6)]
		orders = append(orders, order{after, what})
	}
	last := resume
	if rng.IntN(5) == 0 {
		last = cancel
	}
	return append(orders, order{time.Duration(rng.Int64N(int64(5 * time.Second))), last})
}

// TestRedrivesAtAnyMoment: whoever dies meanwhile, sums add up, nobody gets a generation twice, and two of them only who was unknown.
func TestRedrivesAtAnyMoment(t *testing.T) {
	for shard := range 2 {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			dir := openDir(t.TempDir())
			for n := shard; n < *seeds/2; n += 2 {
				if report(t, play(t, redriving(90_000+*first+uint64(n), dir))); t.Failed() {
					return
				}
			}
		})
	}
}

// TestEveryPointOfARedriveAlone lets the process die at each point that only a redrive reaches; the redrive is carried out all the same.
func TestEveryPointOfARedriveAlone(t *testing.T) {
	for i, p := range redrivePoints {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			m := newMission(fmt.Sprint("again-", i), 20, 510)
			m.forget(3)
			m.forget(4)
			m.forget(200)
			m.spoil(5)
			m.orders = []order{{30 * time.Second, redriveFailed}, {30 * time.Second, redriveFailed}}
			sc := scenario{seed: uint64(i), dir: openDir(t.TempDir()), missions: []*mission{m}, crashes: []crash{{p.name, 1}, {p.name, 2}}}
			sc.restore = 45 * time.Second // between the two: the first finds them unknown still
			r := play(t, sc)
			report(t, r)
			if len(r.world.armed) > 0 {
				t.Errorf("%s was not reached twice", p.name)
			}
			if got, want := r.ended[m.id].Totals, (actors.Totals{actors.Failed: 1, actors.Delivered: 529}); got != want {
				t.Errorf("%v, want %v", got, want)
			}
			if g := r.ended[m.id].Generation; g != 2 {
				t.Errorf("generation %d, want 2", g)
			}
		})
	}
}

// refusesAfter accepts, answers nothing, and then refuses, until a time: in truth everybody has it, and the ledger can't know.
type refusesAfter struct {
	provider.Provider
	w     *world
	until time.Duration
	seen  *sync.Map // keys
}

// Send implements provider.Provider.
func (p refusesAfter) Send(ctx context.Context, c provider.Call) provider.Answer {
	if p.w.now() >= p.until {
		return p.Provider.Send(ctx, c)
	}
	if _, again := p.seen.LoadOrStore(c.Key, true); again {
		return provider.Answer{Verdict: provider.Refused, Status: 403, Reason: "no"}
	}
	p.Provider.Send(ctx, c)
	return provider.Answer{Verdict: provider.Doubtful, Reason: "no answer"}
}

// TestWhoIsUnknownMayGetItTwice: but only with the acknowledgement.
func TestWhoIsUnknownMayGetItTwice(t *testing.T) {
	t.Parallel()
	m := newMission("twice", 5, 0)
	m.orders = []order{{time.Minute, redriveFailed}, {time.Minute, redriveUnknown}, {time.Minute, redriveUnknown}}
	sc := scenario{seed: 1, dir: openDir(t.TempDir()), missions: []*mission{m}}
	sc.mutate.provider = func(in *incarnation, p provider.Provider) provider.Provider {
		return refusesAfter{p, in.w, 90 * time.Second, &sync.Map{}}
	}
	r := play(t, sc)
	report(t, r)
	if got, want := r.ended[m.id], (actors.Totals{actors.Delivered: 5}); got.Totals != want || got.Generation != 1 {
		t.Errorf("generation %d, %v, want %v of generation 1", got.Generation, got.Totals, want)
	}
	for _, row := range m.rows {
		if n := len(r.world.sim.User(row.user)); n != 2 {
			t.Errorf("%d messages, want 2", n)
		}
	}
}
