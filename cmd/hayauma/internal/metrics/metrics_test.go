package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"hayauma.example/actors"
	"hayauma.example/cluster"
	"hayauma.example/cluster/roster"
	"hayauma.example/cmd/hayauma/internal/metrics"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// world is a System as a scrape sees it.
type world struct {
	cells []engine.CellInfo
	stats []engine.KindStats
}

func (w *world) Counts() []engine.KindStats {
	out := slices.Clone(w.stats)
	for _, c := range w.cells {
		if !slices.ContainsFunc(out, func(k engine.KindStats) bool { return k.Kind == c.Kind }) {
			out = append(out, engine.KindStats{Kind: c.Kind})
		}
	}
	return out
}

func (w *world) Live() int64 { return int64(len(w.cells)) }

func (w *world) Cell(kind, id string) (engine.CellInfo, bool) {
	i := slices.IndexFunc(w.cells, func(c engine.CellInfo) bool { return c.Kind == kind && c.ID == id })
	if i < 0 {
		return engine.CellInfo{}, false
	}
	return w.of(i), true
}

// of is one cell, busy as the engine would have it.
func (w *world) of(i int) engine.CellInfo {
	c := w.cells[i]
	c.Busy = c.Depth > 32 || c.Oldest >= metrics.StuckAfter
	return c
}

func (w *world) Busy(yield func(engine.CellInfo) bool) {
	w.Cells(func(c engine.CellInfo) bool { return !c.Busy || yield(c) })
}

func (w *world) Plain(yield func(engine.CellInfo) bool) {
	w.Cells(func(c engine.CellInfo) bool { return !c.Plain || yield(c) })
}

func (w *world) Cells(yield func(engine.CellInfo) bool) {
	for i := range w.cells {
		if !yield(w.of(i)) {
			return
		}
	}
}

func (w *world) Held() engine.HeldStats { return engine.HeldStats{Messages: 3, Bytes: 300, Grains: 2} }

func (w *world) Forwards() uint64 { return 4 }

// crew is a member of a fleet as a scrape sees it.
type crew struct {
	status   cluster.Status
	tookOver func(cluster.TakeOver)
}

func (c *crew) Status() cluster.Status              { return c.status }
func (c *crew) OnTakeOver(f func(cluster.TakeOver)) { c.tookOver = f }

// registry looks at all cells, or only at those who matter.
func registry(w *world, lookAtAll ...int) *metrics.Registry {
	return metrics.New(metrics.Config{LookAtAll: append(lookAtAll, 0)[0], System: w, Version: "test", Secret: []byte("cluster"), Journal: metrics.Measure(journal.NewMemory(uuid.New()))})
}

// series maps the labels of a family's series to their values.
func series(t *testing.T, g prometheus.Gatherer, family string) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		if f.GetName() != family {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			out[strings.Join(labels, ",")] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return out
}

func count(t *testing.T, g prometheus.Gatherer) int {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range families {
		n += len(f.GetMetric())
	}
	return n
}

func TestLint(t *testing.T) {
	w := &world{
		stats: []engine.KindStats{{Kind: "poster", Active: 1, DeadLetters: map[string]uint64{"full": 2}}},
		cells: []engine.CellInfo{{Kind: "poster", ID: "shop/U1", Depth: 3, Oldest: time.Second, Private: true}},
	}
	r := registry(w)
	r.SetSkew(time.Second)
	problems, err := testutil.GatherAndLint(r)
	if err != nil || len(problems) > 0 {
		t.Fatalf("lint: %v, %v", problems, err)
	}
}

