package natsnode

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Directories of the stores below the data directory. A server with routes deletes streams that its cluster doesn't know, and a server
// alone knows nothing of a cluster's: so each kind has its own, and never opens the other's.
const (
	aloneDir  = "nats"
	routedDir = "nats-routed"
	nodeFile  = "node" // in routedDir: the server's name, by which its cluster counts it
)

// NoQuorumError: the servers that came don't suffice for the cluster to work.
type NoQuorumError struct {
	Node    string
	Servers int      // of the cluster
	Reached []string // names of the other servers that there is a route to, sorted
	Missing []string // ADDRESS: why it doesn't answer
	Waited  time.Duration
	Err     error // what JetStream said last
}

// Error implements error.
func (e *NoQuorumError) Error() string {
	reached := "none of the other servers"
	if len(e.Reached) > 0 {
		reached = strings.Join(e.Reached, ", ") + " only"
	}
	if len(e.Missing) > 0 {
		reached += " (" + strings.Join(e.Missing, "; ") + ")"
	}
	return fmt.Sprintf("natsnode: the NATS cluster has no leader after %s: %s reaches %s; %d of %d must run, at the very first "+
		"start all, and all after all were stopped: start the other nodes at the same time, with the same --nats-routes and certificates of one authority; where they run, see their logs (%v)",
		e.Waited.Round(100*time.Millisecond), e.Node, reached, e.Servers/2+1, e.Servers, e.Err)
}

// Unwrap lets errors.Is find what JetStream said.
func (e *NoQuorumError) Unwrap() error { return e.Err }

// storeDir is where the server keeps its streams, or why it may not.
func storeDir(cfg Config) (string, error) {
	mine, others, turn := aloneDir, routedDir, "pass the --nats-routes that it had"
	if cfg.Routes.wanted() {
		mine, others, turn = routedDir, aloneDir, "drop --nats-routes"
	}
	other := filepath.Join(cfg.DataDir, others)
	switch _, err := os.Stat(other); {
	case err == nil:
		return "", fmt.Errorf("natsnode: %s holds the store of another topology (alone, or several servers with routes), which this one would not see: %s, or "+
			"choose another --data", other, turn)
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("natsnode: store directory: %w", err)
	}
	dir := filepath.Join(cfg.DataDir, mine)
	if cfg.Routes.wanted() {
		return dir, keepName(dir, cfg.Routes.Node)
	}
	return dir, nil
}

// keepName holds a store to the name that it began with: under another one the cluster would wait for the old for ever.
func keepName(dir, name string) error {
	file := filepath.Join(dir, nodeFile)
	had, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("natsnode: store directory: %w", err)
		}
		if err := os.WriteFile(file, []byte(name+"\n"), 0o600); err != nil {
			return fmt.Errorf("natsnode: store directory: %w", err)
		}
		return nil
	case err != nil:
		return fmt.Errorf("natsnode: store directory: %w", err)
	case strings.TrimSpace(string(had)) != name:
		return fmt.Errorf("natsnode: the store in %s is that of node %q, and this one is %q: pass --node %s, or choose another --data", dir,
			strings.TrimSpace(string(had)), name, strings.TrimSpace(string(had)))
	}
	return nil
}

// routed adds the routes. JetStream counts its servers by them, so the list names all.
func routed(opts *server.Options, r Routes) error {
	host, port, err := net.SplitHostPort(r.Listen)
	if err != nil {
		return fmt.Errorf("natsnode: --nats-cluster-listen %q: want HOST:PORT: %w", r.Listen, err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("natsnode: --nats-cluster-listen %q: %w", r.Listen, err)
	}
	opts.ServerName, opts.NoSystemAccount = r.Node, false
	opts.Host, opts.Port, opts.DontListen = "127.0.0.1", server.RANDOM_PORT, false // it opens no routes before it has a client port
	opts.Username, opts.Password = user, rand.Text()
	opts.Cluster = server.ClusterOpts{
		Name: r.Cluster, Host: host, Port: number, Advertise: r.Advertise, NoAdvertise: true,
		TLSConfig: r.TLS, TLSTimeout: 5,
		PingInterval: routePing, MaxPingsOut: 2,
	}
	for _, address := range r.Servers {
		opts.Routes = append(opts.Routes, &url.URL{Scheme: "nats-route", Host: address})
	}
	return nil
}

// user is the one client of a server with routes: its own process, which makes up a password at each start.
const user = "hayauma"

// routePing finds out about a silent route after three of them.
const routePing = time.Second

const quorumLook = 100 * time.Millisecond

// awaitQuorum waits for the cluster's leader: before there is one, JetStream takes nothing.
func (n *Node) awaitQuorum(ctx context.Context) error {
	js, err := jetstream.New(n.conn)
	if err != nil {
		return fmt.Errorf("natsnode: %w", err)
	}
	defer n.Waiting(ctx)()
	look := time.NewTicker(quorumLook)
	defer look.Stop()
	began := time.Now()
	for {
		if err = answers(ctx, js); err == nil {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return n.noQuorum(context.WithoutCancel(ctx), time.Since(began), err)
		}
	}
}

func (n *Node) noQuorum(ctx context.Context, waited time.Duration, err error) error {
	r := n.cfg.Routes
	reached := n.reached() // before others are asked, who may give up at the same time
	return &NoQuorumError{Node: r.Node, Servers: len(r.Servers), Reached: reached, Missing: r.reach(ctx).Missing, Waited: waited, Err: err}
}

// answers asks JetStream's leader; without one nobody answers.
func answers(ctx context.Context, js jetstream.JetStream) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := js.AccountInfo(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nats.ErrTimeout
	}
	return err
}

// others names the servers behind routes, but for ours.
func others(routes []*server.RouteInfo, ours string) []string {
	var names []string
	for _, r := range routes {
		if r.RemoteName != ours {
			names = append(names, r.RemoteName)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
