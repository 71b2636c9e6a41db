package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/channel"
	"hayauma.example/cluster"
	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
	"hayauma.example/engine/journal/journaltest"
)

// Members is an Owner that obeys nobody: every node is a member of the fleet as the daemon is one, and they agree by a store that each
// reaches over a connection of its own. Its faults are in faults.go.
type Members struct {
	Rough   float64 // how often requests to the store fail in a storm: times the usual odds; 0: never
	Strange bool    // nodes don't know of their earlier starts that they are over

	w      *World
	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	server *journaltest.Server
	shared *objects.Memory
	storm  atomic.Bool

	mu    sync.Mutex
	parts map[*Node]*part  // guarded by mu; of every node that ever was
	nodes map[string]*Node // guarded by mu; by incarnation
	cuts  map[way]int      // guarded by mu; running faults
	off   map[string]int   // guarded by mu; likewise, of nodes that are cut from the store
	away  int              // guarded by mu; likewise, of the store
	over  bool             // guarded by mu; nothing starts any more
}

// part is a node's in the fleet.
type part struct {
	member  *cluster.Member
	objects *objects.Client
	journal *journaltest.Client
	posters atomic.Int32 // active nodes that carry posters
}

// way is one direction between two nodes, by their names.
type way struct{ from, to string }

