package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster"
	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/cluster/roster"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/app"
	"hayauma.example/cmd/hayauma/internal/certs"
	"hayauma.example/cmd/hayauma/internal/client"
	"hayauma.example/cmd/hayauma/internal/config"
)

// sharedNATS is a server for several daemons.
func sharedNATS(t *testing.T) string {
	t.Helper()
	url, _ := stoppableNATS(t)
	return url
}

// stoppableNATS can be away for a while.
func stoppableNATS(t *testing.T) (url string, away func() (back func())) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	var n *natsnode.Node
	open := func() {
		var err error
		if n, err = natsnode.Open(t.Context(), natsnode.Config{DataDir: dir, Listen: address}); err != nil {
			t.Fatal(err)
		}
	}
	shut := func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := n.Close(ctx); err != nil {
			t.Error(err)
		}
	}
	open()
	t.Cleanup(func() { shut() })
	return "nats://" + address, func() func() { shut(); return open }
}

// node is the configuration of one of several.
func node(t *testing.T, name, nats string) config.Config {
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.MemoryLimit = t.TempDir(), "127.0.0.1:0", 0
	cfg.Node, cfg.NATS.URL, cfg.Cluster.Listen = name, nats, "127.0.0.1:0"
	return cfg
}

func logTo(t *testing.T, name string) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil)).With("me", name)
}

// settled waits until a node sees as many active ones, and owns all that is its own.
func settled(t *testing.T, c *client.Client, many int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		s, err := c.Cluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		active := 0
		for _, m := range s.Members {
			if m.Condition == "active" {
				active++
			}
		}
		waiting := 0
		for _, sh := range s.Shards {
			if sh.Owner == "" || sh.Owner == s.Node && sh.Phase != "owned" {
				waiting++
			}
		}
		if active == many && len(s.Members) == many && waiting == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not settled: %d active of %d, %d shards wait, %s", active, len(s.Members), waiting, s.Condition)
		}
	}
}

// Three daemons share the work; one stops, one is drained by another's word; what was ordered is delivered once.
func TestFleetHandsOver(t *testing.T) {
	if testing.Short() {
		t.Skip("three daemons")
	}
	nats := sharedNATS(t)
	sim, endpoint := simulator(t, "")
	var all []*app.App
	var clients []*client.Client
	for i := range 3 {
		name := fmt.Sprint("n", i)
		a, c := start(t, node(t, name, nats), logTo(t, name))
		all, clients = append(all, a), append(clients, c)
	}
	for _, c := range clients {
		settled(t, c, 3)
	}
	for _, c := range clients {
		s, err := c.Cluster(t.Context())
		for _, sh := range s.Shards {
			if err != nil || (sh.Owner == s.Node) != (sh.Phase == "owned") || sh.Owner != s.Node && sh.Phase != "" {
				t.Fatalf("%s shows %+v, %v", s.Node, sh, err)
			}
		}
	}
	measured(t, all)
	if l, err := clients[0].Actors(t.Context(), client.ActorQuery{Kind: "cell", Limit: 100}); err != nil || len(l.Nodes) != 3 || len(l.Actors) < 3 || len(l.Warnings) > 0 {
		t.Errorf("the actors of three nodes: %+v, %v", l, err)
	}
	t.Setenv("APP_TEST_TOKEN", "secret")
	slow := api.NewChannel{Name: "shop", Provider: "line", Endpoint: endpoint, TokenEnv: "APP_TEST_TOKEN", Limits: &api.Limits{Push: 300}}
	if _, err := clients[0].AddChannel(t.Context(), slow); err != nil {
		t.Fatal(err)
	}
	id := submit(t, clients[1], 1500)
	stop(t, all[0])
	settled(t, clients[1], 2)
	if d, err := clients[2].Drain(t.Context(), "n1"); err != nil || len(d.Warnings) != 0 {
		t.Errorf("drain: %+v, %v", d, err)
	}
	if err := <-all[1].Failed(); !errors.Is(err, app.ErrDrained) {
		t.Errorf("n1 ends by %v", err)
	}
	stop(t, all[1])
	settled(t, clients[2], 1)
	if info := follow(t, clients[2], id, func(api.Campaign) {}); info.Delivered != 1500 {
		t.Errorf("%+v", info)
	}
	if l := sim.Sim.Ledger(); l.Duplicates != 0 || l.Deliveries != 1500 {
		t.Errorf("the simulator has seen %+v", l)
	}
	stop(t, all[2])
}

