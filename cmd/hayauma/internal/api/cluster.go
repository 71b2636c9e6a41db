package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// Cluster is this node's knowledge of the fleet, and its word in it. It is safe for concurrent use.
type Cluster interface {
	// Status returns what this node knows now.
	Status() ClusterStatus
	// Drain has a node hand over what it owns and leave. It returns when the fleet has agreed on it. ErrNoNode, ErrDraining.
	Drain(ctx context.Context, node string) error
	// Lacks tells that no node carries a role, and what to start; empty: some node does. It is asked for each campaign that is shown.
	Lacks(role string) string
	// Stalled tells why nothing can be stored through this node just now; empty: it can.
	Stalled() string
}

// Refusals of Cluster.Drain.
var (
	ErrNoNode   = errors.New("api: the fleet has no such node")
	ErrDraining = errors.New("api: the node is draining already")
)

// ClusterStatus is the fleet as one node sees it.
type ClusterStatus struct {
	Node        string          `json:"node" doc:"The node that answers."`
	Incarnation string          `json:"incarnation" doc:"Its start."`
	Condition   string          `json:"condition" enum:"joining,active,suspended,draining,left,evicted"`
	Waits       string          `json:"waits,omitempty" doc:"What a node that joins waits for."`
	Epoch       uint64          `json:"epoch" doc:"Number of the agreed list of members; it rises by one with each change."`
	Members     []ClusterMember `json:"members" nullable:"false"`
	Roles       []ClusterRole   `json:"roles" nullable:"false" doc:"All roles, also those that nobody carries."`
	Shards      []ClusterShard  `json:"shards" nullable:"false" doc:"By role and number."`
	TakeOvers   uint64          `json:"take_overs" doc:"Shards that this node serves after a failure of their owner, since its start."`
	SelfFences  uint64          `json:"self_fences" doc:"Times that this node's lease ran out, since its start."`
	Own         []string        `json:"warnings,omitempty" doc:"What is amiss with this node alone though it does its work, such as a certificate that ends soon."`
}

// ClusterMember is one member.
type ClusterMember struct {
	Node        string   `json:"node"`
	Incarnation string   `json:"incarnation"`
	Address     string   `json:"address" doc:"Where other nodes reach it; alone:0 for a node alone."`
	Roles       []string `json:"roles" nullable:"false"`
	Weight      uint32   `json:"weight"`
	Condition   string   `json:"condition" enum:"joining,active,suspended,draining,left,evicted" doc:"Suspended: as far as the answering node hears of it."`
	SilentMS    int64    `json:"silent_ms" doc:"Since its last sign of life, as the answering node hears of it."`
	Shards      int      `json:"shards" doc:"How many are to be its own."`
}

// ClusterRole is one role.
type ClusterRole struct {
	Role    string   `json:"role"`
	Nodes   []string `json:"nodes" nullable:"false" doc:"Active ones that carry it. Empty: what needs it waits."`
	Warning string   `json:"warning,omitempty"`
}

// ClusterShard is one shard.
type ClusterShard struct {
	Role  string `json:"role"`
	Shard int    `json:"shard"`
	Owner string `json:"owner" doc:"The node that is to own it; empty: nobody carries the role."`
	Phase string `json:"phase,omitempty" doc:"How far the answering node is with it: idle, claiming, recovering, owned, releasing, lost. Absent: it is another's."`
}

// Warnings tell what is amiss in the fleet, or with this node, though this node does its work.
func (s ClusterStatus) Warnings() []string {
	all := slices.Clone(s.Own)
	for _, r := range s.Roles {
		if r.Warning != "" {
			all = append(all, r.Warning)
		}
	}
	return all
}

// DrainOrder names a node to drain.
type DrainOrder struct {
	Node string `json:"node" minLength:"1" maxLength:"64"`
}

// Drained answers a DrainOrder.
type Drained struct {
	Node     string   `json:"node"`
	Warnings []string `json:"warnings" nullable:"false" doc:"Roles that nobody carries afterwards: what needs them waits."`
}

type (
	clusterOutput struct{ Body ClusterStatus }
	drainInput    struct{ Body DrainOrder }
	drainOutput   struct{ Body Drained }
)

func (s *server) registerCluster() {
	operation := func(id, method, path, summary string, status int, errs ...int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status,
			Errors: append(errs, 401, 503), Tags: []string{"cluster"}}
	}
	huma.Register(s.api, operation("show-cluster", http.MethodGet, "/v1/cluster", "Show the fleet as this node sees it", 200),
		func(context.Context, *struct{}) (*clusterOutput, error) {
			return &clusterOutput{s.Cluster.Status()}, nil
		})
	huma.Register(s.api, operation("drain-node", http.MethodPost, "/v1/cluster/drain", "Have a node hand over what it owns, leave and end", 202, 404, 409, 422),
		s.drainNode)
}

func (s *server) drainNode(ctx context.Context, in *drainInput) (*drainOutput, error) {
	node := in.Body.Node
	out := &drainOutput{Drained{Node: node, Warnings: bereft(s.Cluster.Status(), node)}}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	switch err := s.Cluster.Drain(ctx, node); {
	case errors.Is(err, ErrNoNode):
		return nil, notFound("node", node, "; see: hayauma cluster members")
	case errors.Is(err, ErrDraining):
		return nil, huma.NewError(http.StatusConflict, fmt.Sprintf("node %s is draining already; see how far it is: hayauma cluster members", excerpt(node)))
	case err != nil:
		return nil, s.undrained(node, err)
	}
	s.Log.Info("a node is drained by an operator's word", "node", node)
	return out, nil
}

// undrained is a drain that the store didn't take: perhaps it takes it later.
func (s *server) undrained(node string, err error) error {
	if why := s.Cluster.Stalled(); why != "" {
		return halted(why)
	}
	s.Log.Error("a node is not drained", "node", node, "error", err)
	return huma.NewError(http.StatusServiceUnavailable,
		fmt.Sprintf("node %s is not drained: the store didn't take the change of the view (%s): try again", excerpt(node), excerpt(err.Error())))
}

// bereft tells which roles nobody carries when a node has gone.
func bereft(s ClusterStatus, node string) []string {
	warnings := []string{}
	for _, r := range s.Roles {
		if slices.Equal(r.Nodes, []string{node}) {
			warnings = append(warnings, fmt.Sprintf("no other node carries the role %s: what needs it waits until one does", r.Role))
		}
	}
	return warnings
}
