package metrics

import (
	"cmp"
	"net/http"
	"regexp"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hayauma.example/actors/message"
	"hayauma.example/actors/webhook"
	"hayauma.example/engine"
)

const namespace = "hayauma"

// Config says what is measured.
type Config struct {
	System    System
	Journal   *Journal // nil: no journal figures
	Member    Member   // not started yet; nil: no figures of the fleet
	Peers     Peers    // nil: there are none
	Delivery  Delivery
	Campaigns Campaigns
	Webhooks  *webhook.Figures // nil: none
	Singles   *message.Counted // nil: none

	Spans   func() uint64 // spans of traces that were not exported; nil: none is
	Version string
	Secret  []byte // key of the HMAC that stands for private identities

	AllActors int // so many have series of their own, each; 0: AllActors
	LookAtAll int // so many are looked at by each scrape; 0: LookAtAll
}

// LookAtAll is how many actors each scrape looks at. Where there are more it looks at those with a backlog, and at what a look at all of
// them has found less than 10 s before the scrape before.
const LookAtAll = 20_000

// System is what a scrape asks for; [engine.System] is one.
type System interface {
	Counts() []engine.KindStats
	Live() int64
	Cells(yield func(engine.CellInfo) bool)
	Busy(yield func(engine.CellInfo) bool)
	Plain(yield func(engine.CellInfo) bool)
	Cell(kind, id string) (engine.CellInfo, bool)
	Held() engine.HeldStats
	Forwards() uint64
}

// Registry is the daemon's metrics.
type Registry struct {
	*prometheus.Registry
	self self
}

// New makes the registry.
func New(cfg Config) *Registry {
	cfg.AllActors, cfg.LookAtAll = cmp.Or(cfg.AllActors, AllActors), cmp.Or(cfg.LookAtAll, LookAtAll)
	r := &Registry{Registry: prometheus.NewRegistry(), self: self{version: cfg.Version, spans: cfg.Spans}}
	r.MustRegister(&r.self,
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{Matcher: schedLatencies})),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newActors(cfg), delivery{cfg.Delivery}, &campaignsCollector{Campaigns: cfg.Campaigns, member: cfg.Member},
		others{cfg.Delivery.Traffic, cfg.Webhooks, cfg.Campaigns.Figures, cfg.Singles})
	if cfg.Journal != nil {
		r.MustRegister(cfg.Journal)
	}
	if cfg.Member != nil {
		r.MustRegister(newFleet(cfg))
	}
	return r
}

// SetSkew records how far the store's clock is ahead of ours.
func (r *Registry) SetSkew(d time.Duration) {
	r.self.mu.Lock()
	defer r.self.mu.Unlock()
	r.self.skew, r.self.skewed = d, true
}

// Handler serves a scrape.
func (r *Registry) Handler() http.Handler {
	return promhttp.HandlerFor(r.Registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// self is what the daemon says of itself.
type self struct {
	version string
	spans   func() uint64

	mu     sync.Mutex
	skew   time.Duration // of the store's clock; guarded by mu
	skewed bool          // it is known; guarded by mu
}

// Describe implements prometheus.Collector.
func (s *self) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range []*Metric{buildInfo, clockSkew, spansDropped} {
		ch <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (s *self) Collect(ch chan<- prometheus.Metric) {
	gauge(ch, buildInfo, 1, s.version, runtime.Version())
	dropped := uint64(0)
	if s.spans != nil {
		dropped = s.spans()
	}
	counter(ch, spansDropped, dropped)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.skewed {
		gauge(ch, clockSkew, s.skew.Seconds(), "store")
	}
}

// schedLatencies is how long goroutines wait for a processor, which client_golang leaves out by default.
var schedLatencies = regexp.MustCompile("^/sched/latencies:seconds$")
