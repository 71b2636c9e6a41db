package gate_test

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/provider"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/enginetest/bubble"
)

// crowd is a node with many channels, each with a limit and a provider of its own.
type crowd struct {
	sys   *engine.System
	gates *gate.Gates
	began time.Time

	mu     sync.Mutex
	of     map[string]gate.Wait       // by poster
	starts map[string][]time.Duration // by channel
	answer map[string]provider.Verdict
	took   map[string]time.Duration
}

func newCrowd(t *testing.T) *crowd {
	reg := codec.NewRegistry()
	channel.Register(reg)
	w := &crowd{
		of: map[string]gate.Wait{}, starts: map[string][]time.Duration{}, answer: map[string]provider.Verdict{}, took: map[string]time.Duration{},
	}
	w.sys = enginetest.NewSystem(t, enginetest.Options{Messages: reg})
	bad := func(actors.Settings) (provider.Provider, error) {
		return line{&world{quotaErr: fmt.Errorf("no quota")}}, nil
	}
	channel.Serve(w.sys, channel.Deps{Provider: bad, Getenv: func(string) string { return "token" }})
	engine.Serve(w.sys, actors.Campaigns, func(string) engine.Actor[actors.CampaignMsg] { return quiet{} })
	engine.Serve(w.sys, actors.Posters, func(id string) engine.Actor[actors.PosterMsg] { return caller{w, id} })
	w.gates = gate.New(w.sys, gate.Deps{Provider: bad})
	w.began = time.Now()
	return w
}

type quiet struct{}

func (quiet) Handle(*engine.Context[actors.CampaignMsg], actors.CampaignMsg) {}

// caller is a poster that tells what its channel's provider answers, and parks its call again.
type caller struct {
	w  *crowd
	id string
}

func (p caller) Handle(c *engine.Context[actors.PosterMsg], m actors.PosterMsg) {
	s, ok := m.(actors.Start)
	if !ok {
		return
	}
	w := p.w
	name, _, _ := strings.Cut(p.id, "/")
	g := w.gates.Of(name)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.starts[name] = append(w.starts[name], c.Now().Sub(w.began))
	wait, verdict, took := w.of[p.id], w.answer[name], w.took[name]
	g.Tell(gate.Started{Token: s.Token, At: c.Now()})
	c.Go(func(ctx context.Context) actors.PosterMsg {
		select {
		case <-bubble.After(took):
			g.Tell(gate.Ended{Token: s.Token, Verdict: verdict})
			g.Tell(wait)
		case <-ctx.Done():
		}
		return nil
	})
}

// add makes a channel of which more calls wait than its limit needs.
func (w *crowd) add(t *testing.T, name string, limit int) {
	s := actors.Settings{Name: name, Provider: "line", Endpoint: "https://api.line.me", TokenEnv: "LINE_TOKEN", Limits: actors.Limits{Push: limit}}
	if _, err := engine.Ask[actors.ChannelInfo](t.Context(), actors.Channels.Ref(w.sys, name), actors.ChannelMsg(actors.Configure{Settings: s})); err != nil {
		t.Fatal(err)
	}
	actors.Channels.Ref(w.sys, name).Tell(actors.RunStanding{Campaign: name, Run: name, Standing: actors.RunActive, Unsettled: 1000})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer[name], w.took[name] = cmp.Or(w.answer[name], provider.Accepted), cmp.Or(w.took[name], 30*ms)
	for i := range uint32(2*limit + 2) {
		id := fmt.Sprint(name, "/", i)
		w.of[id] = gate.Wait{Campaign: name, Run: name, Poster: id, Path: actors.Span{Lo: i, Hi: i + 1}}
		w.gates.Of(name).Tell(w.of[id])
	}
}

// TestChannelsDontSlowEachOther: on a node with 300 channels, those that are throttled, paused, broken or slow leave the others theirs.
func TestChannelsDontSlowEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const channels = 300
		limit := func(i int) int { return 2 + i%5*2 }
		w := newCrowd(t)
		for i := range channels {
			w.add(t, fmt.Sprint("c", i), limit(i))
		}
		w.answer["throttled"], w.answer["paused"], w.answer["broken"] = provider.Throttled, provider.Unauthorized, provider.Doubtful
		w.took["slow"] = 10 * time.Second
		for _, name := range []string{"throttled", "paused", "broken", "slow"} {
			w.add(t, name, 1000)
		}
		time.Sleep(13 * time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		for i := range channels {
			at := w.starts[fmt.Sprint("c", i)]
			if n, want := within(at, 3*time.Second, 13*time.Second), limit(i)*10*98/100; n < want {
				t.Errorf("channel %d started %d calls in 10 s, want %d", i, n, want)
			}
			if n := most(at); n > limit(i) {
				t.Errorf("channel %d started %d calls within a second, the limit is %d", i, n, limit(i))
			}
		}
		for name, want := range map[string][2]int{"throttled": {20, 1000}, "paused": {20, 200}, "broken": {20, 200}, "slow": {64, 8000}} {
			if n := len(w.starts[name]); n < want[0] || n > want[1] {
				t.Errorf("the %s channel started %d calls, want %d to %d: it is none", name, n, want[0], want[1])
			}
		}
	})
}
