package channel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/provider"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/enginetest/bubble"
	"hayauma.example/engine/journal"
)

// world is a channel with everybody who talks with it played by the test.
type world struct {
	t     *testing.T
	sys   *engine.System
	store journal.Store
	seq   uint64
	log   *slog.Logger

	mu     sync.Mutex
	env    map[string]string
	quota  provider.Quota
	err    error
	probes []time.Time
	asked  []string // "campaign run"
	states []string // "campaign: reason"
	grants []string // "composer bytes"
	onEnv  func()
	took   time.Duration // by an answer about the quota
	asking int           // questions about it under way
	most   int           // at once
}

func newWorld(t *testing.T) *world { return newLoggedWorld(t, nil) }

// newLoggedWorld has a log of its own; nil: the test's output.
func newLoggedWorld(t *testing.T, log *slog.Logger) *world {
	w := &world{t: t, store: enginetest.NewStore(), env: map[string]string{"LINE_TOKEN": "x"}, log: log}
	w.start()
	return w
}

// start makes a system over the same store; the one before is killed.
func (w *world) start() {
	if w.sys != nil {
		w.sys.Kill()
	}
	reg := codec.NewRegistry()
	channel.Register(reg)
	w.sys = enginetest.NewSystem(w.t, enginetest.Options{Store: w.store, Messages: reg, Log: w.log})
	channel.Serve(w.sys, channel.Deps{
		Provider: func(actors.Settings) (provider.Provider, error) { return fakeProvider{w}, nil },
		Getenv:   w.getenv,
		Budget:   1000,
	})
	engine.Serve(w.sys, actors.Campaigns, func(id string) engine.Actor[actors.CampaignMsg] { return fakeCampaign{w, id} })
	engine.Serve(w.sys, actors.Composers, func(id string) engine.Actor[actors.ComposerMsg] { return fakeComposer{w, id} })
}

func (w *world) getenv(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.onEnv != nil {
		w.onEnv()
	}
	return w.env[name]
}

type fakeProvider struct{ w *world }

func (fakeProvider) Send(context.Context, provider.Call) provider.Answer {
	panic("a channel sends nothing")
}
func (fakeProvider) Validate(context.Context, provider.Endpoint, json.RawMessage) provider.Answer {
	panic("a channel validates nothing")
}
func (p fakeProvider) Quota(ctx context.Context) (provider.Quota, error) {
	p.w.mu.Lock()
	p.w.probes = append(p.w.probes, time.Now())
	p.w.asking++
	p.w.most = max(p.w.most, p.w.asking)
	took := p.w.took
	p.w.mu.Unlock()
	select {
	case <-bubble.After(took):
	case <-ctx.Done():
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.asking--
	if err := ctx.Err(); err != nil {
		return provider.Quota{}, err
	}
	return p.w.quota, p.w.err
}

type fakeCampaign struct {
	w  *world
	id string
}

func (f fakeCampaign) Handle(_ *engine.Context[actors.CampaignMsg], m actors.CampaignMsg) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	switch m := m.(type) {
	case actors.StandingOf:
		f.w.asked = append(f.w.asked, f.id+" "+m.Run)
	case actors.ChannelState:
		f.w.states = append(f.w.states, f.id+": "+m.Paused+m.Held)
	}
}

type fakeComposer struct {
	w  *world
	id string
}

func (f fakeComposer) Handle(_ *engine.Context[actors.ComposerMsg], m actors.ComposerMsg) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if g, ok := m.(actors.Granted); ok {
		f.w.grants = append(f.w.grants, fmt.Sprintf("%s %d", f.id, g.Bytes))
	}
}

// take returns what a fake recorded and forgets it.
func take[T any](w *world, from *[]T) []T {
	w.mu.Lock()
	defer w.mu.Unlock()
	got := slices.Clone(*from)
	*from = nil
	return got
}

func (w *world) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *world) tell(m actors.ChannelMsg) { actors.Channels.Ref(w.sys, "shop").Tell(m) }

func ask[R any](w *world, m actors.ChannelMsg) (R, error) {
	return engine.Ask[R](w.t.Context(), actors.Channels.Ref(w.sys, "shop"), m)
}

// must asks for what has to succeed.
func must[R any](w *world, m actors.ChannelMsg) R {
	w.t.Helper()
	r, err := ask[R](w, m)
	if err != nil {
		w.t.Fatalf("%T: %v", m, err)
	}
	return r
}

// refused asks for what has to be refused with a status.
func (w *world) refused(m actors.ChannelMsg, status int) {
	w.t.Helper()
	var p actors.Problem
	if _, err := ask[actors.ChannelInfo](w, m); !errors.As(err, &p) || p.Status != status {
		w.t.Errorf("%T: %v, want a problem with status %d", m, err, status)
	}
}

func settings(l actors.Limits) actors.Settings {
	return actors.Settings{Name: "shop", Provider: "line", Endpoint: "https://api.line.me", TokenEnv: "LINE_TOKEN", Limits: l}
}

func (w *world) configure(l actors.Limits) {
	w.t.Helper()
	must[actors.ChannelInfo](w, actors.Configure{Settings: settings(l)})
}

func (w *world) standing(run string, s actors.Standing) {
	w.tell(actors.RunStanding{Campaign: "c-" + run, Run: run, Standing: s})
}

// tokens asks as the gate does.
func (w *world) tokens(m actors.WantTokens) actors.Tokens {
	w.t.Helper()
	w.seq++
	m.Gate = "gate"
	if m.Seq == 0 {
		m.Seq = w.seq
	}
	return must[actors.Tokens](w, m)
}

func waiting(runs ...string) (rows []actors.RunWaiting) {
	for _, r := range runs {
		rows = append(rows, actors.RunWaiting{Campaign: "c-" + r, Run: r, Push: 1000})
	}
	return rows
}

func trouble(v provider.Verdict, words string) actors.WantTokens {
	return actors.WantTokens{Waiting: waiting("a"), Trouble: []actors.Trouble{{Verdict: v, Reason: words, Count: 1}}}
}
