package jetstream_test

import (
	"errors"
	"iter"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// startServer runs one server that members reach by its port.
func startServer(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		ServerName: "one", Host: "127.0.0.1", Port: port, NoSigs: true, JetStream: true, StoreDir: dir, SyncAlways: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server did not start")
	}
	t.Cleanup(func() { stop(s) })
	return s
}

func stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// standing is what a test puts before the memory is lost.
type standing struct {
	me       string
	record   uint64
	view     uint64
	fence    journal.Fence
	asserted roster.View
}

func establish(t *testing.T, m objects.Store) (s standing) {
	t.Helper()
	s.me = ulid.Make().String()
	var err error
	if s.record, err = m.PutRecord(t.Context(), roster.Record{Incarnation: s.me, Number: 1}, 0); err != nil {
		t.Fatal(err)
	}
	member := roster.Member{Incarnation: s.me, Node: "n", Address: "h:1", Roles: []string{shard.Role}}
	if s.asserted, _, err = (roster.View{}).Join(member); err != nil {
		t.Fatal(err)
	}
	if s.view, err = m.PutView(t.Context(), s.asserted, 0); err != nil {
		t.Fatal(err)
	}
	fences, err := m.PutFences(t.Context(), []objects.FenceChange{{Shard: shard, Fence: roster.ClaimFence(s.asserted, s.me)}})
	if err != nil {
		t.Fatal(err)
	}
	s.fence = fences[0]
	return s
}

// lost: what is on disk stays, the record is gone, and its next revision is above the one before.
func (s standing) lost(t *testing.T, m objects.Store) {
	t.Helper()
	if v, err := m.View(t.Context()); err != nil || v.Revision != s.view || !v.View.Equal(s.asserted) {
		t.Errorf("view %+v, %v", v, err)
	}
	if f, err := m.Fences(t.Context(), []journal.Shard{shard}); err != nil || f[0].Sequence != s.fence || f[0].Fence.Owner != s.me {
		t.Errorf("fence %+v, %v", f, err)
	}
	_, err := m.PutRecord(t.Context(), roster.Record{Incarnation: s.me, Number: 2}, s.record)
	if r, ok := errors.AsType[*objects.Refused[roster.Found]](err); !ok || !r.Known || r.Found.Revision != 0 {
		t.Errorf("renewal of what is gone: %v", err)
	}
	again, err := m.PutRecord(t.Context(), roster.Record{Incarnation: s.me, Number: 2}, 0)
	if err != nil || again <= s.record {
		t.Errorf("revision %d follows %d, %v", again, s.record, err)
	}
}

func TestMembershipRestart(t *testing.T) {
	dir := t.TempDir()
	var s standing
	t.Run("before", func(t *testing.T) {
		s = establish(t, openMembership(t, openStore(t, openNode(t, dir), patient)))
	})
	s.lost(t, openMembership(t, openStore(t, openNode(t, dir), patient)))
}

// TestServerRestartUnderMembers: the connection and its watches outlive the server.
func TestServerRestartUnderMembers(t *testing.T) {
	dir := t.TempDir()
	first := startServer(t, dir, server.RANDOM_PORT)
	port := first.Addr().(*net.TCPAddr).Port
	m := openMembership(t, dialStore(t, first))
	s := establish(t, m)
	records, views := begun(t, m.WatchRecords(t.Context())), begun(t, m.WatchView(t.Context()))
	if got := records(); got.Event != objects.Stored || got.Revision != s.record {
		t.Errorf("told %+v", got)
	}
	if got := views(); got.Event != objects.Stored || got.Revision != s.view {
		t.Errorf("told %+v", got)
	}
	stop(first)
	_, err := m.PutRecord(t.Context(), roster.Record{Incarnation: s.me, Number: 2}, s.record)
	if !errors.Is(err, objects.ErrBusy) && !errors.Is(err, objects.ErrUnclear) {
		t.Errorf("without a server: %v", err)
	}
	startServer(t, dir, port)
	if got := records(); got.Event != objects.Began {
		t.Errorf("after the restart, the records' watch tells %+v", got)
	}
	if got := views(); got.Event != objects.Began {
		t.Errorf("after the restart, the view's watch tells %+v", got)
	}
	s.lost(t, m)
	if got := records(); got.Event != objects.Stored || got.Revision <= s.record {
		t.Errorf("told %+v", got)
	}
}

// TestForgottenFloor: a cluster that restarts as a whole still has the stream, empty, and begins it at 1 again.
func TestForgottenFloor(t *testing.T) {
	node := openNode(t, t.TempDir())
	m := openMembership(t, openStore(t, node, patient))
	s := establish(t, m)
	js, err := natsjs.New(node.Conn())
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "KV_members")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := js.DeleteStream(t.Context(), "KV_members"); err != nil {
			t.Fatal(err)
		}
		if _, err := js.CreateStream(t.Context(), stream.CachedInfo().Config); err != nil {
			t.Fatal(err)
		}
		s.lost(t, m)
		if found, err := m.Record(t.Context(), s.me); err != nil || found.Revision <= s.record {
			t.Fatalf("found %+v, %v", found, err)
		} else {
			s.record = found.Revision
		}
	}
}

func dialStore(t *testing.T, s *server.Server) *jetstream.Store {
	t.Helper()
	node, err := natsnode.Open(t.Context(), natsnode.Config{URL: s.ClientURL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(node.Conn().Close)
	return openStore(t, node, jetstream.Config{})
}

// begun pulls a watch whose first Began has come.
func begun[T any](t *testing.T, s iter.Seq[objects.Sight[T]]) func() objects.Sight[T] {
	t.Helper()
	next, stop := iter.Pull(s)
	t.Cleanup(stop)
	pull := func() objects.Sight[T] {
		got, ok := next()
		if !ok {
			t.Error("the watch ended")
		}
		return got
	}
	if got := pull(); got.Event != objects.Began {
		t.Errorf("a watch begins with %+v", got)
	}
	return pull
}

func TestMembershipRefusesReconnectBuffer(t *testing.T) {
	s := startServer(t, t.TempDir(), server.RANDOM_PORT)
	conn, err := nats.Connect(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	store, err := jetstream.Open(t.Context(), conn, jetstream.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Membership(t.Context()); !errors.Is(err, jetstream.ErrBuffered) {
		t.Errorf("error is %v", err)
	}
}

// TestFencesOfTheJournal: what PutFences answers is what appends carry, and a claim of a version before members is read.
func TestFencesOfTheJournal(t *testing.T) {
	store := openStore(t, openNode(t, t.TempDir()), patient)
	m := openMembership(t, store)
	old := claim(t, store)
	f, err := m.Fences(t.Context(), []journal.Shard{shard})
	if err != nil || f[0].Sequence != old.Fence || f[0].Fence != (roster.Fence{Owner: "me", State: roster.FenceOwned}) {
		t.Fatalf("fence of a blind claim %+v, %v", f, err)
	}
	fences, err := m.PutFences(t.Context(), []objects.FenceChange{{Shard: shard, Expect: old.Fence, Fence: roster.Fence{Owner: "a", Epoch: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Append(t.Context(), old, "", []journal.Record{event(1)}); !errors.Is(err, journal.ErrFenced) {
		t.Errorf("append under the blind claim: %v", err)
	}
	if err := store.Append(t.Context(), journal.Claim{Shard: shard, Fence: fences[0]}, "", []journal.Record{event(1)}); err != nil {
		t.Errorf("append under the new fence: %v", err)
	}
}
