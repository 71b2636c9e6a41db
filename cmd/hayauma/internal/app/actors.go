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
	"hayauma.example/actors/message"
	"hayauma.example/actors/poster"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/publish"
	"hayauma.example/actors/recipient"
	"hayauma.example/actors/tally"
	"hayauma.example/actors/webhook"
	"hayauma.example/cluster"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/census"
	"hayauma.example/cmd/hayauma/internal/metrics"
	"hayauma.example/cmd/hayauma/internal/web"
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
	if err := a.startTracing(ctx); err != nil {
		return err
	}
	registry := messages()
	a.sys, err = engine.New(engine.Config{
		Log: a.log, Incarnation: incarnation, Messages: registry, Journal: a.member, Directory: a.member, Transport: a.wire(), Crash: crash, Tracer: a.tracing.Tracer(),
	})
	if err != nil {
		return err
	}
	a.onStop("actors", a.sys.Stop)
	a.watchTroubles()
	gates := a.serve(registry, crash)
	if err := a.drill(); err != nil {
		return err
	}
	a.startList(registry)
	if a.census, err = census.New(a.sys, a.nodes); err != nil {
		return err
	}
	a.metrics = a.measures(measured, gates)
	if err := a.join(ctx, incarnation); err != nil {
		return err
	}
	a.startPublishing()
	return nil
}

// messages names everything that stands in the journal or goes from node to node.
func messages() *codec.Registry {
	r := codec.NewRegistry()
	campaign.Register(r)
	channel.Register(r)
	checker.Register(r)
	tally.Register(r)
	recipient.Register(r)
	message.Register(r)
	webhook.Register(r)
	publish.Register(r)
	actors.RegisterMessages(r)
	census.Register(r)
	return r
}

func (a *App) serve(registry *codec.Registry, crash func(string)) *gate.Gates {
	most := cmp.Or(a.cfg.MaxInFlight, gate.DefaultInFlight)
	a.pool = line.NewPool(2 * most) // while channels take turns, up to twice as many calls may be in flight
	a.judged, a.figures, a.webhooks, a.singles = &checker.Judged{}, &channel.AllFigures{}, &webhook.Figures{}, &message.Counted{}
	a.startSets()
	gates := gate.New(a.sys, gate.Deps{Provider: a.provider, MaxInFlight: most, May: a.member.May, Log: a.log})
	a.gates = gates
	channel.Serve(a.sys, channel.Deps{
		Provider: a.provider, Getenv: a.opts.Getenv, Budget: a.cfg.DemandBytes, May: a.member.May, Members: func() int { return int(a.posters.Load()) },
		Figures: a.figures,
	})
	a.campaigns = campaign.Serve(a.sys, campaign.Deps{
		Objects: a.objects, Plan: a.plan, Crash: crash, Keep: a.cfg.Retention, Shard: shardNumber, Settings: a.settings,
	})
	composer.Serve(a.sys, composer.Deps{Objects: a.objects, Crash: crash})
	poster.Serve(a.sys, poster.Deps{Cluster: a.store.ClusterID(), Gates: gates, Crash: crash, Suppress: a.suppress})
	checker.Serve(a.sys, checker.Deps{History: a.history, Crash: crash, Judged: a.judged})
	tally.Serve(a.sys, actors.Statistics)
	tally.Serve(a.sys, actors.Usages)
	tally.Serve(a.sys, actors.Experiments)
	recipient.Serve(a.sys, a.books)
	message.Serve(a.sys, message.Deps{Crash: crash, Counted: a.singles, Budget: a.cfg.DemandBytes})
	webhook.Serve(a.sys, webhook.Deps{
		Store: a.store, Objects: a.objects, Messages: registry, Cluster: a.store.ClusterID(), Getenv: a.opts.Getenv,
		Figures: a.webhooks,
	})
	publish.Serve(a.sys, publish.Deps{Store: a.store, Messages: registry, Cluster: a.store.ClusterID(), Out: a.outlet, Node: a.cfg.Node})
	return gates
}

// measures makes the registry.
func (a *App) measures(journal *metrics.Journal, gates metrics.Gates) *metrics.Registry {
	secret := a.store.ClusterID()
	return metrics.New(metrics.Config{
		System: a.sys, Journal: journal, Member: a.member, Peers: a.peers(), Version: a.opts.Version, Secret: secret[:], AllActors: a.cfg.MetricsActors,
		Delivery:  metrics.Delivery{Gates: gates, Channels: a.figures, Judged: a.judged, Traffic: &a.traffic},
		Campaigns: metrics.Campaigns{List: a.list, Figures: &a.campaigns.Figures, ShardOf: func(id string) int { return shardNumber(actors.RoleComposer, id) }},
		Webhooks:  a.webhooks, Singles: a.singles, Spans: a.tracing.Dropped,
	})
}

func shardNumber(role, key string) int { return cluster.ShardOf(role, key).Number }

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

func (a *App) handler() *api.API {
	return api.New(api.Deps{
		System: a.sys, Store: a.store, List: a.list, Objects: a.objects, Token: a.cfg.Token, Temp: a.temp, Version: a.opts.Version,
		Metrics: a.metrics.Handler(), Ready: a.ready, Cluster: fleetView{a}, Provider: a.provider, Room: a.roomForTemp, Stopping: a.late, Log: a.log,
		Recipients: a.books, Settings: a.settings, Census: a.census, Traffic: &a.traffic,
	})
}

// console is the API with pages for people before it.
func (a *App) console(h http.Handler) http.Handler {
	secret := a.store.ClusterID()
	return api.Browsers(a.cfg.Token, web.New(web.Config{
		API: h, Token: a.cfg.Token, Secret: secret[:], Version: a.opts.Version, Stopping: a.late, Log: a.log,
	}))
}
