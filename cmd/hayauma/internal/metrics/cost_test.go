package metrics_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/metrics"
	"hayauma.example/engine"
)

// Targets of a scrape, whatever the number of actors. A loaded machine may take ten times as long.
const (
	scrapeFor   = 50 * time.Millisecond
	scrapeBytes = 5 << 20
	slower      = 10
)

// holder has 16 bytes of state and waits where it is told to.
type holder struct{ handled, since int64 }

type hold struct{ seen, goOn *sync.WaitGroup }

func (h *holder) Handle(_ *engine.Context[*hold], m *hold) {
	h.handled, h.since = h.handled+1, h.handled
	m.seen.Done()
	if m.goOn != nil {
		m.goOn.Wait()
	}
}

var holders = engine.NewKind[*hold](engine.KindConfig{Name: "holder", Idle: time.Hour, Mailbox: engine.Unbounded, Private: true})

// TestScrapeOfAMillionActors measures a scrape of many idle actors and of some with a backlog.
func TestScrapeOfAMillionActors(t *testing.T) {
	n := 1_000_000
	if raceEnabled || testing.Short() {
		n = 50_000
	}
	sys, err := engine.New(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Kill()
	engine.Serve(sys, holders, func(string) engine.Actor[*hold] { return &holder{} })
	var seen sync.WaitGroup
	seen.Add(n)
	for i := range n {
		holders.Ref(sys, fmt.Sprintf("U%032d", i)).Tell(&hold{seen: &seen})
	}
	seen.Wait()
	r := metrics.New(metrics.Config{System: sys, Secret: []byte("s")})
	first, _, _ := scrape(t, r)

	var busy, goOn sync.WaitGroup
	goOn.Add(1)
	defer goOn.Done()
	busy.Add(1000 * 40)
	for i := range 1000 {
		for range 40 {
			holders.Ref(sys, fmt.Sprintf("U%032d", i)).Tell(&hold{&busy, &goOn})
		}
	}
	took, allocated, size := scrape(t, r)
	t.Logf("%d actors: a scrape takes %v, allocates %d kB and is %d kB long; the first, which looks at all, took %v",
		n, took, allocated>>10, size>>10, first)
	if took > slower*scrapeFor || allocated > slower*scrapeBytes || size > scrapeBytes {
		t.Errorf("more than %v, %d bytes allocated, %d bytes long", slower*scrapeFor, slower*scrapeBytes, scrapeBytes)
	}
	depths := series(t, r, "hayauma_actor_mailbox_depth")
	if len(depths) < metrics.Deepest || len(depths) > metrics.MostKept {
		t.Errorf("%d actors have series of their own", len(depths))
	}
	for name, want := range map[string]float64{"actor_mailbox_backlogged_actors": 1000, "actor_mailbox_messages": 1000 * 40, "actor_active": float64(n)} {
		if got := series(t, r, "hayauma_"+name)["kind=holder"]; got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := series(t, r, "hayauma_actor_mailbox_actors")["depth=0,kind=holder"]; got < float64(n-1000) {
		t.Errorf("%v actors have an empty mailbox, want %d at least", got, n-1000)
	}
}

func scrape(t *testing.T, r *metrics.Registry) (took time.Duration, allocated uint64, size int) {
	t.Helper()
	var before, after runtime.MemStats
	answer := httptest.NewRecorder()
	runtime.ReadMemStats(&before)
	began := time.Now()
	r.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	took = time.Since(began)
	runtime.ReadMemStats(&after)
	if answer.Code != http.StatusOK {
		t.Fatalf("the scrape answers %d", answer.Code)
	}
	return took, after.TotalAlloc - before.TotalAlloc, answer.Body.Len()
}

func BenchmarkScrape(b *testing.B) {
	w := &world{}
	for i := range 1000 {
		w.cells = append(w.cells, engine.CellInfo{Kind: "campaign", ID: fmt.Sprint(i), Depth: i % 3})
	}
	r := registry(w)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
