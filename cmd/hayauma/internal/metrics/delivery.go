package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	kinds "hayauma.example/actors"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/provider"
	"hayauma.example/engine/meter"
)

// Shapes of the histograms of delivery.
var (
	sendShape  = shape{sendTook, durations}
	sizeShape  = shape{sendBatch, amounts}
	limitShape = shape{limitWait, durations}
)

// verdicts name how a provider call ended.
var verdicts = map[provider.Verdict]string{
	provider.Accepted: "accepted", provider.Unsent: "unsent", provider.Throttled: "throttled", provider.OverQuota: "over_quota",
	provider.Unauthorized: "unauthorized", provider.Refused: "refused", provider.Doubtful: "doubtful",
}

// Gates is what a scrape asks for of the calls; [gate.Gates] is one.
type Gates interface {
	AllFigures() map[string]*gate.Figures
}

// Delivery says where the figures of the pipeline are. A nil part has none.
type Delivery struct {
	Gates    Gates
	Channels *channel.AllFigures
	Judged   *checker.Judged
	Traffic  Traffic
}

// delivery reads the pipeline's figures at each scrape.
type delivery struct{ Delivery }

// Describe implements prometheus.Collector.
func (d delivery) Describe(ch chan<- *prometheus.Desc) { describe(ch, ofDelivery) }

// Collect implements prometheus.Collector.
func (d delivery) Collect(ch chan<- prometheus.Metric) {
	again := map[string]uint64{"audience": 0, "request": 0, "command": 0, "provider": 0, "report": 0}
	if d.Gates != nil {
		for name, f := range d.Gates.AllFigures() {
			collectCalls(ch, name, f)
			again["command"] += f.Repeated.Load()
			again["provider"] += f.Known.Load()
		}
	}
	if d.Channels != nil {
		for name, f := range d.Channels.All() {
			if free, limited := f.Free(time.Now()); limited && name != meter.Other {
				gauge(ch, limitTokens, float64(free), name)
			}
		}
	}
	if d.Judged != nil {
		for name, r := range d.Judged.Channels.All() {
			collectResults(ch, name, r)
		}
		again["report"] = d.Judged.Repeated.Load()
	}
	if d.Traffic != nil {
		again["audience"], again["request"] = d.Traffic.Again()
	}
	for reason, n := range again {
		counter(ch, duplicates, n, reason)
	}
}

func collectCalls(ch chan<- prometheus.Metric, name string, f *gate.Figures) {
	throttled := uint64(0)
	for verdict, outcome := range verdicts {
		c := &f.Calls[verdict]
		took := c.Took.Read()
		counter(ch, messagesSent, c.Recipients.Load(), name, outcome)
		if took.Count() > 0 {
			sendShape.collect(ch, took, name, outcome)
		}
		if n := c.Again.Load(); n > 0 {
			counter(ch, sendRetries, n, name, outcome)
		}
		if verdict == provider.Throttled {
			throttled = took.Count()
		}
	}
	counter(ch, sendThrottled, throttled, name)
	sizeShape.collect(ch, f.Batch.Read(), name)
	limitShape.collect(ch, f.Waits.Read(), name)
	gauge(ch, inFlight, float64(f.InFlight.Load()), name)
	gauge(ch, pending, float64(f.Held.Load()), name)
}

func collectResults(ch chan<- prometheus.Metric, name string, r *checker.Results) {
	for outcome := range r.Outcomes {
		if o := kinds.Outcome(outcome); o != kinds.Pending {
			counter(ch, checks, r.Outcomes[outcome].Load(), name, o.String())
		}
	}
	counter(ch, checks, r.Returned.Load(), name, "returned")
	counter(ch, checks, r.Split.Load(), name, "split")
}
