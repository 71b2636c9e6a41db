package cluster_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster"
	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// fleet is several members in one bubble, each with an engine, over one store and one network.
type fleet struct {
	t       *testing.T
	journal *journal.Memory
	store   *objects.Memory
	net     *enginetest.Network
	log     *slog.Logger
	began   time.Time
	started int
	all     []*ship

	mu   sync.Mutex // guards what follows
	dead map[string]bool
	rung int
}

// ship is one start of a process.
type ship struct {
	*cluster.Member
	f      *fleet
	node   string
	me     string
	client *objects.Client
	sys    *engine.System

	mu     sync.Mutex // guards what follows
	stands []stand
	views  int
	took   []cluster.TakeOver
	ended  []error
}

// stand is a change of a member's standing, and when.
type stand struct {
	at       time.Time
	standing roster.Standing
}

func newFleet(t *testing.T) *fleet {
	f := &fleet{t: t, began: time.Now(), journal: journal.NewMemory(uuid.New()), net: enginetest.NewNetwork(t, 1), dead: map[string]bool{}}
	f.log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError + 1}))
	f.journal.Latency = time.Millisecond
	f.store = objects.NewMemory(f.journal)
	f.net.SetLatency(time.Millisecond, 0)
	return f
}

// build makes a member that has not started.
func (f *fleet) build(node string, change func(*cluster.MemberConfig)) *ship {
	f.t.Helper()
	f.started++
	id := ulid.ULID{}
	_ = id.SetTime(uint64(time.Now().UnixMilli()))
	id[14], id[15] = byte(f.started>>8), byte(f.started)
	s := &ship{f: f, node: node, me: id.String(), client: f.store.Client(node + "/" + fmt.Sprint(f.started))}
	wire := f.net.Join(s.me)
	cfg := cluster.MemberConfig{
		Self:    roster.Member{Incarnation: s.me, Node: node, Address: node + ":1", Roles: []string{"checker"}},
		Objects: s.client, Journal: f.journal, Probe: f.probe, Log: f.log.With("me", node),
		Peers: func(peers map[string]string) {
			var names []string
			for name := range peers {
				names = append(names, name)
			}
			slices.Sort(names)
			wire.SetPeers(names...)
		},
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if s.Member, err = cluster.NewMember(cfg); err != nil {
		f.t.Fatal(err)
	}
	s.hook()
	messages := codec.NewRegistry()
	codec.Register[Tick](messages, "tick")
	codec.Register[Ticked](messages, "ticked")
	codec.Register[Rings](messages, "rings")
	s.sys, err = engine.New(engine.Config{
		Log: enginetest.Silence, Incarnation: s.me, Messages: messages, Journal: s.Member, Directory: s.Member, Transport: wire,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	engine.ServeDurable(s.sys, tallies, func(string) engine.Durable[any, Ticked] { return &tally{map[int]bool{}, f.ring} })
	f.all = append(f.all, s)
	f.t.Cleanup(s.sys.Kill)
	f.t.Cleanup(s.Kill)
	return s
}

// join starts one more member.
func (f *fleet) join(node string, change ...func(*cluster.MemberConfig)) *ship {
	f.t.Helper()
	s := f.build(node, func(c *cluster.MemberConfig) {
		for _, do := range change {
			do(c)
		}
	})
	if err := s.Start(f.t.Context(), s.sys); err != nil {
		f.t.Fatal(err)
	}
	return s
}

func (f *fleet) ring() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rung++
}

// probe knows who was killed.
func (f *fleet) probe(_ context.Context, _, incarnation string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead[incarnation]
}

func (s *ship) hook() {
	s.OnStanding(func(standing roster.Standing) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stands = append(s.stands, stand{time.Now(), standing})
	})
	s.OnView(func(_, _ roster.View, _ []journal.Shard) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.views++
	})
	s.OnTakeOver(func(t cluster.TakeOver) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.took = append(s.took, t)
	})
	s.OnEnded(func(err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ended = append(s.ended, err)
	})
}

// die ends the process as kill -9 does.
func (s *ship) die() {
	s.f.mu.Lock()
	s.f.dead[s.me] = true
	s.f.mu.Unlock()
	s.f.net.Crash(s.me)
	s.client.Cut()
	s.Kill()
	s.sys.Kill()
}

// owned counts the shards that a member serves.
func (s *ship) owned() (n int) {
	for _, r := range s.Status().Roles {
		for _, sh := range r.Shards {
			if sh.Phase == roster.Owned {
				n++
			}
		}
	}
	return n
}

// until waits for something, looking when all is done in each millisecond of the bubble's time, and returns how long that took.
func (f *fleet) until(bound time.Duration, what string, ok func() bool) time.Duration {
	f.t.Helper()
	began := time.Now()
	for synctest.Wait(); !ok(); synctest.Wait() {
		if time.Since(began) > bound {
			f.dump()
			f.t.Fatalf("not within %v: %s", bound, what)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(began)
}

func (f *fleet) dump() {
	for _, s := range f.all {
		f.t.Logf("%s %s: %+v", s.node, s.me, s.Status())
	}
}

// whole: these members, and nobody else, own everything between them.
func whole(ships ...*ship) func() bool {
	return func() bool {
		sum := 0
		for _, s := range ships {
			status := s.Status()
			if len(status.Members) != len(ships) {
				return false
			}
			for _, sh := range status.Roles[0].Shards {
				if (sh.Owner == s.me) != (sh.Phase == roster.Owned) {
					return false
				}
			}
			sum += s.owned()
		}
		return sum == cluster.Shards
	}
}

// paced makes every request of the store take exactly 2 ms.
func (f *fleet) paced() {
	f.store.Faults = func(objects.Call) objects.Fault {
		return objects.Fault{Request: time.Millisecond, Answer: time.Millisecond}
	}
}

// trio is three members that share everything, for a while.
func (f *fleet) trio() (a, b, c *ship) {
	f.t.Helper()
	a, b, c = f.join("a"), f.join("b"), f.join("c")
	f.until(time.Second, "three share", whole(a, b, c))
	time.Sleep(3*time.Second - time.Since(f.began))
	synctest.Wait() // they have renewed just now
	return a, b, c
}

// standings are what a member was told of its lease since a time.
func (s *ship) standings(since time.Time) (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.stands {
		if st.at.After(since) {
			out = append(out, fmt.Sprint(st.at.Sub(since), " ", st.standing))
		}
	}
	return out
}

// slowest is the longest fail-over that a member had.
func (s *ship) slowest() (worst time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.took {
		worst = max(worst, t.Took)
	}
	return worst
}

func (s *ship) endings() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ended)
}

// ask has a tally count, by way of this member.
func (s *ship) ask(grain string, n int) (int, error) {
	return engine.AskTimeout[int, any](tallies.Ref(s.sys, grain), Tick{n}, 5*time.Second)
}
