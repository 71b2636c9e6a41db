package natsnode_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/cluster/natsnode"
)

// childEnv holds the directory, name and addresses of a server that the test binary is to be, so that one can be killed.
const childEnv = "NATSNODE_CHILD"

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		child(text)
	}
	os.Exit(m.Run())
}

// child runs one node until its standard input ends.
func child(text string) {
	var args []string
	if err := json.Unmarshal([]byte(text), &args); err != nil {
		panic(err)
	}
	cfg := natsnode.Config{DataDir: args[0], Routes: natsnode.Routes{Node: args[1], Listen: args[2], Servers: args[3:]}}
	if _, err := natsnode.Open(context.Background(), cfg); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// fleet is the configuration of three servers.
func fleet(t *testing.T) []natsnode.Config {
	t.Helper()
	var servers []string
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, l.Addr().String())
		defer l.Close()
	}
	var all []natsnode.Config
	for i, address := range servers {
		all = append(all, natsnode.Config{DataDir: t.TempDir(), OpenTimeout: 45 * time.Second,
			Routes: natsnode.Routes{Node: fmt.Sprint("n", i), Listen: address, Servers: servers}})
	}
	return all
}

// process starts a node of its own, and tells when it is open.
func process(t *testing.T, cfg natsnode.Config) (kill func(), opened <-chan error) {
	t.Helper()
	text, err := json.Marshal(append([]string{cfg.DataDir, cfg.Routes.Node, cfg.Routes.Listen}, cfg.Routes.Servers...))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	in, err := cmd.StdinPipe() // it ends with this process
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		if line = strings.TrimSpace(line); line != "open" {
			told <- errors.New("the node said: " + line)
		}
		close(told)
	}()
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = in.Close()
	})
	t.Cleanup(kill)
	return kill, told
}

func openAll(t *testing.T, cfgs ...natsnode.Config) []*natsnode.Node {
	t.Helper()
	nodes, errs := make([]*natsnode.Node, len(cfgs)), make([]error, len(cfgs))
	var wg sync.WaitGroup
	for i, cfg := range cfgs {
		wg.Go(func() { nodes[i], errs[i] = natsnode.Open(t.Context(), cfg) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return nodes
}

func stream(t *testing.T, n *natsnode.Node) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(n.Conn())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		_, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}, Replicas: 3})
		if err == nil {
			return js
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

// lead makes a server the stream's leader.
func lead(t *testing.T, js jetstream.JetStream, server string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); caughtUp(t, js).Cluster.Leader != server; time.Sleep(50 * time.Millisecond) {
		_, err := js.Conn().Request("$JS.API.STREAM.LEADER.STEPDOWN.S", fmt.Appendf(nil, `{"placement":{"preferred":%q}}`, server), time.Second)
		if time.Now().After(end) {
			t.Fatalf("%s does not lead: %v", server, err)
		}
	}
}

// write publishes until as many are stored, and tells the longest time for which none was.
func write(t *testing.T, js jetstream.JetStream, many int) (gap time.Duration) {
	t.Helper()
	last := time.Now()
	for stored := 0; stored < many; {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		_, err := js.Publish(ctx, "s", []byte("x"), jetstream.WithRetryAttempts(0))
		cancel()
		gap = max(gap, time.Since(last))
		switch {
		case err == nil:
			stored++
			last = time.Now()
		case gap > 40*time.Second:
			t.Fatal(err)
		}
	}
	return gap
}

