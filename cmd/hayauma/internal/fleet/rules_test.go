package fleet_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/poster"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/cmd/hayauma/internal/fleet"
	"hayauma.example/engine"
)

// witness sees what a checker records.
type witness struct {
	*checker.Checker
	mu       *sync.Mutex
	redriven *actors.Set // guarded by mu
}

// Apply implements engine.Durable.
func (k witness) Apply(e checker.Event) {
	if r, ok := e.(checker.Redriven); ok {
		k.mu.Lock()
		defer k.mu.Unlock()
		for _, p := range r.Paths {
			k.redriven.Add(p)
		}
	}
	k.Checker.Apply(e)
}

// TestOnlyWhatWasLostIsSentAgain: of three nodes with posters one dies while hundreds of paths wait for tokens. What it had is sent again at
// once, the rest is not; the last recipient is served no later than the limit allows and the death cost.
func TestOnlyWhatWasLostIsSentAgain(t *testing.T) {
	var mu sync.Mutex
	var redriven actors.Set
	o := fleet.Options{Seed: 7, Limits: pace, Faults: quick, Mutant: fleet.Mutant{
		Checker: func(k *checker.Checker) engine.Durable[actors.CheckerMsg, checker.Event] {
			return witness{k, &mu, &redriven}
		},
	}}
	play(t, o, func(w *fleet.World) {
		nodes := w.Boot([]string{actors.RoleComposer, actors.RoleChecker}, []string{actors.RolePoster}, []string{actors.RolePoster}, []string{actors.RolePoster})
		w.Configure()
		m := w.NewMission("only", 400, 0)
		m.Within = 400*time.Second/50 + 2*time.Second
		send(w, []*fleet.Mission{m}, func() {
			time.Sleep(2500 * time.Millisecond) // a third of 400 is sent
			w.Kill(nodes[2])
		})
	})
	mu.Lock()
	defer mu.Unlock()
	if n := redriven.Len(); n < 40 || n > 160 {
		t.Errorf("%d of some 275 unsent recipients were sent again, want about the third that the dead node had", n)
	}
}

// TestNobodyCarriesPosters: the campaign says what it waits for, and goes on by itself when a node comes.
func TestNobodyCarriesPosters(t *testing.T) {
	play(t, fleet.Options{Seed: 3, Limits: pace, Faults: quick}, func(w *fleet.World) {
		nodes := w.Boot([]string{actors.RoleComposer, actors.RoleChecker}, []string{actors.RolePoster})
		w.Configure()
		m := w.NewMission("patient", 200, 20)
		m.Unknown = true
		m.Within = 20*time.Second + 200*time.Second/50 + 3*time.Second
		send(w, []*fleet.Mission{m}, func() {
			time.Sleep(time.Second)
			w.Kill(nodes[1])
			time.Sleep(2 * time.Second)
			i, err := fleet.Ask[actors.Info](w, actors.Campaigns, m.ID, actors.CampaignMsg(actors.Show{}))
			if want := "waiting: no node carries the role poster"; err != nil || i.State != actors.StateRunning || i.Reason != want {
				t.Errorf("%s %q %v, want it to run and say %q", i.State, i.Reason, err, want)
			}
			time.Sleep(17 * time.Second)
			w.Boot([]string{actors.RolePoster})
		})
	})
}

// TestNobodyCarriesCheckers: likewise; what is shown says that the figures are missing.
func TestNobodyCarriesCheckers(t *testing.T) {
	play(t, fleet.Options{Seed: 3, Limits: pace, Faults: quick}, func(w *fleet.World) {
		w.Boot([]string{actors.RoleComposer}, []string{actors.RolePoster})
		w.Configure()
		m := w.NewMission("patient", 50, 20)
		m.Within = 15 * time.Second
		send(w, []*fleet.Mission{m}, func() {
			time.Sleep(5 * time.Second)
			i, err := fleet.Ask[actors.Info](w, actors.Campaigns, m.ID, actors.CampaignMsg(actors.Show{}))
			if want := "waiting: no node carries the role checker, which has the figures"; err != nil || i.Reason != want {
				t.Errorf("%s %q %v, want %q", i.State, i.Reason, err, want)
			}
			time.Sleep(5 * time.Second)
			w.Boot([]string{actors.RoleChecker})
		})
	})
}

// TestProblemsCross: a refusal is a Problem, whichever node is asked.
func TestProblemsCross(t *testing.T) {
	play(t, fleet.Options{Seed: 3}, func(w *fleet.World) {
		w.Boot(split...)
		w.Configure()
		for range 10 {
			_, err := fleet.Ask[actors.Info](w, actors.Campaigns, "nobody", actors.CampaignMsg(actors.Show{}))
			if p, ok := errors.AsType[actors.Problem](err); !ok || p.Status != 404 || p.Title != "no such campaign" {
				t.Errorf("%T %v", err, err)
			}
		}
	})
}

