package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	kinds "hayauma.example/actors" // actors is the collector here
	"hayauma.example/cluster"
	"hayauma.example/cluster/roster"
)

var (
	descMembers    = desc("cluster_members", "Members of the view by their condition, as this node sees them.", "state")
	descMember     = desc("cluster_member_info", "Always 1; the labels tell of a member of the view, the version of this node only.", "member", "version", "roles")
	descOwned      = desc("cluster_shards_owned", "Shards that this node serves.", "role")
	descEpoch      = desc("cluster_view_epoch", "Number of the view that this node has seen last; it rises by one with each change.")
	descViews      = desc("cluster_view_changes_total", "Changes of the view that this node has seen.")
	descHandOffs   = desc("cluster_handoffs_total", "Shards that this node has given up in order, by whether all of theirs was known to be stored.", "result")
	descSelfFences = desc("cluster_self_fences_total", "Times that this node's lease ran out.")
	descLost       = desc("cluster_shards_lost_total", "Shards that the store took away from this node, or gave no clear answer for.")
	descEvictions  = desc("cluster_evictions_total", "Members that this node took out of the view.")
	descDetours    = desc("cluster_detour_shards", "Shards for which messages wait here until those to an earlier owner have arrived.")
	descHeld       = desc("actor_held_messages", "Messages that wait for their actor's member to be settled, those on detours among them.")
	descHeldBytes  = desc("actor_held_bytes", "Bytes that such messages take.")
	descHeldFor    = desc("actor_held_actors", "Actors that such messages wait for.")
	descForwarded  = desc("actor_messages_forwarded_total", "Messages that came for an actor which lives elsewhere by now, and were sent on.")
)

// Member is a member of the fleet as a scrape sees it; [cluster.Member] is one.
type Member interface {
	Status() cluster.Status
	OnTakeOver(f func(cluster.TakeOver))
}

// fleet asks the member at each scrape.
type fleet struct {
	member  Member
	system  System
	version string
	took    prometheus.Histogram
}

func newFleet(cfg Config) *fleet {
	f := &fleet{member: cfg.Member, system: cfg.System, version: cfg.Version, took: prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: "cluster_failover_seconds", Help: "Shards that this node took over, by how long nobody served them.", Buckets: durations,
	})}
	f.member.OnTakeOver(func(t cluster.TakeOver) { f.took.Observe(t.Took.Seconds()) })
	return f
}

// Describe implements prometheus.Collector.
func (f *fleet) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descMembers, descMember, descOwned, descEpoch, descViews, descHandOffs, descSelfFences, descLost, descEvictions, descDetours,
		descHeld, descHeldBytes, descHeldFor, descForwarded, f.took.Desc(),
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (f *fleet) Collect(ch chan<- prometheus.Metric) {
	s := f.member.Status()
	f.members(ch, s)
	for _, r := range s.Roles {
		if r.Own {
			gauge(ch, descOwned, float64(owned(r)), kinds.RoleName(r.Role))
		}
	}
	c := s.Counts
	gauge(ch, descEpoch, float64(s.Epoch))
	gauge(ch, descDetours, float64(s.Detours))
	counter(ch, descViews, c.Views)
	counter(ch, descHandOffs, c.HandOffs-c.Unstored, "stored")
	counter(ch, descHandOffs, c.Unstored, "unsure")
	counter(ch, descSelfFences, c.SelfFences)
	counter(ch, descLost, c.Lost)
	counter(ch, descEvictions, c.Evictions)
	held := f.system.Held()
	gauge(ch, descHeld, float64(held.Messages))
	gauge(ch, descHeldBytes, float64(held.Bytes))
	gauge(ch, descHeldFor, float64(held.Grains))
	counter(ch, descForwarded, f.system.Forwards())
	f.took.Collect(ch)
}

func (f *fleet) members(ch chan<- prometheus.Metric, s cluster.Status) {
	count := map[roster.Condition]int{roster.NodeJoining: 0, roster.NodeActive: 0, roster.NodeSuspended: 0, roster.NodeDraining: 0}
	for _, m := range s.Members {
		count[m.Condition]++
		version := ""
		if m.Incarnation == s.Incarnation {
			version = f.version
		}
		names := make([]string, len(m.Roles))
		for i, role := range m.Roles {
			names[i] = kinds.RoleName(role)
		}
		gauge(ch, descMember, 1, m.Node, version, strings.Join(names, ","))
	}
	for state, n := range count {
		gauge(ch, descMembers, float64(n), string(state))
	}
}

func owned(r cluster.RoleStatus) (n int) {
	for _, sh := range r.Shards {
		if sh.Phase == roster.Owned {
			n++
		}
	}
	return n
}