// caughtUp waits until all replicas have what the leader has.
func caughtUp(t *testing.T, js jetstream.JetStream) *jetstream.StreamInfo {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		s, err := js.Stream(ctx, "S")
		cancel()
		if err == nil {
			info := s.CachedInfo()
			current := 0
			for _, r := range info.Cluster.Replicas {
				if r.Current && !r.Offline && r.Lag == 0 {
					current++
				}
			}
			if current == 2 {
				return info
			}
		}
		if time.Now().After(end) {
			t.Fatalf("the replicas don't catch up: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestThreeServersWithRoutes(t *testing.T) {
	if testing.Short() {
		t.Skip("three servers take several seconds to elect their leaders")
	}
	cfgs := fleet(t)
	began := time.Now()
	kill, opened := process(t, cfgs[2])
	nodes := openAll(t, cfgs[:2]...)
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	t.Logf("formed in %v", time.Since(began).Round(time.Millisecond))
	js := stream(t, nodes[0])
	write(t, js, 50)
	reaches(t, nodes[0], 3)

	lead(t, js, "n2")
	kill()
	reaches(t, nodes[0], 2)
	t.Logf("the leader was killed: no append for %v", write(t, js, 50).Round(time.Millisecond))
	_, opened = process(t, cfgs[2])
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	info := caughtUp(t, js)
	t.Logf("came back and caught up in %v", time.Since(began).Round(time.Millisecond))
	if info.State.Msgs < 100 {
		t.Errorf("%d messages are left of 100", info.State.Msgs)
	}

	other := stream(t, nodes[1])
	lead(t, other, "n0")
	done := make(chan struct{})
	go func() {
		defer close(done)
		closeNode(t, nodes[0])
	}()
	t.Logf("the leader stopped in order: no append for %v", write(t, other, 300).Round(time.Millisecond))
	<-done
	cfgs[0].DataDir = t.TempDir() // its disk is lost
	nodes = openAll(t, cfgs[0])
	if info := caughtUp(t, stream(t, nodes[0])); info.State.Msgs < 400 {
		t.Errorf("%d messages are left of 400", info.State.Msgs)
	}
	closeNode(t, nodes[0])
}

// reaches waits until a server has routes to as many, itself among them.
func reaches(t *testing.T, n *natsnode.Node, want int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		servers, of := n.Reached()
		if servers == want && of == 3 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d servers are reached, want %d", servers, of, want)
		}
	}
}

func TestOneOfThreeTellsWhatToDo(t *testing.T) {
	t.Parallel()
	cfg := fleet(t)[0]
	cfg.OpenTimeout = 2 * time.Second
	_, err := natsnode.Open(t.Context(), cfg)
	missing, ok := errors.AsType[*natsnode.NoQuorumError](err)
	if !ok || missing.Node != "n0" || missing.Servers != 3 || len(missing.Reached) != 0 || missing.Waited < time.Second {
		t.Fatalf("%v", err)
	}
	for _, part := range []string{"n0 reaches none of the other servers", "2 of 3 must run, at the very first start all", "start the other nodes",
		"--nats-routes"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
}

// Another name, or another topology, would see an empty store, and a cluster deletes what it doesn't know.
func TestStoreKeepsItsTopology(t *testing.T) {
	cfg := fleet(t)[0]
	cfg.OpenTimeout = 500 * time.Millisecond
	_, err := natsnode.Open(t.Context(), cfg)
	if !errors.As(err, new(*natsnode.NoQuorumError)) {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(c *natsnode.Config)
		want   string
	}{
		"another name": {func(c *natsnode.Config) { c.Routes.Node = "other" }, "pass --node n0"},
		"alone":        {func(c *natsnode.Config) { c.Routes = natsnode.Routes{} }, "pass the --nats-routes that it had"},
	} {
		c := cfg
		tc.change(&c)
		if _, err := natsnode.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	alone := t.TempDir()
	closeNode(t, open(t, natsnode.Config{DataDir: alone}))
	cfg.DataDir = alone
	if _, err := natsnode.Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "drop --nats-routes") {
		t.Errorf("routes on the store of a server alone: %v", err)
	}
}

func TestRoutesAreChecked(t *testing.T) {
	for name, spoil := range map[string]func(r *natsnode.Routes){
		"no name":       func(r *natsnode.Routes) { r.Node = "" },
		"two":           func(r *natsnode.Routes) { r.Servers = r.Servers[:2] },
		"one twice":     func(r *natsnode.Routes) { r.Servers = append(r.Servers[:2:2], r.Servers[0]) },
		"a port to be":  func(r *natsnode.Routes) { r.Listen = "127.0.0.1:0" },
		"no port":       func(r *natsnode.Routes) { r.Listen = "127.0.0.1" },
		"any address":   func(r *natsnode.Routes) { r.Servers = append([]string{"0.0.0.0:1"}, r.Servers[1:]...) },
		"advertise any": func(r *natsnode.Routes) { r.Advertise = "[::]:1" },
		"no listener":   func(r *natsnode.Routes) { r.Listen = "" },
		"plain":         func(r *natsnode.Routes) { r.Listen = "0.0.0.0:6222" },
		"plain route":   func(r *natsnode.Routes) { r.Servers = append([]string{"192.0.2.1:1"}, r.Servers[1:]...) },
	} {
		cfg := fleet(t)[0]
		spoil(&cfg.Routes)
		if err := cfg.Validate(); err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.HasPrefix(name, "plain") != errors.Is(err, natsnode.ErrPlain) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