// measured scrapes three nodes that share their shards; the first one was alone and has given some up.
func measured(t *testing.T, all []*app.App) {
	t.Helper()
	owned := 0
	for i, a := range all {
		text := get(t, a.URL()+"/metrics")
		for _, line := range []string{
			`hayauma_cluster_members{state="active"} 3`, `hayauma_cluster_self_fences_total 0`, `hayauma_cluster_evictions_total 0`,
			`hayauma_cluster_failover_seconds_count 0`, `hayauma_cluster_view_epoch `, `hayauma_cluster_detour_shards `, `hayauma_actor_held_messages `,
			`hayauma_cluster_member_info{member="n1",roles="checker,composer,experiment,poster,statistics,usage,webhook",version="`,
		} {
			if !strings.Contains(text, "\n"+line) {
				t.Errorf("n%d: the scrape lacks %s", i, line)
			}
		}
		for _, role := range []string{"checker", "composer", "experiment", "poster", "statistics", "usage", "webhook"} {
			owned += sample(t, text, `hayauma_cluster_shards_owned{role="`+role+`"}`)
		}
		if sent := sample(t, text, `hayauma_remote_messages_total{direction="sent",peer="n`+fmt.Sprint((i+1)%3)+`"}`); sent < 0 {
			t.Errorf("n%d has sent %d messages to the next", i, sent)
		}
		if gave := sample(t, text, `hayauma_cluster_handoffs_total{result="stored"}`); i == 0 && gave == 0 || i == 2 && gave > 0 {
			t.Errorf("n%d has given up %d shards", i, gave)
		}
	}
	if want := 7 * cluster.Shards; owned != want {
		t.Errorf("%d shards are served, want %d", owned, want)
	}
}

// sample is a whole number of a scrape.
func sample(t *testing.T, text, series string) int {
	t.Helper()
	_, rest, _ := strings.Cut(text, "\n"+series+" ")
	value, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.Atoi(value)
	if err != nil {
		t.Errorf("%s: %v", series, err)
	}
	return n
}

// Without NATS nothing may be done, /readyz says so, and all goes on by itself.
func TestNATSIsAwayForAWhile(t *testing.T) {
	nats, away := stoppableNATS(t)
	a, c := start(t, node(t, "a", nats), logTo(t, "a"))
	settled(t, c, 1)
	back := away()
	await(t, a, http.StatusServiceUnavailable, "lease has run out: NATS isn't reached")
	refused := func(_ any, err error) {
		t.Helper()
		problem, _ := errors.AsType[client.Error](err)
		if problem.Status != http.StatusServiceUnavailable || !strings.HasPrefix(problem.Detail, "NATS isn't reached") {
			t.Errorf("refused with %v", err)
		}
	}
	refused(c.Drain(t.Context(), "a"))
	refused(c.Channels(t.Context()))
	back()
	await(t, a, http.StatusOK, "ok")
	settled(t, c, 1)
	if n := sample(t, get(t, a.URL()+"/metrics"), "hayauma_cluster_self_fences_total"); n < 1 {
		t.Errorf("%d self-fences are counted", n)
	}
	stop(t, a)
}

