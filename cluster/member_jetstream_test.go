package cluster_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster"
	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/cluster/remote"
	"hayauma.example/cluster/roster"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// craft is a member on a real JetStream.
type craft struct {
	*cluster.Member
	me    string
	sys   *engine.System
	wire  *remote.Transport
	began time.Duration // of Start
}

// dock is a server that members share. They speak to each other over TCP.
type dock struct {
	t     *testing.T
	conn  *nats.Conn
	store *jetstream.Store
}

func newDock(t *testing.T) *dock {
	t.Helper()
	node, err := natsnode.Open(t.Context(), natsnode.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		node.Close(ctx)
	})
	store, err := jetstream.Open(t.Context(), node.Conn(), jetstream.Config{Request: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return &dock{t, node.Conn(), store}
}

func (d *dock) join(name string, roles ...string) *craft {
	t := d.t
	t.Helper()
	began := time.Now()
	members, err := d.store.Membership(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &craft{me: ulid.Make().String()}
	s.wire, err = remote.Listen(t.Context(), remote.Config{
		Incarnation: s.me, Listen: "127.0.0.1:0", OnDown: func(incarnation string) { s.Suspect(incarnation) },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Member, err = cluster.NewMember(cluster.MemberConfig{
		Self:    roster.Member{Incarnation: s.me, Node: name, Address: s.wire.Addr().String(), Roles: roles},
		Objects: members, Journal: d.store, Log: slog.New(slog.NewTextHandler(t.Output(), nil)).With("node", name),
		Peers: s.wire.SetPeers, Probe: s.wire.Probe,
	})
	if err != nil {
		t.Fatal(err)
	}
	messages := codec.NewRegistry()
	codec.Register[Tick](messages, "tick")
	codec.Register[Ticked](messages, "ticked")
	codec.Register[Rings](messages, "rings")
	s.sys, err = engine.New(engine.Config{
		Log: enginetest.Silence, Incarnation: s.me, Messages: messages, Journal: s.Member, Directory: s.Member, Transport: s.wire,
	})
	if err != nil {
		t.Fatal(err)
	}
	engine.ServeDurable(s.sys, tallies, func(string) engine.Durable[any, Ticked] { return &tally{map[int]bool{}, func() {}} })
	t.Cleanup(func() { s.wire.Close() })
	t.Cleanup(s.sys.Kill)
	t.Cleanup(s.Kill)
	if err := s.Start(t.Context(), s.sys); err != nil {
		t.Fatal(err)
	}
	s.began = time.Since(began)
	return s
}

func (s *craft) owned() (n int) {
	for _, r := range s.Status().Roles {
		for _, sh := range r.Shards {
			if sh.Phase == roster.Owned {
				n++
			}
		}
	}
	return n
}

func (d *dock) until(what string, ok func() bool) time.Duration {
	d.t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > 30*time.Second {
			d.t.Fatal("not within 30 s:", what)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(began)
}

// TestMembersOnJetStream: one is alone, three share, one is killed, all is served again; then one leaves.
func TestMembersOnJetStream(t *testing.T) {
	d := newDock(t)
	a := d.join("a", "checker", "composer", "poster")
	owns := d.until("one owns all", func() bool { return a.owned() == 3*cluster.Shards })
	t.Logf("figure: alone on the embedded server: started after %v, all 192 shards served %v later", a.began, owns)
	b, c := d.join("b", "checker"), d.join("c", "checker")
	shared := func(ships ...*craft) func() bool {
		return func() bool {
			sum := 0
			for _, s := range ships {
				if len(s.Status().Members) != len(ships) {
					return false
				}
				sum += s.owned()
			}
			return sum == 3*cluster.Shards && b.owned() > 10
		}
	}
	t.Logf("figure: three share %v after the last one was active", d.until("three share", shared(a, b, c)))
	ask := func(by *craft, n int) {
		t.Helper()
		for g := range 20 {
			got, err := engine.AskTimeout[int, any](tallies.Ref(by.sys, fmt.Sprint("g", g)), Tick{n}, 10*time.Second)
			if got != n || err != nil {
				t.Fatalf("grain %d: %d, %v: want %d", g, got, err, n)
			}
		}
	}
	ask(a, 1)
	c.Kill()
	c.sys.Kill()
	c.wire.Close() // as the kernel does when a process dies: connections end, the port refuses
	t.Logf("figure: all served again %v after a process died", d.until("two share", shared(a, b)))
	ask(b, 2)
	began := time.Now()
	if err := b.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	d.until("one owns all", func() bool { return a.owned() == 3*cluster.Shards })
	t.Logf("figure: planned hand-off, all served again after %v", time.Since(began))
	ask(a, 3)
	began = time.Now()
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	t.Logf("figure: the last one stopped in %v", time.Since(began))
}
