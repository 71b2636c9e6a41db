package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hayauma.example/engine"
	"hayauma.example/engine/meter"
)

// Shapes of the actors' histograms.
var (
	activationShape = shape{actorActivation, moments}
	foundShape      = shape{mailboxFound, amounts}
	waitShape       = shape{mailboxWait, durations}
	handleShape     = shape{handleTook, moments}
	collectShape    = shape{collectTook, moments}
)

// passivationReasons name the ends of cells as the label says them; idle is the engine's passivation.
var passivationReasons = map[string]string{
	engine.ReasonMoved: "moved", engine.ReasonLost: "lost", engine.ReasonStopped: "stopped",
}

// actorsCollector reads the engine at each scrape.
type actorsCollector struct {
	cfg     Config
	collect meter.Histogram

	mu       sync.Mutex // one scrape at a time; guards what follows
	kept     map[string]time.Time
	received map[string]uint64 // as shown last: a counter never goes back
	surveys  surveys
}

func newActors(cfg Config) *actorsCollector {
	return &actorsCollector{cfg: cfg, kept: map[string]time.Time{}, received: map[string]uint64{}}
}

// Describe implements prometheus.Collector.
func (a *actorsCollector) Describe(ch chan<- *prometheus.Desc) {
	describe(ch, ofActors, ofMailboxes, ofHandling)
	ch <- tracked.desc
	ch <- collectTook.desc
}

// Collect implements prometheus.Collector.
func (a *actorsCollector) Collect(ch chan<- prometheus.Metric) {
	a.mu.Lock()
	defer a.mu.Unlock()
	began := time.Now()
	counts := a.cfg.System.Counts()
	s := a.look(began)
	for _, k := range counts {
		d := s.of(k.Kind)
		d.collect(ch, k)
		a.collectKind(ch, k, d.messages)
	}
	held := a.cfg.System.Held()
	gauge(ch, actorHeld, float64(held.Messages))
	gauge(ch, actorHeldBytes, float64(held.Bytes))
	gauge(ch, actorHeldFor, float64(held.Grains))
	counter(ch, actorForwarded, a.cfg.System.Forwards())
	shown := s.choose(began)
	a.kept = s.keep(shown, began)
	gauge(ch, tracked, float64(a.collectActors(ch, shown)))
	a.collect.Took(time.Since(began))
	collectShape.collect(ch, a.collect.Read())
}

// look has a scan see all cells, or those who matter where there are many.
func (a *actorsCollector) look(now time.Time) *scan {
	s := newScan(a.kept, a.cfg.AllActors)
	system := a.cfg.System
	if system.Live() <= int64(a.cfg.LookAtAll) {
		system.Cells(func(c engine.CellInfo) bool { s.see(c); return true })
		return s
	}
	before := a.surveys.last(system, now)
	s.many = true
	s.begin(before.kinds)
	seen := map[string]bool{}
	once := func(c engine.CellInfo) bool {
		if id := identity(c); !seen[id] {
			seen[id] = true
			if c.Busy { // the others are in the survey
				s.count(c)
			}
			s.rank(c)
		}
		return true
	}
	system.Busy(once)
	for _, c := range before.deepest {
		if now, ok := system.Cell(c.Kind, c.ID); ok {
			once(now)
		}
	}
	for id := range a.kept {
		if kind, name := split(id); !seen[id] {
			if c, ok := system.Cell(kind, name); ok {
				once(c)
			}
		}
	}
	n := 0
	system.Plain(func(c engine.CellInfo) bool {
		n++
		return once(c) && n < MostKept
	})
	return s
}

func (a *actorsCollector) collectKind(ch chan<- prometheus.Metric, k engine.KindStats, depth int64) {
	gauge(ch, actorActive, float64(k.Active), k.Kind)
	counter(ch, actorActivations, k.Activations, k.Kind)
	counter(ch, actorPassivated, k.Passivations, k.Kind, "idle")
	for reason, n := range k.Ended {
		counter(ch, actorPassivated, n, k.Kind, passivationReasons[reason])
	}
	counter(ch, actorRestarts, k.Restarts, k.Kind)
	counter(ch, actorBlocked, k.Blocked, k.Kind)
	activationShape.collect(ch, k.Activation, k.Kind)
	foundShape.collect(ch, k.Found, k.Kind)
	waitShape.collect(ch, k.Wait, k.Kind)
	for subject, r := range k.Took {
		handleShape.collect(ch, r, k.Kind, subject)
	}
	a.received[k.Kind] = max(a.received[k.Kind], k.Received+uint64(depth))
	counter(ch, messagesReceived, a.received[k.Kind], k.Kind)
	counter(ch, messagesHandled, k.Handled, k.Kind, "ok")
	counter(ch, messagesHandled, k.Failed, k.Kind, "error")
	for reason, n := range k.DeadLetters {
		counter(ch, deadLetters, n, k.Kind, reason)
	}
}

// collectActors gives each chosen actor its series and returns how many have one. Two with one label would fail the whole scrape.
func (a *actorsCollector) collectActors(ch chan<- prometheus.Metric, shown []engine.CellInfo) int {
	seen := make(map[[2]string]bool, len(shown))
	for _, c := range shown {
		key := [2]string{c.Kind, label(a.cfg.Secret, c)}
		if seen[key] {
			continue
		}
		seen[key] = true
		gauge(ch, mailboxDepth, float64(c.Depth), key[0], key[1])
		gauge(ch, mailboxAge, c.Oldest.Seconds(), key[0], key[1])
	}
	return len(seen)
}
