package simulation

import (
	"context"
	"iter"
	"log/slog"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/composer"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/poster"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/recipient"
	"hayauma.example/actors/tally"
	"hayauma.example/cluster"
	"hayauma.example/cluster/clustertest"
	membership "hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

const token = "simulated-token"

// incarnation is one start of the process.
type incarnation struct {
	w      *world
	number int
	died   chan struct{}
	dead   atomic.Bool // from here on nothing that it does has an effect
	sys    *engine.System
	member *cluster.Member
	shared *membership.Client
	joined time.Duration // when it had joined, by the world's clock; guarded by w.mu
	sets   *recipient.Sets
}

// seldom are renewals for runs that last days: nobody judges a member alone by them.
var seldom = roster.Timers{Renew: 20 * time.Second, Lease: time.Minute, TakeOver: 80 * time.Second, Steady: 80 * time.Second, Crowd: 400 * time.Second}

var messages = registry()

func registry() *codec.Registry {
	r := codec.NewRegistry()
	campaign.Register(r)
	channel.Register(r)
	checker.Register(r)
	tally.Register(r)
	recipient.Register(r)
	return r
}

// start brings an incarnation up as the daemon does it.
func (w *world) start() (*incarnation, error) {
	w.mu.Lock()
	w.number++
	in := &incarnation{w: w, number: w.number, died: make(chan struct{}), shared: w.shared.Client(strconv.Itoa(w.number))}
	w.mu.Unlock()
	w.note("start", "", in.number)
	log := slog.New(handler{in})
	var store journal.Store = &store{Store: w.memory, in: in}
	if w.sc.mutate.store != nil {
		store = w.sc.mutate.store(in, store)
	}
	var err error
	in.member, err = clustertest.Alone(cluster.MemberConfig{
		Self: roster.Member{Roles: actors.AllRoles()}, Timers: seldom, Objects: in.shared, Journal: store, Log: log,
	})
	if err != nil {
		return nil, err
	}
	in.sys, err = engine.New(engine.Config{
		Log: log, Incarnation: in.member.Status().Incarnation, Messages: messages, Journal: in.member, Directory: in.member, Crash: in.reach,
	})
	if err != nil {
		return nil, err
	}
	in.serve(log)
	w.mu.Lock()
	w.live = in
	w.born.Broadcast()
	w.mu.Unlock()
	if err := in.join(); err != nil {
		w.note("not joined", err.Error(), in.number)
		in.die("start")
		return in, nil
	}
	w.mu.Lock()
	in.joined = max(1, w.now()) // the first one joins at 0
	w.mu.Unlock()
	return in, nil
}

// join claims the shards, unless the process dies before.
func (in *incarnation) join() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	joined := make(chan error, 1)
	go func() { joined <- in.member.Start(ctx, in.sys) }()
	select {
	case err := <-joined:
		return err
	case <-in.died:
		cancel()
		return <-joined
	}
}

func (in *incarnation) serve(log *slog.Logger) {
	objects := &objects{Objects: in.w.memory, in: in}
	gates := gate.New(in.sys, gate.Deps{Provider: in.provider, May: in.member.May, Log: log})
	channel.Serve(in.sys, channel.Deps{Provider: in.provider, Getenv: func(string) string { return token }, Budget: in.w.sc.budget})
	freezer := campaign.Freezer{Objects: objects, Dir: in.w.sc.dir, Check: line.CheckMessages, Sizes: plan.Options{ChunkRecipients: in.w.sc.chunk}}
	posters, campaigns := poster.Deps{Cluster: in.w.memory.ClusterID(), Gates: gates, Crash: in.reach}, campaign.Deps{
		Objects: objects, Plan: func(j campaign.PlanJob) (plan.Table, error) { return freezer.Freeze(j) }, Crash: in.reach, Keep: in.w.sc.keep}
	if in.w.sc.settled {
		in.serveRecipients()
		freezer.Settings, campaigns.Settings, posters.Suppress = in.settings, in.settings, in.suppress
	}
	campaign.Serve(in.sys, campaigns)
	tally.Serve(in.sys, actors.Statistics)
	tally.Serve(in.sys, actors.Usages)
	tally.Serve(in.sys, actors.Experiments)
	composer.Serve(in.sys, composer.Deps{Objects: objects, Crash: in.reach})
	in.servePosters(posters)
	in.serveCheckers(checker.Deps{History: in.history, Crash: in.reach})
}

func (in *incarnation) servePosters(d poster.Deps) {
	wrap := in.w.sc.mutate.poster
	if wrap == nil {
		poster.Serve(in.sys, d)
		return
	}
	engine.Serve(in.sys, actors.Posters, func(id string) engine.Actor[actors.PosterMsg] { return wrap(in, poster.New(&d, id)) })
}

func (in *incarnation) serveCheckers(d checker.Deps) {
	wrap := in.w.sc.mutate.checker
	if wrap == nil {
		checker.Serve(in.sys, d)
		return
	}
	engine.ServeDurable(in.sys, actors.Checkers, func(string) engine.Durable[actors.CheckerMsg, checker.Event] { return wrap(in, checker.New(d)) })
}

func (in *incarnation) provider(s actors.Settings) (provider.Provider, error) {
	var p provider.Provider = &caller{Provider: in.w.simOf(s.Name).Provider(token), in: in, channel: s.Name}
	if in.w.sc.mutate.provider != nil {
		p = in.w.sc.mutate.provider(in, p)
	}
	return p, nil
}

func (in *incarnation) history(ctx context.Context, run string) iter.Seq2[checker.Recorded, error] {
	return func(yield func(checker.Recorded, error) bool) {
		for r, err := range engine.History(ctx, in.sys, actors.Checkers, run) {
			event, _ := r.Event.(checker.Event)
			if !yield(checker.Recorded{At: r.At, Event: event}, err) {
				return
			}
		}
	}
}

// reach is every named crash point: an armed one ends the incarnation here and now.
func (in *incarnation) reach(point string) {
	if in.dead.Load() {
		return
	}
	if in.w.arrive(in.number, point) {
		in.die(point)
	}
}

// arrive counts a point and tells whether it is the end.
func (w *world) arrive(number int, point string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[point]++
	w.lines = append(w.lines, entryOf(w, "point", point, number))
	for i, c := range w.armed {
		if c.point == point && w.counts[point] >= c.nth && !w.over {
			w.armed = append(append([]crash(nil), w.armed[:i]...), w.armed[i+1:]...)
			return true
		}
	}
	return false
}

// die stops everything at once, from wherever it is called.
func (in *incarnation) die(why string) {
	if in.dead.Swap(true) {
		return
	}
	in.w.mu.Lock()
	if in.w.live == in {
		in.w.live = nil
	}
	in.w.mu.Unlock()
	in.w.note("died", why, in.number)
	in.shared.Cut()
	in.sys.Kill()
	if in.sets != nil {
		in.sets.Close()
	}
	close(in.died)
}

// bury frees what a dead incarnation left.
func (in *incarnation) bury() { in.member.Kill() }

// openDir opens the directory for temporary files of a test.
func openDir(path string) *os.Root {
	root, err := os.OpenRoot(path)
	if err != nil {
		panic(err)
	}
	return root
}
