package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"hayauma.example/cluster"
	"hayauma.example/cluster/roster"
	"hayauma.example/cmd/hayauma/internal/api"
)

// fleetView is the fleet as the API shows it.
type fleetView struct{ a *App }

var _ api.Cluster = fleetView{}

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
			out.Shards = append(out.Shards, api.ClusterShard{Role: r.Role, Shard: n, Owner: nodes[sh.Owner], Phase: string(sh.Phase)})
		}
	}
	for _, m := range s.Members {
		out.Members = append(out.Members, api.ClusterMember{
			Node: m.Node, Incarnation: m.Incarnation, Address: m.Address, Roles: slices.Clone(m.Roles), Weight: uint32(m.Share()),
			Condition: string(m.Condition), SilentMS: m.Silent.Milliseconds(), Shards: owns[m.Incarnation],
		})
	}
	for _, role := range f.a.cfg.AllRoles() {
		out.Roles = append(out.Roles, f.role(s, role))
	}
	return out
}

func (f fleetView) role(s cluster.Status, role string) api.ClusterRole {
	out := api.ClusterRole{Role: role, Nodes: []string{}}
	for _, m := range s.Members {
		if m.State == roster.Active && m.Carries(role) {
			out.Nodes = append(out.Nodes, m.Node)
		}
	}
	slices.Sort(out.Nodes)
	if len(out.Nodes) == 0 {
		out.Warning = fmt.Sprintf("no node carries the role %s: start one with NODE_TYPE=%s", role, f.a.cfg.TypeOf(role))
	}
	return out
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
		return errors.New(leaseLapsed)
	case roster.NodeDraining:
		return errors.New("this node is draining: it hands over what it owns, and leaves")
	case roster.NodeLeft, roster.NodeEvicted:
		return errors.New("this node is in the fleet no more")
	}
	return fmt.Errorf("this node is %s", s.Condition)
}
