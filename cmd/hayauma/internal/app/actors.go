package app

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/catalog"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/composer"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/poster"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/tally"
	"hayauma.example/cluster"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/metrics"
	"hayauma.example/codec"
	"hayauma.example/engine"
)

// startActors starts the engine, lets it host every kind, and joins the fleet: its shards are claimed then, and overdue reminders wake what
// has work.
func (a *App) startActors(ctx context.Context) error {
	crash, err := crashFunc(a.opts.Getenv)
	if err != nil {
		return err
	}
	measured := metrics.Measure(a.store)
	a.store = measured
	incarnation := ulid.Make().String()
	if err := a.openFleet(ctx, incarnation); err != nil {
		return err
	}
	registry := messages()
	a.sys, err = engine.New(engine.Config{
		Log: a.log, Incarnation: incarnation, Messages: registry, Journal: a.member, Directory: a.member, Transport: a.wire(), Crash: crash,
	})
	if err != nil {
		return err
	}
	a.onStop("actors", a.sys.Stop)
	a.serve(crash)
	a.startList(registry)
	secret := a.store.ClusterID()
	a.metrics = metrics.New(metrics.Config{System: a.sys, Journal: measured, Member: a.member, Version: a.opts.Version, Secret: secret[:]})
	return a.join(ctx, incarnation)
}

// messages names everything that stands in the journal or goes from node to node.
func messages() *codec.Registry {
	r := codec.NewRegistry()
	campaign.Register(r)
	channel.Register(r)
	checker.Register(r)
	tally.Register(r)
	actors.RegisterMessages(r)
	return r
}

func (a *App) serve(crash func(string)) {
	most := cmp.Or(a.cfg.MaxInFlight, gate.DefaultInFlight)
	a.pool = line.NewPool(2 * most) // while channels take turns, up to twice as many calls may be in flight
	gates := gate.New(a.sys, gate.Deps{Provider: a.provider, MaxInFlight: most, May: a.member.May, Log: a.log})
	a.gates = gates
	channel.Serve(a.sys, channel.Deps{
		Provider: a.provider, Getenv: a.opts.Getenv, Budget: a.cfg.DemandBytes, May: a.member.May, Members: func() int { return int(a.posters.Load()) },
	})
	a.campaigns = campaign.Serve(a.sys, campaign.Deps{
		Objects: a.objects, Plan: a.plan, Crash: crash, Shard: func(role, key string) int { return cluster.ShardOf(role, key).Number },
	})
	composer.Serve(a.sys, composer.Deps{Objects: a.objects, Crash: crash})
	poster.Serve(a.sys, poster.Deps{Cluster: a.store.ClusterID(), Gates: gates, Crash: crash})
	checker.Serve(a.sys, checker.Deps{History: a.history, Crash: crash})
	tally.Serve(a.sys, actors.Statistics)
	tally.Serve(a.sys, actors.Usages)
}

// listPatience is how long a stop waits for the list, which only reads.
const listPatience = 500 * time.Millisecond

// startList has this node keep its list of campaigns, from the events of all nodes.
func (a *App) startList(registry *codec.Registry) {
	a.list = catalog.New(catalog.Config{Store: a.store, Messages: registry, Log: a.log})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.list.Run(ctx)
	}()
	a.onStop("list of campaigns", func(context.Context) error {
		cancel()
		patience := time.NewTimer(listPatience)
		defer patience.Stop()
		select {
		case <-ended:
		case <-patience.C: // NATS is away: what waits for its answer ends with the connection
		}
		return nil
	})
}

// provider makes a channel's client. All share connections, as their gates share calls.
func (a *App) provider(s actors.Settings) (provider.Provider, error) {
	if s.Provider != "line" {
		return nil, fmt.Errorf("provider %q is unknown: line is the only one", s.Provider)
	}
	return line.New(line.Config{Endpoint: s.Endpoint, Token: line.TokenFromEnv(s.TokenEnv, a.cfg.Node), Pool: a.pool})
}

// history reads what a run's checker has recorded.
func (a *App) history(ctx context.Context, run string) iter.Seq2[checker.Recorded, error] {
	return func(yield func(checker.Recorded, error) bool) {
		for r, err := range engine.History(ctx, a.sys, actors.Checkers, run) {
			event, _ := r.Event.(checker.Event)
			if !yield(checker.Recorded{At: r.At, Event: event}, err) {
				return
			}
		}
	}
}

func (a *App) handler() http.Handler {
	return api.New(api.Deps{
		System: a.sys, Store: a.store, List: a.list, Objects: a.objects, Token: a.cfg.Token, Temp: a.temp, Version: a.opts.Version,
		Metrics: a.metrics.Handler(), Ready: a.ready, Cluster: fleetView{a}, Stopping: a.late, Log: a.log,
	})
}
