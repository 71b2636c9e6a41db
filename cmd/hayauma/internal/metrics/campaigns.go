package metrics

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	kinds "hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/cluster"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/meter"
)

// MostCampaigns is how many running campaigns have series of their own: those with the most pending recipients.
const MostCampaigns = 100

// countEvery is how old the numbers of campaigns may be: all of the list are looked at for them.
const countEvery = 5 * time.Second

var (
	lagShape      = shape{campaignLag, durations}
	durationShape = shape{campaignDuration, durations}
)

// List is what a scrape asks for of the campaigns; [catalog.Catalog] is one.
type List interface {
	Count(mine func(id string) bool, now time.Time) map[kinds.State]int
}

// Campaigns says where the figures of campaigns are.
type Campaigns struct {
	List    List              // nil: none
	Figures *campaign.Figures // nil: none
	// ShardOf is the number of the shard that has a campaign.
	ShardOf func(id string) int
}

// campaignsCollector reads them at each scrape.
type campaignsCollector struct {
	Campaigns
	member Member // nil: all campaigns are this node's

	mu      sync.Mutex
	counted time.Time           // guarded by mu
	states  map[kinds.State]int // as of then; guarded by mu
}

// Describe implements prometheus.Collector.
func (a *campaignsCollector) Describe(ch chan<- *prometheus.Desc) { describe(ch, ofCampaigns) }

// Collect implements prometheus.Collector.
func (a *campaignsCollector) Collect(ch chan<- prometheus.Metric) {
	if a.List != nil {
		counts := a.count()
		for _, state := range []kinds.State{
			kinds.StateAccepted, kinds.StateScheduled, kinds.StateRunning, kinds.StatePaused, kinds.StateFinished, kinds.StateCancelled, kinds.StateExpired,
		} {
			gauge(ch, campaigns, float64(counts[state]), string(state))
		}
	}
	if f := a.Figures; f != nil {
		collectRunning(ch, f.Running())
		lagShape.collect(ch, f.Lag.Read())
		durationShape.collect(ch, f.Duration.Read())
		counter(ch, misfires, f.Busy.Load(), "skip")
		counter(ch, misfires, f.Missed.Load(), "missed")
		counter(ch, misfires, f.Late.Load(), "expire")
	}
}

// count counts the campaigns whose shards this node has, so that the sum over all nodes is right.
func (a *campaignsCollector) count() map[kinds.State]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if now.Sub(a.counted) < countEvery {
		return a.states
	}
	mine := func(string) bool { return true }
	if a.member != nil {
		owned := shardsOf(a.member.Status(), kinds.RoleComposer)
		mine = func(id string) bool { return owned[a.ShardOf(id)] }
	}
	a.states, a.counted = a.List.Count(mine, now), now
	return a.states
}

func shardsOf(s cluster.Status, role string) (owned [cluster.Shards]bool) {
	for _, r := range s.Roles {
		if r.Role == role && r.Own {
			for n, sh := range r.Shards {
				owned[n] = sh.Phase == roster.Owned
			}
		}
	}
	return owned
}

// collectRunning shows the recipients of running campaigns, and those of all but the largest together.
func collectRunning(ch chan<- prometheus.Metric, running map[string]kinds.Totals) {
	ids := slices.SortedFunc(maps.Keys(running), func(a, b string) int {
		return cmp.Or(cmp.Compare(running[b][kinds.Pending], running[a][kinds.Pending]), cmp.Compare(a, b))
	})
	var rest [kinds.Delivered + 1]uint64
	for i, id := range ids {
		for outcome, n := range running[id] {
			if i >= MostCampaigns {
				rest[outcome] += uint64(n)
				continue
			}
			gauge(ch, campaignRecipients, float64(n), id, kinds.Outcome(outcome).String())
		}
	}
	if len(ids) <= MostCampaigns {
		return
	}
	for outcome, n := range rest {
		gauge(ch, campaignRecipients, float64(n), meter.Other, kinds.Outcome(outcome).String())
	}
}
