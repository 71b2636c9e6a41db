package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// natsBuilt makes the NATS server of the module that the daemon embeds, once.
var natsBuilt = sync.OnceValues(func() (string, error) {
	path := filepath.Join(workshop, "nats-server")
	out, err := exec.Command("go", "build", "-o", path, "github.com/nats-io/nats-server/v2").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// natsServers are three servers that keep three copies of everything, and sync every write.
type natsServers struct {
	t       testing.TB
	configs []string
	urls    []string
	servers []*process
}

// startNATS starts them, one on each host.
func startNATS(t testing.TB, dir string, hosts [3]string) *natsServers {
	t.Helper()
	path, err := natsBuilt()
	if err != nil {
		t.Fatal(err)
	}
	n := &natsServers{t: t, servers: make([]*process, len(hosts))}
	var clients, routes []string
	for _, host := range hosts {
		ports := freePorts(t, host, 2)
		clients, routes = append(clients, ports[0]), append(routes, ports[1])
	}
	for i, client := range clients {
		name := fmt.Sprint("nats", i)
		n.configs = append(n.configs, write(t, dir, name+".conf", fmt.Appendf(nil, `
			server_name: %s, listen: "%s"
			jetstream { store_dir: %q, sync_interval: always }
			cluster { name: e2e, listen: "%s", routes: ["nats://%s"] }
		`, name, client, filepath.Join(dir, name), routes[i], strings.Join(routes, `", "nats://`))))
		n.urls = append(n.urls, "nats://"+client)
	}
	for i := range n.servers {
		n.start(path, i)
	}
	for i := range n.servers {
		n.await(i)
	}
	return n
}

func (n *natsServers) start(path string, i int) {
	n.servers[i] = launch(n.t, nil, nil, path, "-c", n.configs[i])
}

// restart starts a server that was killed again.
func (n *natsServers) restart(i int) {
	n.t.Helper()
	n.start(n.servers[i].cmd.Path, i)
	n.await(i)
}

// await returns when a server takes connections.
func (n *natsServers) await(i int) {
	n.t.Helper()
	for deadline := time.Now().Add(startFor); time.Now().Before(deadline) && n.servers[i].alive(); {
		if conn, err := net.DialTimeout("tcp", strings.TrimPrefix(n.urls[i], "nats://"), time.Second); err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	n.t.Fatalf("NATS server %d does not start: %s", i, tail(n.servers[i].said()))
}

// url names all of them.
func (n *natsServers) url() string { return strings.Join(n.urls, ",") }

// nextPort is below the ports that the system gives to connections of its own choice: nobody else takes one between a test's look and its
// daemon's.
var nextPort atomic.Int64

func init() { nextPort.Store(20_000 + int64(os.Getpid()%100)*100) } // another run of the tests begins elsewhere

// freePorts gives addresses of a host that nobody listens on, as HOST:PORT, each once.
func freePorts(t testing.TB, host string, n int) (addresses []string) {
	t.Helper()
	for len(addresses) < n {
		port := nextPort.Add(1)
		if port > 32_000 {
			t.Fatal("no port is free below 32,000")
		}
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.FormatInt(port, 10)))
		if err != nil {
			continue // somebody has it
		}
		addresses = append(addresses, l.Addr().String())
		_ = l.Close()
	}
	return addresses
}
