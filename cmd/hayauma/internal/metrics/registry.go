package metrics

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hayauma.example/engine"
)

const namespace = "hayauma"

// Config says what is measured.
type Config struct {
	System  System
	Journal *Journal // nil: no journal figures
	Member  Member   // not started yet; nil: no figures of the fleet
	Version string
	Secret  []byte // key of the HMAC that stands for private identities
}

// System is what a scrape asks for; [engine.System] is one.
type System interface {
	Stats() []engine.KindStats
	Cells(yield func(engine.CellInfo) bool)
	Held() engine.HeldStats
	Forwards() uint64
}

// Registry is the daemon's metrics.
type Registry struct {
	*prometheus.Registry
	skew *prometheus.GaugeVec
}

// New makes the registry.
func New(cfg Config) *Registry {
	r := &Registry{
		Registry: prometheus.NewRegistry(),
		skew: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "clock_skew_seconds", Help: "The peer's clock minus this node's; peer store is the journal's server.",
		}, []string{"peer"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the labels tell the build.",
		ConstLabels: prometheus.Labels{"version": cfg.Version, "go_version": runtime.Version()},
	})
	build.Set(1)
	r.MustRegister(build, r.skew,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newActors(cfg.System, cfg.Secret))
	if cfg.Journal != nil {
		r.MustRegister(cfg.Journal)
	}
	if cfg.Member != nil {
		r.MustRegister(newFleet(cfg))
	}
	return r
}

// SetSkew records how far the store's clock is ahead of ours.
func (r *Registry) SetSkew(d time.Duration) { r.skew.WithLabelValues("store").Set(d.Seconds()) }

// Handler serves a scrape.
func (r *Registry) Handler() http.Handler {
	return promhttp.HandlerFor(r.Registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// durations are the classic buckets of every duration, 1 ms to about 6 h.
var durations = prometheus.ExponentialBuckets(0.001, 4, 13)
