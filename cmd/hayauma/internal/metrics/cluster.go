package metrics

import (
	"cmp"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	kinds "hayauma.example/actors"
	"hayauma.example/cluster"
	"hayauma.example/cluster/remote"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/meter"
)

var failoverShape = shape{clusterFailover, durations}

// Member is a member of the fleet as a scrape sees it; [cluster.Member] is one.
type Member interface {
	Status() cluster.Status
	OnTakeOver(f func(cluster.TakeOver))
}

// Peers is what a scrape asks the transport for; [remote.Transport] is one.
type Peers interface {
	Stats() (peers map[string]remote.Stats, gone remote.Stats)
}

// fleet asks the member and the transport at each scrape.
type fleet struct {
	cfg  Config
	took meter.Histogram
}

func newFleet(cfg Config) *fleet {
	f := &fleet{cfg: cfg}
	cfg.Member.OnTakeOver(func(t cluster.TakeOver) { f.took.Took(t.Took) })
	return f
}

// Describe implements prometheus.Collector.
func (f *fleet) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range catalogue {
		if m.Group == string(ofCluster) && m != clockSkew {
			ch <- m.desc
		}
	}
}

// Collect implements prometheus.Collector.
func (f *fleet) Collect(ch chan<- prometheus.Metric) {
	s := f.cfg.Member.Status()
	f.members(ch, s)
	for _, r := range s.Roles {
		if r.Own {
			gauge(ch, clusterOwned, float64(owned(r)), kinds.RoleName(r.Role))
		}
	}
	c := s.Counts
	gauge(ch, clusterEpoch, float64(s.Epoch))
	gauge(ch, clusterDetours, float64(s.Detours))
	counter(ch, clusterViews, c.Views)
	counter(ch, clusterHandOffs, c.HandOffs-c.Unstored, "stored")
	counter(ch, clusterHandOffs, c.Unstored, "unsure")
	counter(ch, clusterSelfFences, c.SelfFences)
	counter(ch, clusterLost, c.Lost)
	counter(ch, clusterEvictions, c.Evictions)
	failoverShape.collect(ch, f.took.Read())
	if f.cfg.Peers != nil {
		f.peers(ch, s)
	}
}

// formerPeer is the label of all members that are none any more.
const formerPeer = "former"

// peers shows the traffic by node: two starts of one are one peer.
func (f *fleet) peers(ch chan<- prometheus.Metric, s cluster.Status) {
	names := map[string]string{}
	for _, m := range s.Members {
		names[m.Incarnation] = m.Node
	}
	now, former := f.cfg.Peers.Stats()
	all := map[string]remote.Stats{formerPeer: former}
	for incarnation, p := range now {
		name := cmp.Or(names[incarnation], formerPeer)
		sum := all[name]
		sum.Add(p)
		all[name] = sum
	}
	for name, p := range all {
		counter(ch, remoteMessages, p.Written+p.Resent, name, "sent")
		counter(ch, remoteMessages, p.Received, name, "received")
		counter(ch, remoteBytes, p.SentBytes, name, "sent")
		counter(ch, remoteBytes, p.ReceivedBytes, name, "received")
		gauge(ch, remoteQueue, float64(p.QueuedPackets), name)
		counter(ch, remoteReconnects, p.Reconnects, name)
	}
}

func (f *fleet) members(ch chan<- prometheus.Metric, s cluster.Status) {
	count := map[roster.Condition]int{roster.NodeJoining: 0, roster.NodeActive: 0, roster.NodeSuspended: 0, roster.NodeDraining: 0}
	shown := map[[3]string]bool{} // for a moment two starts of one node may be members
	for _, m := range s.Members {
		count[m.Condition]++
		version := ""
		if m.Incarnation == s.Incarnation {
			version = f.cfg.Version
		}
		names := make([]string, len(m.Roles))
		for i, role := range m.Roles {
			names[i] = kinds.RoleName(role)
		}
		if labels := [3]string{m.Node, version, strings.Join(names, ",")}; !shown[labels] {
			shown[labels] = true
			gauge(ch, clusterMember, 1, labels[:]...)
		}
	}
	for state, n := range count {
		gauge(ch, clusterMembers, float64(n), string(state))
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
