package simulation

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster"
	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
	"hayauma.example/engine/journal/journaltest"
)

// process is one start of a node.
type process struct {
	w       *world
	node    int
	me      string // incarnation
	member  *cluster.Member
	sys     *engine.System
	link    *enginetest.Member
	objects *objects.Client
	journal *journaltest.Client
	ended   bool            // guarded by w.mu
	known   map[string]bool // guarded by w.mu; incarnations whose addresses it was ever given
}

// writing has appends tried again soon, so that much happens in little time.
var writing = journal.WriterOptions{AttemptFor: 400 * time.Millisecond, UnclearFor: 4 * time.Second, BusyFor: 8 * time.Second}

// start starts a node unless it runs.
func (w *world) start(node int, predecessor bool) {
	p := w.reserve(node)
	if p == nil {
		return
	}
	w.log.add("node %d starts as %s, predecessor %t", node, p.me, predecessor)
	if err := p.build(predecessor); err != nil {
		w.problem("node %d: %v", node, err)
		return
	}
	w.install(p)
	w.work.Go(func() {
		ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
		defer cancel()
		if err := p.member.Start(ctx, p.sys); err != nil {
			w.log.add("node %d as %s has not joined: %v", node, p.me, err)
			p.again(100 * time.Millisecond)
		}
	})
}

// reserve takes the node's place, nil where it is taken.
func (w *world) reserve(node int) *process {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over || w.nodes[node] != nil || w.starting[node] {
		return nil
	}
	w.starting[node] = true
	w.started++
	id := ulid.ULID{}
	_ = id.SetTime(uint64(time.Now().UnixMilli()))
	id[14], id[15] = byte(w.started>>8), byte(w.started)
	return &process{w: w, node: node, me: id.String(), known: map[string]bool{}}
}

// install lets clients and faults find the process.
func (w *world) install(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.starting[p.node] = false
	w.nodes[p.node] = p
	w.all = append(w.all, p)
	w.nodeOf[p.me] = p.node
	w.link(p)
}

func (p *process) build(predecessor bool) (err error) {
	w := p.w
	log := slog.New(journalist{to: w.log, who: nodeName(p.node) + "/" + p.me[22:]})
	p.objects, p.journal, p.link = w.shared.Client(p.me), w.server.Client(p.me), w.net.Join(p.me)
	store := objects.Store(p.objects)
	if w.mutant.noWait {
		store = greedy{store}
	}
	records := journal.Store(p.journal)
	if w.mutant.noDoubt {
		records = sure{records}
	}
	p.member, err = cluster.NewMember(cluster.MemberConfig{
		Self: w.self(p.node, p.me), Objects: store, Journal: records, Writer: writing, Log: log, Probe: w.probe,
		Wall:        func() time.Time { return w.wall(p.node) },
		Predecessor: func(string) bool { return predecessor },
		Peers:       p.setPeers,
	})
	if err != nil {
		return err
	}
	p.member.OnEnded(func(err error) {
		w.log.add("node %d as %s has ended: %v", p.node, p.me, err)
		p.again(100 * time.Millisecond)
	})
	p.sys, err = engine.New(engine.Config{
		Log: log, Incarnation: p.me, Messages: messages(), Journal: p.member, Directory: p.member, Transport: p.link,
	})
	if err != nil {
		return err
	}
	engine.DeadLetters.Subscribe(p.sys, w.orders.reportedLost)
	p.serve()
	return nil
}

func (p *process) setPeers(addresses map[string]string) {
	peers := slices.Sorted(maps.Keys(addresses))
	p.link.SetPeers(peers...)
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	for _, peer := range peers {
		p.known[peer] = true
	}
}

// knows tells whether it was given an incarnation's address.
func (p *process) knows(incarnation string) bool {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return p.known[incarnation]
}

// self is how a node describes itself.
func (w *world) self(node int, incarnation string) roster.Member {
	return roster.Member{
		Incarnation: incarnation, Node: nodeName(node), Address: nodeName(node) + ":1", Roles: w.plan.roles[node], Weight: w.plan.weights[node],
	}
}

func (p *process) serve() {
	w := p.w
	for _, role := range w.plan.roles[p.node] {
		switch role {
		case roleRegisters:
			engine.ServeDurable(p.sys, registers, func(string) engine.Durable[any, any] {
				return &register{Kept: Kept{Did: map[string]bool{}}, may: p.may}
			})
		case roleLines:
			engine.Serve(p.sys, lines, func(id string) engine.Actor[any] {
				return &line{id: id, orders: w.orders, current: w.orders.activate()}
			})
		}
	}
}

func (p *process) may() bool { return p.w.mutant.noLease || p.member.May() }

// steps end a process at one instant, in any order.
func (p *process) steps() [5]func() {
	return [5]func(){
		p.sys.Kill, p.member.Kill, func() { p.w.net.Crash(p.me) }, p.objects.Cut, p.journal.Cut,
	}
}

// die ends the process as kill -9 does; false: it has ended before. Who has left has nothing to lose.
func (p *process) die(order [5]int, left bool) bool {
	w := p.w
	w.mu.Lock()
	if p.ended {
		w.mu.Unlock()
		return false
	}
	p.ended = true
	if !left {
		w.abrupt++
	}
	w.dead[p.me] = true
	if w.nodes[p.node] == p {
		w.nodes[p.node] = nil
	}
	w.mu.Unlock()
	steps := p.steps()
	for _, i := range order {
		steps[i]()
	}
	return true
}

var anyOrder = [5]int{0, 1, 2, 3, 4}

// again ends the process and starts the node anew, as a supervisor does.
func (p *process) again(after time.Duration) {
	p.w.work.Go(func() {
		if p.die(anyOrder, false) {
			p.w.rest(after)
			p.w.start(p.node, true)
		}
	})
}

// leave drains by the node's own will, and ends the process.
func (p *process) leave() {
	ctx, cancel := context.WithTimeout(p.w.ctx, 10*time.Second)
	defer cancel()
	if err := p.member.Stop(ctx); err != nil {
		p.w.log.add("node %d left in part: %v", p.node, err)
	}
	if err := p.sys.Stop(ctx); err != nil {
		p.w.log.add("node %d's system didn't stop: %v", p.node, err)
	}
	_ = p.link.Close()
	p.die(anyOrder, true)
}

func nodeName(n int) string { return "n" + string(rune('0'+n)) }