func TestFleetIsMeasured(t *testing.T) {
	member := func(node string, condition roster.Condition, roles ...string) cluster.MemberStatus {
		return cluster.MemberStatus{Member: roster.Member{Incarnation: "01" + node, Node: node, Roles: roles}, Condition: condition}
	}
	report := cluster.RoleStatus{Role: actors.RoleReport, Own: true}
	report.Shards[0], report.Shards[5] = cluster.ShardStatus{Phase: roster.Owned}, cluster.ShardStatus{Phase: roster.Owned}
	c := &crew{status: cluster.Status{
		Incarnation: "01a", Epoch: 7, Detours: 6, Roles: []cluster.RoleStatus{report, {Role: actors.RolePoster}},
		Members: []cluster.MemberStatus{member("a", roster.NodeActive, actors.RoleReport, actors.RoleUsage), member("b", roster.NodeSuspended)},
		Counts:  cluster.Counts{SelfFences: 1, Lost: 2, Views: 3, HandOffs: 9, Unstored: 4, Evictions: 5},
	}}
	r := metrics.New(metrics.Config{System: &world{}, Member: c, Version: "v", Secret: []byte("s")})
	c.tookOver(cluster.TakeOver{Took: 2 * time.Second})
	want := map[string]map[string]float64{
		"cluster_members":      {"state=joining": 0, "state=active": 1, "state=suspended": 1, "state=draining": 0},
		"cluster_member_info":  {"member=a,roles=statistics,usage,version=v": 1, "member=b,roles=,version=": 1},
		"cluster_shards_owned": {"role=statistics": 2}, "cluster_view_epoch": {"": 7}, "cluster_view_changes_total": {"": 3},
		"cluster_handoffs_total": {"result=stored": 5, "result=unsure": 4}, "cluster_self_fences_total": {"": 1}, "cluster_shards_lost_total": {"": 2},
		"cluster_evictions_total": {"": 5}, "cluster_detour_shards": {"": 6}, "actor_held_messages": {"": 3}, "actor_held_actors": {"": 2},
		"actor_held_bytes":               {"": 300},
		"actor_messages_forwarded_total": {"": 4},
	}
	for family, values := range want {
		if got := series(t, r, "hayauma_"+family); !maps.Equal(got, values) {
			t.Errorf("%s is %v, want %v", family, got, values)
		}
	}
	scrape := httptest.NewRecorder()
	r.Handler().ServeHTTP(scrape, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	for _, line := range []string{`hayauma_cluster_failover_seconds_bucket{le="1.024"} 0`, `hayauma_cluster_failover_seconds_bucket{le="4.096"} 1`} {
		if !strings.Contains(scrape.Body.String(), line) {
			t.Errorf("the scrape lacks %s", line)
		}
	}
	if problems, err := testutil.GatherAndLint(r); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
}

func TestEveryActorHasItsSeriesUpToTheBound(t *testing.T) {
	w := &world{}
	for i := range metrics.AllActors {
		w.cells = append(w.cells, engine.CellInfo{Kind: "campaign", ID: fmt.Sprint(i), Depth: i % 3})
	}
	if got := len(series(t, registry(w), "hayauma_actor_mailbox_depth")); got != metrics.AllActors {
		t.Errorf("%d series, want %d", got, metrics.AllActors)
	}
}

// hostile ids: long, not UTF-8, equal but for their ends, full of label syntax.
func hostile(i int) string {
	return []string{
		strings.Repeat("x", 300) + fmt.Sprint(i),
		"\xff\xfe" + fmt.Sprint(i),
		fmt.Sprintf("a\",b=\"%d\n", i),
		fmt.Sprintf("%d\x00", i),
	}[i%4]
}

func TestHostileIdentitiesCreateNoSeries(t *testing.T) {
	t.Run("all are looked at", func(t *testing.T) { testHostileIdentities(t, 0) })
	t.Run("those who matter are", func(t *testing.T) { testHostileIdentities(t, 1) })
}

func testHostileIdentities(t *testing.T, lookAtAll int) {
	w := &world{stats: []engine.KindStats{{Kind: "campaign"}, {Kind: "poster"}}}
	r := registry(w, lookAtAll)
	for i := range 2000 {
		w.cells = append(w.cells, engine.CellInfo{Kind: "campaign", ID: hostile(i), Depth: 1 + i, Oldest: time.Duration(i) * time.Second})
	}
	w.cells = append(w.cells, engine.CellInfo{Kind: "poster", ID: "p", Depth: 1, Private: true})
	first := count(t, r)
	for round := range 5 {
		w.cells = w.cells[:0]
		for i := range 10_000 {
			w.cells = append(w.cells, engine.CellInfo{Kind: "campaign", ID: hostile(i * (round + 2)), Depth: 1 + i, Oldest: time.Duration(i) * time.Second})
		}
		w.cells = append(w.cells, engine.CellInfo{Kind: "poster", ID: "p", Depth: 1, Private: true})
		got := count(t, r)
		if most := first + 2*metrics.MostKept; got > most {
			t.Fatalf("round %d: %d series for 10,000 hostile actors, at most %d", round, got, most)
		}
		if n := len(series(t, r, "hayauma_actor_mailbox_depth")); n > metrics.MostKept || n < metrics.Deepest {
			t.Fatalf("round %d: %d actors are shown", round, n)
		}
	}
	// The same actors again: nothing changes any more.
	settled := count(t, r)
	for range 3 {
		if got := count(t, r); got != settled {
			t.Fatalf("%d series, then %d for the same actors", settled, got)
		}
	}
}

func TestOnlyDeepStuckAndOwnActorsAreShownAmongMany(t *testing.T) {
	t.Run("all are looked at", func(t *testing.T) { testFewAmongMany(t, 0) })
	t.Run("those who matter are", func(t *testing.T) { testFewAmongMany(t, 1) })
}

func testFewAmongMany(t *testing.T, lookAtAll int) {
	w := &world{cells: []engine.CellInfo{
		{Kind: "cell", ID: "gate/shop", Plain: true},
		{Kind: "campaign", ID: "stuck", Depth: 1, Oldest: time.Minute},
		{Kind: "campaign", ID: "deep", Depth: 5000},
	}}
	for i := range 3000 {
		w.cells = append(w.cells, engine.CellInfo{Kind: "campaign", ID: fmt.Sprint(i), Depth: 10})
	}
	r := registry(w, lookAtAll)
	shown := series(t, r, "hayauma_actor_mailbox_depth")
	for _, want := range []string{"actor=gate/shop,kind=cell", "actor=stuck,kind=campaign", "actor=deep,kind=campaign"} {
		if _, ok := shown[want]; !ok {
			t.Errorf("%s has no series among %d", want, len(shown))
		}
	}
	if len(shown) > 2*metrics.Deepest+1 {
		t.Errorf("%d actors are shown", len(shown))
	}
	// Others become deeper: the one shown before stays until it is drained.
	for i := range 30 {
		w.cells[100+i].Depth = 9000
	}
	if _, ok := series(t, r, "hayauma_actor_mailbox_depth")["actor=deep,kind=campaign"]; !ok {
		t.Error("a mailbox that is not drained lost its series")
	}
	w.cells[2].Depth = 0
	if _, ok := series(t, r, "hayauma_actor_mailbox_depth")["actor=deep,kind=campaign"]; ok {
		t.Error("a drained mailbox kept its series")
	}
}

func TestPrivateIdentitiesAreHidden(t *testing.T) {
	const user = "U0123456789abcdef0123456789abcdef"
	w := &world{cells: []engine.CellInfo{{Kind: "poster", ID: "shop/" + user, Private: true, Depth: 1}}}
	server := httptest.NewServer(registry(w).Handler())
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), user) {
		t.Error("a scrape shows a user id")
	}
	if !strings.Contains(string(text), `hayauma_actor_mailbox_depth{actor="`) {
		t.Error("a private actor has no series")
	}
}

