package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/cluster/objects/objectstest"
	"hayauma.example/engine/journal"
	"hayauma.example/engine/journal/journaltest"
)

// startCluster runs three servers in this process.
func startCluster(t *testing.T) []*server.Server {
	t.Helper()
	ports := freePorts(t, 3)
	servers := make([]*server.Server, len(ports))
	for i, port := range ports {
		opts := &server.Options{
			ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true,
			JetStream: true, StoreDir: t.TempDir(), SyncAlways: true,
			Cluster: server.ClusterOpts{Name: "C", Host: "127.0.0.1", Port: port, NoAdvertise: true},
		}
		for _, p := range ports { // the servers take their number from the routes
			opts.Routes = append(opts.Routes, &url.URL{Scheme: "nats", Host: fmt.Sprint("127.0.0.1:", p)})
		}
		s, err := server.NewServer(opts)
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() {
			s.Shutdown()
			s.WaitForShutdown()
		})
		servers[i] = s
	}
	for _, s := range servers {
		if !s.ReadyForConnections(10 * time.Second) {
			t.Fatal("a server did not start")
		}
	}
	return servers
}

func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func clusterStore(t *testing.T, s *server.Server) (*nats.Conn, *jetstream.Store) {
	t.Helper()
	return storeOf(t, s, jetstream.Config{Replicas: 3, Request: 10 * time.Second})
}

func storeOf(t *testing.T, s *server.Server, cfg jetstream.Config) (*nats.Conn, *jetstream.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	node, err := natsnode.Open(ctx, natsnode.Config{URL: s.ClientURL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(node.Conn().Close)
	store, err := jetstream.Open(ctx, node.Conn(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return node.Conn(), store
}

func TestThreeReplicas(t *testing.T) {
	if testing.Short() {
		t.Skip("three servers take several seconds to elect their leaders")
	}
	servers := startCluster(t)
	conn, one := clusterStore(t, servers[0])
	_, two := clusterStore(t, servers[1])
	if one.ClusterID() != two.ClusterID() {
		t.Errorf("cluster ids %v and %v", one.ClusterID(), two.ClusterID())
	}
	t.Run("conforms", func(t *testing.T) { journaltest.Run(t, journaltest.Subject{Store: two, Objects: two}) })
	t.Run("fences over connections", func(t *testing.T) { fencesOverConnections(t, one, two) })
	t.Run("busy", func(t *testing.T) { busy(t, one) })
	t.Run("membership", func(t *testing.T) {
		objectstest.Run(t, objectstest.Subject{One: openMembership(t, one), Two: openMembership(t, two)})
	})
	t.Run("unwedges", func(t *testing.T) { unwedges(t, conn, openMembership(t, one)) })
}

func fencesOverConnections(t *testing.T, one, two *jetstream.Store) {
	old := claim(t, one)
	for i := range uint64(5) {
		if err := one.Append(t.Context(), old, "", []journal.Record{event(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	c := claim(t, two)
	counted(t, replay(t, two, c), 5)
	if err := one.Append(t.Context(), old, "", []journal.Record{event(6)}); !errors.Is(err, journal.ErrFenced) {
		t.Errorf("append of the first: %v", err)
	}
	for _, err := range one.Replay(t.Context(), old, grain) {
		if err != nil && !errors.Is(err, journal.ErrFenced) {
			t.Errorf("replay of the first: %v", err)
		}
	}
}

// busy breaks the rule of one append at a time: the server refuses some, and those are surely not stored.
func busy(t *testing.T, s *jetstream.Store) {
	c := claim(t, s)
	var mu sync.Mutex
	outcomes := map[string]int{}
	stored := map[string]bool{}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 25 {
				id := fmt.Sprintf("busy-%d-%d", w, i)
				r := journal.Record{Grain: journal.Grain{Kind: "busy", ID: id}, First: 1, Count: 1}
				err := s.Append(t.Context(), c, id, []journal.Record{r})
				mu.Lock()
				switch {
				case err == nil:
					outcomes["stored"]++
					stored[id] = true
				case errors.Is(err, journal.ErrBusy):
					outcomes["busy"]++
				default:
					t.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("eight appends at once to one shard: %v", outcomes)
	if outcomes["busy"] == 0 || outcomes["stored"] == 0 {
		t.Errorf("outcomes %v", outcomes)
	}
	for id, err := range s.Grains(t.Context(), shard.Role, "busy") {
		if err != nil {
			t.Fatal(err)
		}
		if !stored[id] {
			t.Errorf("%s was called busy and is stored", id)
		}
	}
}