// TestLimitHoldsWhileTheChannelMoves: the channel's node dies, leaves, or loses its lease, again and again, while three nodes call as
// often as they may. No second holds more starts than the limit, which the judge counts, and none of the falls costs more than it must.
func TestLimitHoldsWhileTheChannelMoves(t *testing.T) {
	for name, fall := range map[string]struct {
		do   func(w *fleet.World, n *fleet.Node)
		most time.Duration // between two starts
	}{
		"dies":   {func(w *fleet.World, n *fleet.Node) { w.Kill(n); w.Boot(all) }, 800 * time.Millisecond}, // 200 ms of them to notice
		"leaves": {func(w *fleet.World, n *fleet.Node) { w.Leave(n); w.Boot(all) }, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, fleet.Options{Seed: 5, Limits: pace, Faults: quick, Latency: 2 * time.Millisecond}, func(w *fleet.World) {
				w.Boot(all, all, all)
				w.Configure()
				m := w.NewMission("steady", 800, 0)
				send(w, []*fleet.Mission{m}, func() {
					for range 4 {
						time.Sleep(3 * time.Second)
						fall.do(w, w.Owner.(*fleet.Script).OwnerOf(actors.RolePoster, "shop"))
					}
				})
				starts := w.Starts(provider.Push)
				for i := 1; i < len(starts); i++ {
					if gap := starts[i] - starts[i-1]; gap > fall.most {
						t.Errorf("no call between %v and %v, %v", starts[i-1], starts[i], gap)
					}
				}
			})
		})
	}
}

// TestNoLeaseNoCall: a node whose lease has lapsed starts nothing, which the judge sees; the others go on, and so does it afterwards.
func TestNoLeaseNoCall(t *testing.T) {
	play(t, fleet.Options{Seed: 5, Limits: pace, Faults: quick}, func(w *fleet.World) {
		nodes := w.Boot(all, all)
		w.Configure()
		m := w.NewMission("held", 200, 0)
		m.Within = 12 * time.Second
		send(w, []*fleet.Mission{m}, func() {
			s := w.Owner.(*fleet.Script)
			for range 4 {
				for _, n := range nodes {
					time.Sleep(300 * time.Millisecond)
					s.Hold(n, true)
					time.Sleep(700 * time.Millisecond)
					s.Hold(n, false)
				}
			}
		})
	})
}

// deaf is a checker that forgets that paths were sent again.
type deaf struct{ *checker.Checker }

// Apply implements engine.Durable.
func (k deaf) Apply(e checker.Event) {
	if _, ok := e.(checker.Redriven); !ok {
		k.Checker.Apply(e)
	}
}

// another is a poster that takes a re-drive for a window of its own.
type another struct{ *poster.Poster }

// Handle implements engine.Actor.
func (p another) Handle(c *engine.Context[actors.PosterMsg], m actors.PosterMsg) {
	if post, ok := m.(actors.Post); ok && post.Number > 0 {
		post.Window += 1000
		m = post
	}
	p.Poster.Handle(c, m)
}

// generous is a channel whose fresh activation grants at once.
type generous struct {
	*channel.Channel
	born time.Time
	last uint64
}

// Started implements engine.Starter.
func (ch *generous) Started(c *engine.Context[actors.ChannelMsg]) {
	ch.born = time.Now()
	ch.Channel.Started(c)
}

// Handle implements engine.Actor.
func (ch *generous) Handle(c *engine.Context[actors.ChannelMsg], m actors.ChannelMsg) {
	q, ok := m.(actors.WantTokens)
	if !ok || time.Since(ch.born) > 100*time.Millisecond {
		ch.Channel.Handle(c, m)
		return
	}
	answer := actors.Tokens{Seq: q.Seq, Again: time.Millisecond, Setup: actors.Settings{Name: "shop"}}
	for _, w := range q.Waiting {
		ch.last++
		answer.Grants = append(answer.Grants, actors.Grant{ID: 1<<62 + ch.last, Run: w.Run, N: 20})
	}
	c.Respond(answer)
}

// TestMutantsAreFound: the product with one rule broken, in a story that needs it.
func TestMutantsAreFound(t *testing.T) {
	for _, x := range []struct {
		name, verdict string
		mutant        fleet.Mutant
		story         func(w *fleet.World)
		faults        linesim.Faults
	}{
		{"a re-drive under a new window", "messages (", fleet.Mutant{
			Poster: func(p *poster.Poster) engine.Actor[actors.PosterMsg] { return another{p} },
		}, dying, linesim.Faults{Latency: 300 * time.Millisecond}},
		{"a fresh channel grants at once", "the limit is", fleet.Mutant{
			Channel: func(ch *channel.Channel) engine.Durable[actors.ChannelMsg, channel.Event] {
				return &generous{Channel: ch}
			},
		}, dying, quick},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := fleet.Options{Seed: 11, Limits: pace, Faults: x.faults, Mutant: x.mutant}
			wrong, _ := told(t, o, x.story)
			if all := strings.Join(wrong, "\n"); !strings.Contains(all, x.verdict) {
				t.Errorf("not found: %q", wrong)
			}
			o.Mutant = fleet.Mutant{}
			if wrong, _ := told(t, o, x.story); len(wrong) > 0 {
				t.Errorf("found without the mutant: %q", wrong)
			}
		})
	}
}

// dying: nodes die one after another, with calls under way.
func dying(w *fleet.World) {
	w.Boot(all, all, all)
	w.Configure()
	m := w.NewMission("dying", 300, 0)
	m.Unknown = true
	send(w, []*fleet.Mission{m}, func() {
		for range 3 {
			time.Sleep(1500 * time.Millisecond)
			w.Kill(w.Owner.(*fleet.Script).OwnerOf(actors.RolePoster, "shop"))
			w.Boot(all)
		}
	})
}