// Where the nodes hold the store themselves, the one that is left says how many of them it reaches, and refuses what it can't store.
func TestQuorumIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("three daemons")
	}
	var routes []string
	for range 3 {
		routes = append(routes, freeAddress(t))
	}
	cfgs := make([]config.Config, 3)
	for i := range cfgs {
		cfgs[i] = node(t, fmt.Sprint("n", i), "")
		cfgs[i].NATS.Routes, cfgs[i].NATS.ClusterListen = routes, routes[i]
	}
	apps, clients := startAll(t, cfgs)
	settled(t, clients[0], 3)
	stop(t, apps[2])
	stop(t, apps[1])
	const why = "NATS has no quorum: 1 of 3 servers are reached"
	await(t, apps[0], http.StatusServiceUnavailable, why)
	began := time.Now()
	if _, err := clients[0].Drain(t.Context(), "n0"); err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("drained: %v", err)
	}
	for _, err := range clients[0].Campaigns(t.Context(), client.Filter{}) {
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("listed: %v", err)
		}
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v to refuse both", took)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), app.StopTimeout)
	defer cancel()
	_ = apps[0].Stop(ctx) // it can't leave the view
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startAll starts daemons that wait for each other.
func startAll(t *testing.T, cfgs []config.Config) ([]*app.App, []*client.Client) {
	t.Helper()
	apps, clients := make([]*app.App, len(cfgs)), make([]*client.Client, len(cfgs))
	var all sync.WaitGroup
	for i, cfg := range cfgs {
		all.Go(func() {
			var err error
			if apps[i], err = app.Start(t.Context(), cfg, app.Options{Log: logTo(t, cfg.Node), Version: "test"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, a := range apps {
		if a == nil {
			t.FailNow()
		}
		var err error
		if clients[i], err = client.New(a.URL(), ""); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(clients[i].Close)
	}
	return apps, clients
}

// await asks whether a daemon is ready until it says what it should.
func await(t *testing.T, a *app.App, status int, part string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(a.URL() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil && resp.StatusCode == status && strings.Contains(string(body), part) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d: %s, %v", resp.StatusCode, body, err)
		}
	}
}

// A role that nobody carries is told, and no reason to take no work.
func TestMissingRoleIsAWarning(t *testing.T) {
	cfg := node(t, "a", sharedNATS(t))
	cfg.NodeType = []string{"poster", "composer"}
	a, c := start(t, cfg, logTo(t, "a"))
	await(t, a, http.StatusOK, "no node carries the role checker: start one with NODE_TYPE=checker")
	await(t, a, http.StatusOK, "no node carries the role usage: start one with NODE_TYPE=checker")
	_, stats := c.Statistics(t.Context(), "shop", "")
	_, usage := c.Usage(t.Context(), "shop", "")
	for role, err := range map[string]error{"statistics": stats, "usage": usage} {
		problem, _ := errors.AsType[client.Error](err)
		want := "no node carries the role " + role + ": start one with NODE_TYPE=checker"
		if problem.Status != http.StatusServiceUnavailable || problem.Type != "urn:hayauma:problem:role-missing" || err.Error() != want {
			t.Errorf("%s: %+v", role, problem)
		}
	}
	stop(t, a)
}

// A certificate that ends soon is a warning in the log and on /readyz; with one that has ended nothing is begun.
func TestEndingCertificate(t *testing.T) {
	cfg := node(t, "a", sharedNATS(t))
	issued := func(age time.Duration) {
		made, err := certs.Make(certs.Request{Dir: t.TempDir(), Node: "a", Now: time.Now().Add(-age)})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Cluster.Cert, cfg.Cluster.Key, cfg.Cluster.CA = made.Cert, made.Key, made.CA
	}
	issued(certs.Lifetime + time.Hour)
	_, err := app.Start(t.Context(), cfg, app.Options{})
	if err == nil || !strings.Contains(err.Error(), "has ended at ") || !strings.Contains(err.Error(), "and now it is ") {
		t.Errorf("started with one that has ended: %v", err)
	}
	issued(certs.Lifetime - 13*24*time.Hour)
	var log bytes.Buffer
	a, c := start(t, cfg, slog.New(slog.NewTextHandler(&log, nil)))
	await(t, a, http.StatusOK, "this node's cluster-cert ends at ")
	if s, err := c.Cluster(t.Context()); err != nil || len(s.Warnings()) != 1 {
		t.Errorf("the commands warn of %v, %v", s.Warnings(), err)
	}
	stop(t, a)
	if !strings.Contains(log.String(), "the certificate ends soon") {
		t.Errorf("log: %s", log.String())
	}
}

// A node that others would dial in vain, or instead of which they would reach another one, is told so before it joins.
func TestWrongAdvertise(t *testing.T) {
	nats := sharedNATS(t)
	first := node(t, "a", nats)
	first.Cluster.Listen = freeAddress(t)
	first.Cluster.Advertise = first.Cluster.Listen
	a, c := start(t, first, logTo(t, "a"))
	silent, err := net.Listen("tcp", "127.0.0.1:0") // the kernel takes connections, and nobody speaks
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	nobody := freeAddress(t)
	for address, want := range map[string]string{
		nobody:               "--cluster-advertise " + nobody + ": nobody listens there (connection refused)",
		first.Cluster.Listen: "--cluster-advertise " + first.Cluster.Listen + ": node a answers there",
	} {
		cfg := node(t, "b", nats)
		cfg.Cluster.Advertise = address
		if _, err := app.Start(t.Context(), cfg, app.Options{}); err == nil || !strings.Contains(err.Error(), want) || app.Rejoins(err) {
			t.Errorf("advertised %s: %v", address, err)
		}
	}
	settled(t, c, 1)
	if n := sample(t, get(t, a.URL()+"/metrics"), "hayauma_cluster_evictions_total"); n > 0 {
		t.Errorf("%d were evicted that should never have joined", n)
	}
	stop(t, a)
	var log bytes.Buffer
	cfg := node(t, "b", nats)
	cfg.Cluster.Advertise = silent.Addr().String()
	b, c := start(t, cfg, slog.New(slog.NewTextHandler(&log, nil)))
	settled(t, c, 1)
	stop(t, b)
	if !strings.Contains(log.String(), "this node gets no answer where it tells the others to reach it") {
		t.Errorf("log: %s", log.String())
	}
}

// Who comes again on its data directory replaces its earlier start at once; who merely has the name waits until that was evicted.
func TestNodeComesBack(t *testing.T) {
	took := map[bool]time.Duration{}
	for _, own := range []bool{true, false} {
		nats := sharedNATS(t)
		cfg := node(t, "a", nats)
		earlier := leaveBehind(t, natsnode.Config{URL: nats}, "a")
		if own {
			if err := os.WriteFile(filepath.Join(cfg.Data, "starts"), []byte(earlier+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		a, c := start(t, cfg, logTo(t, "a"))
		took[own] = time.Since(began)
		settled(t, c, 1)
		if _, err := app.Start(t.Context(), cfg, app.Options{}); !errors.As(err, new(*natsnode.InUseError)) {
			t.Errorf("a second one on the same directory: %v", err)
		}
		if _, err := app.Start(t.Context(), node(t, "a", nats), app.Options{}); err == nil || !strings.Contains(err.Error(), "another live node is called a") {
			t.Errorf("a second one of the same name: %v", err)
		}
		stop(t, a)
	}
	t.Logf("own predecessor %v, another's %v", took[true].Round(time.Millisecond), took[false].Round(time.Millisecond))
	if took[false] < roster.DefaultTimers.TakeOver || took[true] >= took[false] {
		t.Errorf("the own one was waited for %v, the other %v", took[true], took[false])
	}
}

// Nodes that can't talk to each other are not let into one store.
func TestLoneNodesShareNoStore(t *testing.T) {
	nats := sharedNATS(t)
	lone := func(name string) config.Config {
		cfg := node(t, name, nats)
		cfg.Cluster.Listen = ""
		return cfg
	}
	a, c := start(t, lone("a"), logTo(t, "a"))
	settled(t, c, 1)
	for _, cfg := range []config.Config{lone("b"), node(t, "c", nats)} {
		if _, err := app.Start(t.Context(), cfg, app.Options{}); err == nil || !strings.Contains(err.Error(), "node a uses this store too") {
			t.Errorf("%s: %v", cfg.Node, err)
		}
	}
	settled(t, c, 1)
	stop(t, a)
	b, c := start(t, lone("b"), logTo(t, "b"))
	settled(t, c, 1)
	stop(t, b)
}

// A host that was renamed finds its own store as it left it, at once.
func TestRenamedNodeAlone(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.MemoryLimit, cfg.Node = t.TempDir(), "127.0.0.1:0", 0, "after"
	leaveBehind(t, natsnode.Config{DataDir: cfg.Data}, "before")
	began := time.Now()
	a, c := start(t, cfg, logTo(t, "after"))
	settled(t, c, 1)
	took := time.Since(began)
	t.Logf("it owns everything after %v", took.Round(time.Millisecond))
	if took >= roster.DefaultTimers.Crowd { // that long the one that was killed would be waited for
		t.Error("it has waited for its earlier name")
	}
	stop(t, a)
}

// leaveBehind writes the view of a node that was killed, and names its start.
func leaveBehind(t *testing.T, cfg natsnode.Config, name string) (incarnation string) {
	t.Helper()
	n, err := natsnode.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	store, err := jetstream.Open(t.Context(), n.Conn(), jetstream.Config{})
	if err != nil {
		t.Fatal(err)
	}
	members, err := store.Membership(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := ulid.Make().String()
	view, _, err := roster.View{}.Join(roster.Member{Incarnation: id, Node: name, Address: "alone:0", Roles: []string{"checker", "composer", "poster"}})
	if err != nil {
		t.Fatal(err)
	}
	if view, _, err = view.Activate(id); err != nil {
		t.Fatal(err)
	}
	if _, err := members.PutView(t.Context(), view, 0); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	return id
}