// NewMembers makes one; set says what it is to be like.
func NewMembers(w *World, set func(*Members)) *Members {
	m := &Members{
		w: w, server: &journaltest.Server{Store: w.Store}, shared: objects.NewMemory(w.Store),
		parts: map[*Node]*part{}, nodes: map[string]*Node{}, cuts: map[way]int{}, off: map[string]int{},
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	set(m)
	m.weather(w.o.Seed)
	return m
}

// Incarnation implements Owner.
func (m *Members) Incarnation(start int) string {
	id := ulid.ULID{}
	_ = id.SetTime(uint64(time.Now().UnixMilli()))
	id[14], id[15] = byte(start>>8), byte(start)
	return id.String()
}

// Connect implements Owner.
func (m *Members) Connect(n *Node) (journal.Store, journal.Objects) {
	p := &part{objects: m.shared.Client(n.Name), journal: m.server.Client(n.Name)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.parts[n], m.nodes[n.Name] = p, n
	return p.journal, shelf{m.w.Store, m, n}
}

// Attach implements Owner; the wiring is the daemon's.
func (m *Members) Attach(n *Node) (engine.Directory, engine.Journal) {
	p := m.part(n)
	var err error
	p.member, err = cluster.NewMember(cluster.MemberConfig{
		Self:    roster.Member{Incarnation: n.Name, Node: n.Home, Address: n.Home + ":1", Roles: slices.Sorted(slices.Values(n.Roles)), Weight: 1},
		Objects: p.objects, Journal: n.Store, Log: n.Log,
		Peers:       func(peers map[string]string) { n.Transport.SetPeers(slices.Sorted(maps.Keys(peers))...) },
		Predecessor: func(other string) bool { return !m.Strange && m.ended(other) },
		Probe:       func(_ context.Context, _, other string) bool { return m.refuses(n, other) },
	})
	if err != nil {
		m.w.T.Fatalf("fleet: %v", err)
	}
	p.member.OnStanding(func(s roster.Standing) { m.stood(n, s) })
	p.member.OnView(func(before, after roster.View, went []journal.Shard) { m.viewed(n, before, after, went) })
	p.member.OnEnded(func(why error) {
		m.w.Note(n.Name, "is a member no more: "+why.Error())
		m.tasks.Go(func() { m.stopped(n, !errors.Is(why, cluster.ErrDrained)) })
	})
	return p.member, p.member
}

func (m *Members) part(n *Node) *part {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.parts[n]
}

// stood stops calls while the lease doesn't stand.
func (m *Members) stood(n *Node, s roster.Standing) {
	switch {
	case m.w.o.Mutant.NoLease:
	case s == roster.Suspended || s == roster.Ended:
		n.Gates.Suspend("the lease has run out")
	default:
		n.Gates.Resume()
	}
}

// viewed tells channels and campaigns who went.
func (m *Members) viewed(n *Node, before, after roster.View, went []journal.Shard) {
	posters := 0
	for _, o := range after.Members {
		if o.State == roster.Active && o.Carries(actors.RolePoster) {
			posters++
		}
	}
	m.part(n).posters.Store(int32(posters))
	var gone []string
	for _, o := range roster.Between(before, after).Went {
		if o.Carries(actors.RolePoster) || o.Carries(actors.RoleComposer) {
			gone = append(gone, o.Incarnation)
		}
	}
	if len(gone) > 0 {
		channel.NodeGone(n.Sys, gone...)
	}
	lost := map[string]actors.Shards{}
	for _, s := range went {
		lost[s.Role] |= actors.ShardsOf(s.Number)
	}
	if len(lost) > 0 && n.Local != nil {
		n.Local.Lost(lost)
	}
}

// Start starts a node, and waits for nothing.
func (m *Members) Start(home string, roles []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over {
		return
	}
	m.tasks.Go(func() { m.enter(m.w.start(home, roles)) })
}

const (
	startWithin = 30 * time.Second // as in the daemon
	stopWithin  = 10 * time.Second
	supervision = 100 * time.Millisecond // until a process that ended is started anew
)

// enter joins; a node that can't is started anew.
func (m *Members) enter(n *Node) {
	m.relink(n)
	ctx, cancel := context.WithTimeout(m.ctx, startWithin)
	defer cancel()
	if err := m.part(n).member.Start(ctx, n.Sys); err != nil && !n.Dead() {
		m.w.Note(n.Name, "has not joined: "+err.Error())
		m.stopped(n, true)
	}
}

// stopped ends a node's process as the daemon does whose part is over; it may be started again.
func (m *Members) stopped(n *Node, again bool) {
	m.finish(n)
	if again {
		m.pause(supervision)
		m.Start(n.Home, n.Roles)
	}
}

// finish stops what a node still runs.
func (m *Members) finish(n *Node) {
	ctx, cancel := context.WithTimeout(m.ctx, stopWithin)
	defer cancel()
	if err := n.Sys.Stop(ctx); err != nil {
		m.w.Note(n.Name, "has not stopped in time: "+err.Error())
	}
	if !n.Dead() {
		_ = n.Transport.Close()
	}
	n.die("stopped")
	m.sever(n)
}

// Join implements Owner.
func (m *Members) Join(ctx context.Context, nodes ...*Node) error {
	for _, n := range nodes {
		m.tasks.Go(func() { m.enter(n) })
	}
	amiss := ""
	for began := m.w.Now(); m.w.Now()-began < startWithin; m.pause(10 * time.Millisecond) {
		if amiss = m.amiss(); amiss == "" || ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("not settled after %v: %s", startWithin, amiss)
}

// amiss says what is not well: each live node serves what its view gives it.
func (m *Members) amiss() string {
	for _, n := range m.w.Live() {
		s := m.part(n).member.Status()
		if s.Condition != roster.NodeActive || len(s.Members) != len(m.w.Live()) {
			return fmt.Sprintf("%s is %s, and sees %d members", n.Name, s.Condition, len(s.Members))
		}
		for _, role := range s.Roles {
			for number, shard := range role.Shards {
				if shard.Owner == n.Name && shard.Phase != roster.Owned {
					return fmt.Sprintf("%s has shard %s %d as %s", n.Name, role.Role, number, shard.Phase)
				}
			}
		}
	}
	return ""
}

// Killed implements Owner. Who has something to do with it may hear of it by Suspect.
func (m *Members) Killed(n *Node) { m.sever(n) }

// sever ends what a dead node had of the store.
func (m *Members) sever(n *Node) {
	p := m.part(n)
	p.member.Kill()
	p.objects.Cut()
	p.journal.Cut()
}

// Leave implements Owner: an error says that the others have to do the rest.
func (m *Members) Leave(_ context.Context, n *Node) error {
	ctx, cancel := context.WithTimeout(m.ctx, stopWithin)
	defer cancel()
	err := m.part(n).member.Stop(ctx)
	m.finish(n)
	return err
}

// Carriers implements Owner.
func (m *Members) Carriers(n *Node, role string) int {
	if role != actors.RolePoster {
		panic("fleet: the daemon counts posters only")
	}
	return int(m.part(n).posters.Load())
}

// May implements Owner.
func (m *Members) May(n *Node) bool { return m.part(n).member.May() }

// Close implements Owner.
func (m *Members) Close() {
	m.mu.Lock()
	m.over = true
	m.mu.Unlock()
	m.cancel()
	m.tasks.Wait()
	m.mu.Lock()
	nodes := slices.Collect(maps.Keys(m.parts))
	m.mu.Unlock()
	for _, n := range nodes {
		n.die("the end")
		m.sever(n)
	}
	<-time.After(20 * time.Second) // what is on its way to the store arrives
}

func (m *Members) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-m.ctx.Done():
	}
}