type counting struct{ engine.Actor[string] }

func (counting) Handle(c *engine.Context[string], m string) { c.Respond(m) }

var echoes = engine.NewKind[string](engine.KindConfig{Name: "echo"})

func TestAgainstTheEngine(t *testing.T) {
	sys, err := engine.New(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Kill()
	engine.Serve(sys, echoes, func(string) engine.Actor[string] { return counting{} })
	for i := range 10 {
		if _, err := engine.Ask[string](t.Context(), echoes.Ref(sys, fmt.Sprint(i%2)), "x"); err != nil {
			t.Fatal(err)
		}
	}
	r := metrics.New(metrics.Config{System: sys, Secret: []byte("s")})
	if got := series(t, r, "hayauma_actor_active")["kind=echo"]; got != 2 {
		t.Errorf("active = %v, want 2", got)
	}
	if got := series(t, r, "hayauma_actor_messages_received_total")["kind=echo"]; got != 10 {
		t.Errorf("received = %v, want 10", got)
	}
}

func TestJournalIsMeasured(t *testing.T) {
	broken := errors.New("broken")
	memory := journal.NewMemory(uuid.New())
	memory.Fault = func(c journal.Call) error {
		if c.Op == "append" && c.ID == "bad" {
			return broken
		}
		return nil
	}
	j := metrics.Measure(memory)
	ctx := context.Background()
	claims, err := j.Claim(ctx, "owner", []journal.Shard{{Role: "checker", Number: 1}})
	if err != nil {
		t.Fatal(err)
	}
	record := journal.Record{Grain: journal.Grain{Kind: "k", ID: "i"}, First: 1, Count: 3, Data: []byte("abc")}
	if err := j.Append(ctx, claims[0], "good", []journal.Record{record}); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(ctx, claims[0], "bad", []journal.Record{record}); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	r := prometheus.NewRegistry()
	r.MustRegister(j)
	if got := series(t, r, "hayauma_journal_records")[""]; got != 1 {
		t.Errorf("records = %v, want 1", got)
	}
	if got := series(t, r, "hayauma_journal_errors_total")["op=append"]; got != 1 {
		t.Errorf("errors = %v, want 1", got)
	}
}

// priced is a store with a price for batches.
type priced struct{ journal.Store }

// BatchFrom implements journal.Batcher.
func (priced) BatchFrom() int { return 16 }

// TestPriceOfABatchPasses: the journal's writer asks the measured store for it.
func TestPriceOfABatchPasses(t *testing.T) {
	memory := journal.NewMemory(uuid.New())
	var dear, plain journal.Store = metrics.Measure(priced{memory}), metrics.Measure(memory)
	if b, ok := dear.(journal.Batcher); !ok || b.BatchFrom() != 16 {
		t.Error("the price is lost behind the measurement")
	}
	if b, ok := plain.(journal.Batcher); ok && b.BatchFrom() != 0 {
		t.Error("a store without a price has got one")
	}
}
