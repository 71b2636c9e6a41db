package gate_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/provider"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// world is a real channel and its gate; posters, campaigns and the provider are played.
type world struct {
	t     *testing.T
	sys   *engine.System
	gates *gate.Gates
	began time.Time

	mu       sync.Mutex
	verdict  func(e provider.Endpoint) provider.Verdict // nil: accepted
	latency  time.Duration
	refuse   bool   // posters give every token back
	refuses  string // so does this one
	keep     bool   // posters withdraw nothing
	unheard  bool   // posters tell nothing of their calls
	quotaErr error
	standing map[string]actors.Standing
	waits    map[string]gate.Wait // by poster
	starts   []start
	gaveBack []string
	dropped  []string
	states   []string
	granted  []time.Duration // when composers were told, after the beginning
	panics   bool            // the channel's next description panics
}

// start is one call that started.
type start struct {
	at       time.Duration
	run      string
	poster   string
	endpoint provider.Endpoint
}

func newWorld(t *testing.T, l actors.Limits, deps gate.Deps) *world {
	reg := codec.NewRegistry()
	channel.Register(reg)
	w := &world{t: t, standing: map[string]actors.Standing{}, waits: map[string]gate.Wait{}}
	w.sys = enginetest.NewSystem(t, enginetest.Options{Messages: reg})
	channel.Serve(w.sys, channel.Deps{Provider: w.provider, Getenv: w.getenv})
	engine.Serve(w.sys, actors.Campaigns, func(string) engine.Actor[actors.CampaignMsg] { return campaign{w} })
	engine.Serve(w.sys, actors.Posters, func(id string) engine.Actor[actors.PosterMsg] { return poster{w, id} })
	engine.Serve(w.sys, actors.Composers, func(string) engine.Actor[actors.ComposerMsg] { return composer{w} })
	deps.Provider = w.provider
	w.gates = gate.New(w.sys, deps)
	w.began = time.Now()
	w.configure(l)
	return w
}

func (w *world) configure(l actors.Limits) {
	w.t.Helper()
	s := actors.Settings{Name: "shop", Provider: "line", Endpoint: "https://api.line.me", TokenEnv: "LINE_TOKEN", Limits: l}
	if _, err := engine.Ask[actors.ChannelInfo](w.t.Context(), w.channel(), actors.ChannelMsg(actors.Configure{Settings: s})); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) channel() engine.Ref[actors.ChannelMsg] { return actors.Channels.Ref(w.sys, "shop") }

func (w *world) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *world) getenv(string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.panics {
		w.panics = false
		panic("the test ends this activation")
	}
	return "token"
}

// restartChannel ends the channel's activation by a panic.
func (w *world) restartChannel() {
	w.set(func() { w.panics = true })
	if _, err := engine.Ask[actors.ChannelInfo](w.t.Context(), w.channel(), actors.ChannelMsg(actors.DescribeChannel{})); err == nil {
		w.t.Fatal("the channel did not panic")
	}
}

// run tells the standing of a run, from now on.
func (w *world) run(run string, s actors.Standing) {
	w.set(func() { w.standing[run] = s })
	w.channel().Tell(actors.RunStanding{Campaign: "c", Run: run, Standing: s})
}

// push parks n pushes of a run.
func (w *world) push(run string, n int) { w.park(run, n, provider.Push, func(*gate.Wait) {}) }

func (w *world) park(run string, n int, e provider.Endpoint, change func(*gate.Wait)) {
	for range n {
		i := uint32(len(w.waits))
		id := "shop/" + run + "-" + string(rune('0'+e)) + "-" + utoa(i)
		m := gate.Wait{Campaign: "c", Run: run, Poster: id, Path: actors.Span{Lo: i, Hi: i + 1}, Endpoint: e, Untried: true}
		change(&m)
		w.set(func() { w.waits[id] = m })
		w.gates.Of("shop").Tell(m)
	}
}

func utoa(n uint32) string { return strings.TrimSuffix(actors.Span{Lo: n}.String(), "-0") }

// record returns what a fake recorded so far.
func record[T any](w *world, from *[]T) []T {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(*from)
}

// times are when calls started, after the world's beginning.
func (w *world) times() (at []time.Duration) {
	for _, s := range record(w, &w.starts) {
		at = append(at, s.at)
	}
	return at
}

func (w *world) provider(actors.Settings) (provider.Provider, error) { return line{w}, nil }

// line is the provider as probes see it.
type line struct{ w *world }

func (line) Send(context.Context, provider.Call) provider.Answer { panic("posters are played") }
func (line) Validate(context.Context, provider.Endpoint, json.RawMessage) provider.Answer {
	panic("nobody validates")
}
func (l line) Quota(context.Context) (provider.Quota, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return provider.Quota{}, l.w.quotaErr
}

type campaign struct{ w *world }

func (f campaign) Handle(_ *engine.Context[actors.CampaignMsg], m actors.CampaignMsg) {
	switch m := m.(type) {
	case actors.StandingOf:
		f.w.mu.Lock()
		s := f.w.standing[m.Run]
		f.w.mu.Unlock()
		f.w.channel().Tell(actors.RunStanding{Campaign: "c", Run: m.Run, Standing: s})
	case actors.ChannelState:
		f.w.set(func() { f.w.states = append(f.w.states, m.Paused) })
	}
}

type composer struct{ w *world }

func (f composer) Handle(c *engine.Context[actors.ComposerMsg], m actors.ComposerMsg) {
	if _, ok := m.(actors.Granted); ok {
		f.w.set(func() { f.w.granted = append(f.w.granted, c.Now().Sub(f.w.began)) })
	}
}

type poster struct {
	w  *world
	id string
}

func (p poster) Handle(c *engine.Context[actors.PosterMsg], m actors.PosterMsg) {
	w := p.w
	switch m := m.(type) {
	case actors.Start:
		p.start(c, m)
	case actors.GiveBack:
		w.mu.Lock()
		w.gaveBack = append(w.gaveBack, p.id)
		wait, keep := w.waits[p.id], w.keep
		w.mu.Unlock()
		if keep {
			return
		}
		w.gates.Of("shop").Tell(gate.Withdraw{Run: wait.Run, Path: wait.Path, Poster: p.id})
	case actors.Drop:
		w.set(func() { w.dropped = append(w.dropped, p.id) })
	}
}

func (p poster) start(c *engine.Context[actors.PosterMsg], m actors.Start) {
	w, g, now := p.w, p.w.gates.Of("shop"), c.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unheard {
		return
	}
	refuse := w.refuse || p.id == w.refuses
	if refuse || !now.Before(m.Expires) {
		g.Tell(gate.Unused{Token: m.Token})
		if !refuse {
			g.Tell(w.waits[p.id])
		}
		return
	}
	if m.Provider == nil {
		w.t.Error("a token without a provider")
	}
	e := w.waits[p.id].Endpoint
	w.starts = append(w.starts, start{now.Sub(w.began), m.Run, p.id, e})
	if m.Report {
		g.Tell(gate.Started{Token: m.Token, At: now})
	}
	end := gate.Ended{Token: m.Token, Endpoint: e, Verdict: provider.Accepted}
	if w.verdict != nil {
		end.Verdict = w.verdict(e)
	}
	if w.latency == 0 {
		g.Tell(end)
		return
	}
	latency := w.latency
	c.Go(func(ctx context.Context) actors.PosterMsg {
		select {
		case <-time.After(latency):
			g.Tell(end)
		case <-ctx.Done():
		}
		return nil
	})
}
