package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/cluster"
	"hayauma.example/cluster/roster"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/census"
	"hayauma.example/cmd/hayauma/internal/certs"
)

// fleetView is the fleet as the API shows it.
type fleetView struct{ a *App }

var _ api.Cluster = fleetView{}

// nodes are those that can be asked about their actors.
func (a *App) nodes() []census.Member {
	s := a.member.Status()
	nodes := []census.Member{{Node: s.Node, Incarnation: s.Incarnation}}
	for _, m := range s.Members {
		if m.Incarnation != s.Incarnation {
			nodes = append(nodes, census.Member{Node: m.Node, Incarnation: m.Incarnation})
		}
	}
	return nodes
}

// Status implements api.Cluster.
func (f fleetView) Status() api.ClusterStatus {
	s := f.a.member.Status()
	out := api.ClusterStatus{
		Node: s.Node, Incarnation: s.Incarnation, Condition: string(s.Condition), Waits: s.Waits, Epoch: s.Epoch,
		Members: []api.ClusterMember{}, Roles: []api.ClusterRole{}, Shards: []api.ClusterShard{},
		TakeOvers: s.Counts.TakeOvers, SelfFences: s.Counts.SelfFences,
	}
	nodes, owns := map[string]string{}, map[string]int{}
	for _, m := range s.Members {
		nodes[m.Incarnation] = m.Node
	}
	for _, r := range s.Roles {
		for n, sh := range r.Shards {
			owns[sh.Owner]++
			out.Shards = append(out.Shards, api.ClusterShard{Role: actors.RoleName(r.Role), Shard: n, Owner: nodes[sh.Owner], Phase: phaseOf(s, sh)})
		}
	}
	for _, m := range s.Members {
		out.Members = append(out.Members, api.ClusterMember{
			Node: m.Node, Incarnation: m.Incarnation, Address: m.Address, Roles: roleNames(m.Roles), Weight: uint32(m.Share()),
			Condition: string(m.Condition), SilentMS: m.Silent.Milliseconds(), Shards: owns[m.Incarnation],
		})
	}
	if ending := certs.Ending(f.a.secured, time.Now()); ending != "" {
		out.Own = append(out.Own, ending)
	}
	out.Own = append(out.Own, unread(s)...)
	for _, role := range f.a.cfg.AllRoles() {
		out.Roles = append(out.Roles, f.role(s, role))
	}
	return out
}

// unread tells of shards that are served here before their reminders could be read.
func unread(s cluster.Status) []string {
	if s.Unread == 0 {
		return nil
	}
	return []string{fmt.Sprintf("reminders of %d shards can't be read from the store yet: what is due in them comes late", s.Unread)}
}

// phaseOf is how far this node is with a shard; empty where it has no part in it: the owner knows.
func phaseOf(s cluster.Status, sh cluster.ShardStatus) string {
	if sh.Owner != s.Incarnation && sh.Phase == roster.Idle {
		return ""
	}
	return string(sh.Phase)
}

func roleNames(roles []string) []string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = actors.RoleName(role)
	}
	slices.Sort(names)
	return names
}

func (f fleetView) role(s cluster.Status, role string) api.ClusterRole {
	out := api.ClusterRole{Role: actors.RoleName(role), Nodes: []string{}}
	var active []roster.Member
	for _, m := range s.Members {
		if m.State == roster.Active {
			active = append(active, m.Member)
		}
	}
	for _, m := range active {
		if m.Carries(role) {
			out.Nodes = append(out.Nodes, m.Node)
		}
	}
	slices.Sort(out.Nodes)
	out.Warning = f.a.cfg.Lacks(role, active)
	return out
}

// Lacks implements api.Cluster.
func (f fleetView) Lacks(role string) string {
	if active := f.a.active.Load(); active != nil {
		return f.a.cfg.Lacks(role, *active)
	}
	return ""
}

// Stalled implements api.Cluster.
func (f fleetView) Stalled() string {
	if f.a.member.Standing() != roster.Suspended {
		return ""
	}
	return f.a.outage()
}

// outage says why the store gives no answers.
func (a *App) outage() string {
	if a.nats == nil {
		return "the store gives no answers, or late ones"
	}
	switch reached, of := a.nats.Reached(); {
	case of > 0 && 2*reached <= of:
		return fmt.Sprintf("NATS has no quorum: %d of %d servers are reached, this node's among them", reached, of)
	case of > 0:
		return fmt.Sprintf("NATS gives no answers, or late ones, though %d of %d servers are reached", reached, of)
	case !a.nats.Conn().IsConnected():
		return "NATS isn't reached: see to its servers, and to the network between them and this node"
	}
	return "NATS is reached, but gives no answers, or late ones: its servers may have no quorum"
}

// Drain implements api.Cluster.
func (f fleetView) Drain(ctx context.Context, node string) error {
	for _, m := range f.a.member.Status().Members {
		if m.Node == node && m.State == roster.Draining {
			return api.ErrDraining
		}
	}
	err := f.a.member.Drain(ctx, node)
	if errors.Is(err, roster.ErrUnknown) {
		return fmt.Errorf("%w: %w", api.ErrNoNode, err)
	}
	return err
}

// takesPart tells what keeps this node from its part in the fleet.
func (a *App) takesPart() error {
	s := a.member.Status()
	switch s.Condition {
	case roster.NodeActive:
		return nil
	case roster.NodeJoining:
		return fmt.Errorf("this node is joining the fleet: it waits for %s", s.Waits)
	case roster.NodeSuspended:
		return errors.New(leaseLapsed + ": " + a.outage())
	case roster.NodeDraining:
		return errors.New("this node is draining: it hands over what it owns, and leaves")
	case roster.NodeLeft, roster.NodeEvicted:
		return errors.New("this node is in the fleet no more")
	}
	return fmt.Errorf("this node is %s", s.Condition)
}
