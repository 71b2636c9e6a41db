package fleet

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/channel"
	"hayauma.example/cluster"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// Script is an Owner that obeys its test. Nodes learn of each change one after another.
type Script struct {
	Detect   time.Duration // from a death to the first node's knowledge of it
	Patience time.Duration // that a node which leaves has for its calls
	NoWord   bool          // campaigns are not told of lost shards
	w        *World
	ctx      context.Context
	cancel   context.CancelFunc
	tasks    sync.WaitGroup
	changing chan struct{} // holds one through a change of the view: there is one after another; a bubble's clock waits for no mutex

	mu    sync.Mutex
	all   []*Node                           // guarded by mu; members
	seats map[*Node]*seat                   // guarded by mu; of every node that ever was
	owner map[journal.Shard]*Node           // guarded by mu
	held  map[*Node]bool                    // guarded by mu; nodes without a lease
	views map[*Node]map[journal.Shard]*Node // guarded by mu; nil: being settled
	roles map[*Node]map[string]int          // guarded by mu; carriers that a node knows of
}

// seat is what a node has of the Script.
type seat struct {
	ledgers   *cluster.Ledgers
	directory *enginetest.Directory
}

// NewScript makes one; a death is noticed after 200 ms.
func NewScript(w *World) *Script {
	s := &Script{
		Detect: 200 * time.Millisecond, Patience: 800 * time.Millisecond, w: w, seats: map[*Node]*seat{}, owner: map[journal.Shard]*Node{},
		held: map[*Node]bool{}, views: map[*Node]map[journal.Shard]*Node{}, roles: map[*Node]map[string]int{},
		changing: make(chan struct{}, 1),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Incarnation implements Owner.
func (s *Script) Incarnation(start int) string { return fmt.Sprintf("n%d", start) }

// Connect implements Owner.
func (s *Script) Connect(*Node) (journal.Store, journal.Objects) { return s.w.Store, s.w.Store }

// Attach implements Owner.
func (s *Script) Attach(n *Node) (engine.Directory, engine.Journal) {
	seat := &seat{cluster.NewLedgers(s.ctx, n.Store, cluster.Config{Log: n.Log}), &enginetest.Directory{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seats[n], s.views[n], s.roles[n] = seat, map[journal.Shard]*Node{}, map[string]int{actors.RoleComposer: 1, actors.RolePoster: 1, actors.RoleChecker: 1}
	seat.directory.Place(func(role, key string) engine.Place { return s.locate(n, cluster.ShardOf(role, key)) })
	return seat.directory, seat.ledgers
}

func (s *Script) seat(n *Node) *seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seats[n]
}

func (s *Script) locate(n *Node, shard journal.Shard) engine.Place {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch owner := s.views[n][shard]; {
	case s.roles[n][shard.Role] == 0:
		return engine.Place{Answer: engine.Nowhere}
	case owner == nil:
		return engine.Place{Answer: engine.Soon}
	case owner == n:
		return engine.Place{Answer: engine.Here}
	default:
		return engine.Place{Answer: engine.Elsewhere, Member: owner.Name}
	}
}

// best is the node that a shard falls to; nil: nobody carries the role.
func best(members []*Node, shard journal.Shard) (who *Node) {
	var most uint64
	for _, n := range members {
		h := fnv.New64a()
		_, _ = fmt.Fprintf(h, "%s %d %s", shard.Role, shard.Number, n.Name)
		sum := h.Sum64()
		sum = (sum ^ sum>>31) * 0x9e3779b97f4a7c15
		if n.Carries(shard.Role) && (who == nil || sum > most) {
			who, most = n, sum
		}
	}
	return who
}

// every yields all shards of a role.
func every(role string) (shards []journal.Shard) {
	for n := range cluster.Shards {
		shards = append(shards, journal.Shard{Role: role, Number: n})
	}
	return shards
}

// Join implements Owner.
func (s *Script) Join(ctx context.Context, nodes ...*Node) error {
	s.changing <- struct{}{}
	defer func() { <-s.changing }()
	s.mu.Lock()
	s.all = append(s.all, nodes...)
	for _, n := range nodes {
		s.views[n] = maps.Clone(s.owner)
	}
	s.mu.Unlock()
	s.meet()
	return s.place(ctx)
}

// meet tells every member who the others are.
func (s *Script) meet() {
	members := s.members()
	var names []string
	for _, n := range members {
		names = append(names, n.Name)
	}
	for _, n := range members {
		n.Transport.SetPeers(names...)
		s.mu.Lock()
		s.roles[n] = map[string]int{}
		for _, o := range members {
			for _, role := range o.Roles {
				s.roles[n][role]++
			}
		}
		s.mu.Unlock()
		s.seat(n).directory.Place(func(role, key string) engine.Place { return s.locate(n, cluster.ShardOf(role, key)) })
	}
}

func (s *Script) members() []*Node {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// place gives every shard to the member that it falls to: those that have an owner are handed over.
func (s *Script) place(ctx context.Context) error {
	members := s.members()
	type way struct{ from, to *Node }
	moves := map[way][]journal.Shard{}
	var order []way
	for _, role := range All {
		for _, shard := range every(role) {
			s.mu.Lock()
			k := way{s.owner[shard], best(members, shard)}
			s.mu.Unlock()
			if k.from == k.to || k.to == nil {
				continue
			}
			if moves[k] == nil {
				order = append(order, k)
			}
			moves[k] = append(moves[k], shard)
		}
	}
	for _, k := range order {
		if err := s.Move(ctx, k.from, k.to, moves[k]); err != nil {
			return err
		}
	}
	return nil
}

// Move hands shards over, or has them claimed where from is nil. One that dies meanwhile is dealt with after it.
func (s *Script) Move(ctx context.Context, from, to *Node, shards []journal.Shard) error {
	if from != nil && !from.Dead() {
		if err := s.release(ctx, from, to, shards); err != nil && !from.Dead() {
			return err
		}
	}
	if from != nil && from.Dead() {
		return nil // those who find out take over, and say what was lost
	}
	if to.Dead() {
		s.believe(nil, nil, shards)
		return nil
	}
	ledgers := s.seat(to).ledgers
	claims, err := to.Store.Claim(ctx, to.Name, shards)
	if err == nil {
		err = ledgers.Open(ctx, claims)
	}
	if err != nil {
		if to.Dead() {
			s.believe(nil, nil, shards)
			return nil
		}
		return err
	}
	s.mu.Lock()
	for _, shard := range shards {
		s.owner[shard] = to
	}
	s.mu.Unlock()
	s.believe([]*Node{to}, to, shards)
	if err := ledgers.Fire(ctx, shards); err != nil && !to.Dead() {
		return err
	}
	for _, n := range s.members() {
		if n != to {
			s.pause(s.w.Within(3 * time.Millisecond))
			s.believe([]*Node{n}, to, shards)
		}
	}
	return nil
}

// release has the grains of shards leave a node.
func (s *Script) release(ctx context.Context, from, to *Node, shards []journal.Shard) error {
	in := map[journal.Shard]bool{}
	for _, shard := range shards {
		in[shard] = true
	}
	group := func(role string) func(key string) int {
		return func(key string) int {
			if shard := cluster.ShardOf(role, key); in[shard] {
				return shard.Number
			}
			return -1
		}
	}
	s.believe([]*Node{from}, to, shards)
	within, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	var all sync.WaitGroup
	for _, role := range All {
		all.Go(func() { from.Sys.Vacate(within, engine.Departure{Role: role, Group: group(role)}) })
	}
	all.Wait()
	return s.seat(from).ledgers.Close(ctx, shards)
}

// believe tells nodes where shards are; owner nil: that is being settled, of which every node is told.
func (s *Script) believe(nodes []*Node, owner *Node, shards []journal.Shard) {
	if nodes == nil {
		nodes = s.members()
	}
	for _, n := range nodes {
		s.mu.Lock()
		for _, shard := range shards {
			s.views[n][shard] = owner
			if owner == nil {
				delete(s.owner, shard)
			}
		}
		s.mu.Unlock()
		s.seat(n).directory.Place(func(role, key string) engine.Place { return s.locate(n, cluster.ShardOf(role, key)) })
	}
}

// Killed implements Owner: after a while the others know, and take over.
func (s *Script) Killed(n *Node) {
	s.seat(n).ledgers.Kill()
	s.tasks.Go(func() {
		s.pause(s.Detect)
		s.changing <- struct{}{}
		defer func() { <-s.changing }()
		s.forget(n)
		if s.ctx.Err() == nil && len(s.members()) > 0 {
			if err := s.place(s.ctx); err != nil {
				s.w.Wrong("taking over: " + err.Error())
			}
		}
	})
}

// forget takes a dead member out of the view of the others.
func (s *Script) forget(n *Node) {
	s.mu.Lock()
	s.all = slices.DeleteFunc(s.all, func(o *Node) bool { return o == n })
	var lost []journal.Shard
	byRole := map[string]actors.Shards{}
	for shard, owner := range s.owner {
		if owner == n {
			lost = append(lost, shard)
			byRole[shard.Role] |= actors.ShardsOf(shard.Number)
		}
	}
	s.mu.Unlock()
	s.believe(nil, nil, lost)
	for _, o := range s.members() {
		s.pause(s.w.Within(3 * time.Millisecond))
		s.w.Note(o.Name, "knows that "+n.Name+" is lost")
	}
	s.meet()
	for _, o := range s.members() {
		o.Sys.MemberLost(n.Name)
		channel.NodeGone(o.Sys, n.Name)
		if o.Local != nil && !s.NoWord {
			o.Local.Lost(byRole)
		}
	}
}

// Leave implements Owner.
func (s *Script) Leave(ctx context.Context, n *Node) error {
	s.changing <- struct{}{}
	defer func() { <-s.changing }()
	s.mu.Lock()
	s.all = slices.DeleteFunc(s.all, func(o *Node) bool { return o == n })
	s.mu.Unlock()
	if err := s.placeFrom(ctx, n); err != nil {
		return err
	}
	s.pause(200 * time.Millisecond) // what it kept for others, and what is on its way, arrives: it is tried again every 50 ms
	s.meet()
	for _, o := range s.members() {
		o.Sys.MemberLost(n.Name)
		channel.NodeGone(o.Sys, n.Name)
	}
	s.seat(n).ledgers.Kill()
	return nil
}

// placeFrom is place, with the one that leaves still told of everything.
func (s *Script) placeFrom(ctx context.Context, n *Node) error {
	if err := s.place(ctx); err != nil {
		return err
	}
	var rest []journal.Shard
	s.mu.Lock()
	for shard, owner := range s.owner {
		if owner == n {
			rest = append(rest, shard)
		} else {
			s.views[n][shard] = owner
		}
	}
	s.mu.Unlock()
	s.seat(n).directory.Place(func(role, key string) engine.Place { return s.locate(n, cluster.ShardOf(role, key)) })
	if len(rest) > 0 { // nobody else carries the role
		if err := s.release(ctx, n, nil, rest); err != nil {
			return err
		}
		s.believe(nil, nil, rest)
	}
	return nil
}
