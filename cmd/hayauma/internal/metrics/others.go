package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	kinds "hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/message"
	"hayauma.example/actors/webhook"
	"hayauma.example/cmd/hayauma/internal/api"
)

var httpShape = shape{httpTook, durations}

// Traffic is what a scrape asks for of the API; [api.Traffic] is one.
type Traffic interface {
	Routes() map[string]api.Route
	// Again is recipients that stood twice in an audience, and submissions under a key that had been used.
	Again() (recipients, submissions uint64)
}

// others reads what stands around the pipeline.
type others struct {
	traffic   Traffic           // nil: none
	webhooks  *webhook.Figures  // nil: none
	campaigns *campaign.Figures // nil: none
	singles   *message.Counted  // nil: none
}

// Describe implements prometheus.Collector.
func (o others) Describe(ch chan<- *prometheus.Desc) { describe(ch, ofOthers) }

// Collect implements prometheus.Collector.
func (o others) Collect(ch chan<- prometheus.Metric) {
	if o.traffic != nil {
		for name, r := range o.traffic.Routes() {
			for class, n := range r.Answers {
				counter(ch, httpRequests, n, name, class)
			}
			if r.Took.Count() > 0 {
				httpShape.collect(ch, r.Took, name)
			}
		}
	}
	if w := o.webhooks; w != nil {
		counter(ch, webhookSends, w.Sent.Load(), "ok")
		counter(ch, webhookSends, w.Failed.Load(), "failed")
		counter(ch, webhookSends, w.GivenUp.Load(), "given_up")
	}
	if f := o.campaigns; f != nil {
		counter(ch, occurrences, f.Begun.Load())
		counter(ch, withheld, f.Suppressed.Load(), "suppressed")
		counter(ch, withheld, f.Deferred.Load(), "deferred")
	}
	if s := o.singles; s != nil {
		for outcome := range s.Outcomes {
			if x := kinds.Outcome(outcome); x != kinds.Pending {
				counter(ch, singles, s.Outcomes[outcome].Load(), x.String())
			}
		}
	}
}
