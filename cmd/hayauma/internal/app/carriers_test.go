package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/oklog/ulid/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/tally"
	"hayauma.example/cluster"
	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// fleet is nodes of several types on one store. Each claims the shards of the roles that it carries, and serves the kinds of those.
type fleet struct {
	*testing.T
	carriers actors.Carriers
	store    *journal.Memory
	shared   *objects.Memory
	net      *enginetest.Network
	sys      map[string]*engine.System  // by node
	members  map[string]*cluster.Member // by node
}

// start is a fleet whose nodes are called so by their types. It returns when each serves what it carries.
func start(t *testing.T, store *journal.Memory, carriers actors.Carriers, types map[string][]string) *fleet {
	f := &fleet{
		T: t, carriers: carriers, store: store, shared: objects.NewMemory(store), net: enginetest.NewNetwork(t, 1),
		sys: map[string]*engine.System{}, members: map[string]*cluster.Member{},
	}
	for _, node := range slices.Sorted(maps.Keys(types)) {
		f.node(node, carriers.Roles(types[node]...))
	}
	time.Sleep(time.Second)
	return f
}

func (f *fleet) node(node string, roles []string) {
	me := ulid.Make().String()
	wire := f.net.Join(me)
	member, err := cluster.NewMember(cluster.MemberConfig{
		Self:    roster.Member{Incarnation: me, Node: node, Address: node + ":1", Roles: slices.Sorted(slices.Values(roles))},
		Objects: f.shared.Client(me), Journal: f.store,
		Peers: func(peers map[string]string) { wire.SetPeers(slices.Sorted(maps.Keys(peers))...) },
	})
	if err != nil {
		f.Fatal(err)
	}
	sys, err := engine.New(engine.Config{Incarnation: me, Messages: messages(), Journal: member, Directory: member, Transport: wire})
	if err != nil {
		f.Fatal(err)
	}
	if slices.Contains(roles, actors.RoleChecker) {
		checker.Serve(sys, checker.Deps{})
	}
	for _, kind := range []*engine.Kind[actors.TallyMsg]{actors.Statistics, actors.Usages} {
		if slices.Contains(roles, kind.Role()) {
			tally.Serve(sys, kind)
		}
	}
	f.sys[node], f.members[node] = sys, member
	f.Cleanup(func() {
		sys.Kill()
		member.Kill()
	})
	if err := member.Start(f.Context(), sys); err != nil {
		f.Fatal(err)
	}
}

func (f *fleet) stop() {
	for node, sys := range f.sys {
		sys.Kill()
		f.members[node].Kill()
	}
}

// month asks from one node, wherever the kind lives.
func (f *fleet) month(node string, kind *engine.Kind[actors.TallyMsg]) actors.Figures {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), time.Minute)
	defer cancel()
	figures, err := engine.Ask[actors.Figures](ctx, kind.Ref(f.sys[node], "shop"), actors.TallyMsg(actors.MonthOf{Month: "2000-01"}))
	if err != nil {
		f.Fatalf("%s from %s: %v", kind.Name(), node, err)
	}
	return figures
}

// hosts names the nodes in whose memory grains of a kind are.
func (f *fleet) hosts(kind string) (nodes []string) {
	for node, sys := range f.sys {
		for _, k := range sys.Stats() {
			if k.Kind == kind && k.Active > 0 {
				nodes = append(nodes, node)
			}
		}
	}
	return nodes
}

// run opens a run on the node of checkers and ends it: its only recipient can't be rendered.
func (f *fleet) run(node, run string) {
	f.Helper()
	m := actors.Open{Campaign: "c", Run: run, Channel: "shop", Due: time.Now(),
		Table: plan.Table{Recipients: 1, Chunks: []plan.Entry{{Count: 1, Mode: plan.Failed}}}}
	if _, err := engine.Ask[actors.Progress](f.Context(), actors.Checkers.Ref(f.sys[node], run), actors.CheckerMsg(m)); err != nil {
		f.Fatal(err)
	}
}

// NODE_TYPE=analytics with one kind mapped to it: the kind lives there and nowhere else, all others don't, and every node reaches it. Later
// it is mapped elsewhere, and has kept its records.
func TestKindOnNodesOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := journal.NewMemory(uuid.New())
		carriers, err := actors.ParseCarriers("statistics=analytics")
		if err != nil {
			t.Fatal(err)
		}
		f := start(t, store, carriers, map[string][]string{"work": {"composer", "poster", "checker"}, "look": {"analytics"}})
		f.run("work", "r1")
		time.Sleep(time.Second)
		for _, node := range []string{"work", "look"} {
			if s, u := f.month(node, actors.Statistics), f.month(node, actors.Usages); s.Finished != 1 || u.Finished != 1 || s.Outcomes[actors.Failed] != 1 {
				t.Errorf("%s sees %+v and %+v", node, s, u)
			}
		}
		got := fmt.Sprint(f.hosts("checker"), f.hosts("statistics"), f.hosts("usage"))
		if got != "[work] [look] [work]" {
			t.Errorf("checkers, statistics and usage live on %s", got)
		}
		f.stop()

		carriers, _ = actors.ParseCarriers("usage=billing")
		f = start(t, store, carriers, map[string][]string{"work": {"checker"}, "money": {"billing"}})
		f.run("work", "r2")
		time.Sleep(time.Second)
		if s, u := f.month("money", actors.Statistics), f.month("work", actors.Usages); s.Finished != 2 || u.Finished != 2 {
			t.Errorf("after the kinds have moved: %+v and %+v", s, u)
		}
		if got := fmt.Sprint(f.hosts("statistics"), f.hosts("usage")); got != "[work] [money]" {
			t.Errorf("statistics and usage live on %s", got)
		}
	})
}
