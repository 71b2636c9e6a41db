package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hayauma.example/engine"
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

var (
	descActive     = desc("actor_active", "Actors in memory.", "kind")
	descActivated  = desc("actor_activations_total", "Activations of actors.", "kind")
	descPassivated = desc("actor_passivations_total", "Actors that left memory because they had nothing to do.", "kind")
	descRestarted  = desc("actor_restarts_total", "Restarts after a failure.", "kind")
	descMessages   = desc("actor_mailbox_messages", "Messages accepted and not yet handled, of all actors of the kind.", "kind")
	descDepthMax   = desc("actor_mailbox_depth_max", "Depth of the deepest mailbox now.", "kind")
	descBacklogged = desc("actor_mailbox_backlogged_actors", "Actors with more than 32 messages waiting.", "kind")
	descDepths     = desc("actor_mailbox_actors", "Actors by the depth of their mailbox, in ranges.", "kind", "depth")
	descDepth      = desc("actor_mailbox_depth", "Messages accepted and not yet handled; which actors are shown is bounded.", "kind", "actor")
	descAge        = desc("actor_mailbox_oldest_age_seconds", "Age of the oldest message that waits, to 0.1 s; which actors are shown is bounded.", "kind",
		"actor")
	descAgeMax      = desc("actor_mailbox_oldest_age_max_seconds", "Age of the oldest message that waits anywhere in the kind.", "kind")
	descReceived    = desc("actor_messages_received_total", "Messages accepted into mailboxes.", "kind")
	descHandled     = desc("actor_messages_handled_total", "Messages handled to their end (ok) or to a failure (error).", "kind", "result")
	descDeadLetters = desc("dead_letters_total", "Messages that nobody handled, by reason.", "kind", "reason")
	descTracked     = desc("metrics_tracked_actors", "Actors that have series of their own.")
)

// actors reads the engine at each scrape.
type actors struct {
	system  System
	secret  []byte
	collect prometheus.Histogram

	mu   sync.Mutex // one scrape at a time
	kept map[string]time.Time
}

func newActors(system System, secret []byte) *actors {
	return &actors{system: system, secret: secret, kept: map[string]time.Time{}, collect: prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: "metrics_collect_seconds", Help: "What a scrape of the actors costs.", Buckets: durations,
	})}
}

// Describe implements prometheus.Collector.
func (a *actors) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descActive, descActivated, descPassivated, descRestarted, descMessages, descDepthMax, descBacklogged, descDepths, descDepth,
		descAge, descAgeMax, descReceived, descHandled, descDeadLetters, descTracked, a.collect.Desc(),
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (a *actors) Collect(ch chan<- prometheus.Metric) {
	a.mu.Lock()
	defer a.mu.Unlock()
	began := time.Now()
	for _, k := range a.system.Stats() {
		collectKind(ch, k)
	}
	s := newScan(a.kept)
	a.system.Cells(func(c engine.CellInfo) bool { s.see(c); return true })
	for kind, d := range s.kinds {
		d.collect(ch, kind)
	}
	shown := s.choose(began)
	a.kept = s.keep(shown, began)
	tracked := a.collectActors(ch, shown)
	ch <- prometheus.MustNewConstMetric(descTracked, prometheus.GaugeValue, float64(tracked))
	a.collect.Observe(time.Since(began).Seconds())
	a.collect.Collect(ch)
}

func collectKind(ch chan<- prometheus.Metric, k engine.KindStats) {
	gauge(ch, descActive, float64(k.Active), k.Kind)
	gauge(ch, descMessages, float64(k.Depth), k.Kind)
	counter(ch, descActivated, k.Activations, k.Kind)
	counter(ch, descPassivated, k.Passivations, k.Kind)
	counter(ch, descRestarted, k.Restarts, k.Kind)
	counter(ch, descReceived, k.Received, k.Kind)
	counter(ch, descHandled, k.Handled, k.Kind, "ok")
	counter(ch, descHandled, k.Failed, k.Kind, "error")
	for reason, n := range k.DeadLetters {
		counter(ch, descDeadLetters, n, k.Kind, reason)
	}
}

// collectActors gives each chosen actor its series and returns how many have one. Two with one label would fail the whole scrape.
func (a *actors) collectActors(ch chan<- prometheus.Metric, shown []engine.CellInfo) int {
	seen := make(map[[2]string]bool, len(shown))
	for _, c := range shown {
		key := [2]string{c.Kind, label(a.secret, c)}
		if seen[key] {
			continue
		}
		seen[key] = true
		gauge(ch, descDepth, float64(c.Depth), key[0], key[1])
		gauge(ch, descAge, c.Oldest.Seconds(), key[0], key[1])
	}
	return len(seen)
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(ch chan<- prometheus.Metric, d *prometheus.Desc, v uint64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}
