package fleet

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/composer"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/message"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/poster"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/recipient"
	"hayauma.example/cluster"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// Node is one start of one process.
type Node struct {
	Name      string // the incarnation
	Home      string // the node's name, which its next start has too
	Roles     []string
	Sys       *engine.System
	Gates     *gate.Gates
	Local     *campaign.Local
	Transport *enginetest.Member
	Store     journal.Store // the world's, as this node sees it
	Objects   journal.Objects
	Log       *slog.Logger

	w    *World
	dead atomic.Bool // from here on nothing that it does has an effect
}

// Dead tells whether the process has ended.
func (n *Node) Dead() bool { return n.dead.Load() }

// Carries tells whether a role is the node's.
func (n *Node) Carries(role string) bool { return slices.Contains(n.Roles, role) }

// start brings a node up as the daemon does it, until it may join; home "": a node that was never there.
func (w *World) start(home string, roles []string) *Node {
	w.T.Helper()
	w.mu.Lock()
	w.number++
	number := w.number
	w.mu.Unlock()
	n := &Node{Name: w.Owner.Incarnation(number), Home: cmp.Or(home, fmt.Sprintf("n%d", number)), Roles: roles, w: w}
	n.Log = slog.New(handler{w, n.Name})
	n.Store, n.Objects = w.Owner.Connect(n)
	if w.o.Mutant.Store != nil {
		n.Store = w.o.Mutant.Store(n.Store)
	}
	n.Transport = w.Net.Join(n.Name)
	directory, ledger := w.Owner.Attach(n)
	messages := codec.NewRegistry()
	actors.RegisterMessages(messages)
	campaign.Register(messages)
	channel.Register(messages)
	checker.Register(messages)
	recipient.Register(messages)
	message.Register(messages)
	var err error
	n.Sys, err = engine.New(engine.Config{
		Log: n.Log, Incarnation: n.Name, Messages: messages, Journal: ledger, Directory: directory, Transport: n.Transport,
	})
	if err != nil {
		w.T.Fatalf("fleet: %v", err)
	}
	n.serve()
	w.mu.Lock()
	w.nodes = append(w.nodes, n)
	w.mu.Unlock()
	w.Note(n.Name, "starts")
	return n
}

// books are where users' settings are: the same for every node.
var books = sync.OnceValue(func() *recipient.Addresses {
	return recipient.NewAddresses(func(role, key string) int { return cluster.ShardOf(role, key).Number })
})

func (n *Node) serve() {
	o, owner := n.w.o, n.w.Owner
	may := func() bool { return o.Mutant.NoLease || owner.May(n) }
	n.Gates = gate.New(n.Sys, gate.Deps{Provider: n.provider, Log: n.Log, May: may})
	if n.Carries(actors.RolePoster) {
		n.serveChannels(channel.Deps{
			Provider: n.provider, Getenv: func(string) string { return Token }, Budget: o.Budget, May: may,
			Members: func() int { return owner.Carriers(n, actors.RolePoster) },
		})
		n.servePosters(poster.Deps{Cluster: n.w.Store.ClusterID(), Gates: n.Gates})
		recipient.Serve(n.Sys, books())
		message.Serve(n.Sys, message.Deps{})
	}
	if n.Carries(actors.RoleComposer) {
		freezer := campaign.Freezer{Objects: n.Objects, Dir: o.Dir, Check: line.CheckMessages, Sizes: plan.Options{ChunkRecipients: o.Chunk}}
		n.Local = campaign.Serve(n.Sys, campaign.Deps{
			Objects: n.Objects, Plan: freezer.Freeze, Shard: func(role, key string) int { return cluster.ShardOf(role, key).Number },
		})
		composer.Serve(n.Sys, composer.Deps{Objects: n.Objects})
	}
	if n.Carries(actors.RoleChecker) {
		n.serveCheckers(checker.Deps{})
	}
}

func (n *Node) servePosters(d poster.Deps) {
	wrap := n.w.o.Mutant.Poster
	if wrap == nil {
		poster.Serve(n.Sys, d)
		return
	}
	d.Crash = func(string) {}
	engine.Serve(n.Sys, actors.Posters, func(id string) engine.Actor[actors.PosterMsg] { return wrap(poster.New(&d, id)) })
}

func (n *Node) serveChannels(d channel.Deps) {
	wrap := n.w.o.Mutant.Channel
	if wrap == nil {
		channel.Serve(n.Sys, d)
		return
	}
	engine.ServeDurable(n.Sys, actors.Channels, func(id string) engine.Durable[actors.ChannelMsg, channel.Event] { return wrap(channel.New(d, id)) })
}

func (n *Node) serveCheckers(d checker.Deps) {
	wrap := n.w.o.Mutant.Checker
	if wrap == nil {
		checker.Serve(n.Sys, d)
		return
	}
	checker.Listen()
	engine.ServeDurable(n.Sys, actors.Checkers, func(string) engine.Durable[actors.CheckerMsg, checker.Event] { return wrap(checker.New(d)) })
}

func (n *Node) provider(actors.Settings) (provider.Provider, error) {
	var p provider.Provider = caller{n.w.Sim.Provider(Token), n}
	if wrap := n.w.o.Mutant.Provider; wrap != nil {
		p = wrap(p)
	}
	return p, nil
}

// die ends the process at once, from wherever it is called.
func (n *Node) die(why string) {
	if n.dead.Swap(true) {
		return
	}
	n.w.mu.Lock()
	n.w.nodes = slices.DeleteFunc(n.w.nodes, func(o *Node) bool { return o == n })
	n.w.mu.Unlock()
	n.w.Note(n.Name, "ends: "+why)
	n.Sys.Kill()
	n.w.Net.Crash(n.Name)
}

// caller is the provider as one node sees it.
type caller struct {
	provider.Provider
	n *Node
}

// Send implements provider.Provider. A dead process starts no call; one that is under way may be accepted.
func (p caller) Send(ctx context.Context, c provider.Call) provider.Answer {
	w := p.n.w
	if p.n.dead.Load() {
		return provider.Answer{Verdict: provider.Unsent, Reason: "the process is dead"}
	}
	if !w.Owner.May(p.n) {
		w.Wrong(p.n.Name + " started a call without a lease")
	}
	w.mu.Lock()
	w.starts = append(w.starts, start{w.Now(), c.Endpoint, p.n.Name})
	w.calling[p.n]++
	w.mu.Unlock()
	w.Note(p.n.Name, fmt.Sprintf("calls for %s and %d more under %s", c.To[0], len(c.To)-1, c.Key))
	a := p.Provider.Send(ctx, c)
	w.mu.Lock()
	w.calling[p.n]--
	w.mu.Unlock()
	w.Note(p.n.Name, fmt.Sprintf("has %d (%d) for %s: %s", a.Verdict, a.Status, c.To[0], a.Reason))
	return a
}
