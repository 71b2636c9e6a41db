package api_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"

	"hayauma.example/cmd/hayauma/internal/api"
)

// fakeFleet is a fleet that says what it is told to.
type fakeFleet struct {
	mu      sync.Mutex // guards what follows
	status  api.ClusterStatus
	drained []string
	refusal error
}

func (f *fakeFleet) Status() api.ClusterStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.status
	s.Members, s.Roles, s.Shards = slices.Clone(s.Members), slices.Clone(s.Roles), slices.Clone(s.Shards)
	if s.Members == nil {
		s.Members, s.Roles, s.Shards = []api.ClusterMember{}, []api.ClusterRole{}, []api.ClusterShard{}
	}
	return s
}

func (f *fakeFleet) Drain(_ context.Context, node string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refusal == nil {
		f.drained = append(f.drained, node)
	}
	return f.refusal
}

func (f *fakeFleet) set(s api.ClusterStatus, refusal error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status, f.refusal = s, refusal
}

func twoNodes() api.ClusterStatus {
	return api.ClusterStatus{
		Node: "a", Condition: "active", Epoch: 7,
		Members: []api.ClusterMember{{Node: "a", Condition: "active", Roles: []string{"composer"}}, {Node: "b", Condition: "suspended", Roles: []string{"poster"}}},
		Roles:   []api.ClusterRole{{Role: "composer", Nodes: []string{"a"}}, {Role: "poster", Nodes: []string{"a", "b"}}, {Role: "checker", Nodes: []string{}, Warning: "no node carries the role checker"}},
		Shards:  []api.ClusterShard{{Role: "composer", Shard: 0, Owner: "a", Phase: "owned"}},
	}
}

func TestClusterIsShown(t *testing.T) {
	d := newDesk(t, "secret")
	d.fleet.set(twoNodes(), nil)
	d.want(200, d.do(http.MethodGet, "/v1/cluster", ""), `"epoch":7`, `"node":"b"`, `"condition":"suspended"`, `"owner":"a"`, `"phase":"owned"`, `"take_overs":0`)
	d.token = ""
	d.want(401, d.do(http.MethodGet, "/v1/cluster", ""))
	d.want(401, d.do(http.MethodPost, "/v1/cluster/drain", `{"node":"a"}`))
	d.want(200, d.do(http.MethodGet, "/readyz", ""), `"warnings":["no node carries the role checker"]`)
}

func TestNodeIsDrained(t *testing.T) {
	d := newDesk(t, "")
	d.fleet.set(twoNodes(), nil)
	d.want(202, d.do(http.MethodPost, "/v1/cluster/drain", `{"node":"b"}`), `"warnings":[]`)
	d.want(202, d.do(http.MethodPost, "/v1/cluster/drain", `{"node":"a"}`), `no other node carries the role composer`)
	if !slices.Equal(d.fleet.drained, []string{"b", "a"}) {
		t.Errorf("drained %v", d.fleet.drained)
	}
	d.want(422, d.do(http.MethodPost, "/v1/cluster/drain", `{}`))
	d.want(405, d.do(http.MethodGet, "/v1/cluster/drain", ""))
	d.fleet.set(twoNodes(), api.ErrNoNode)
	d.want(404, d.do(http.MethodPost, "/v1/cluster/drain", `{"node":"c"}`), "see GET /v1/cluster")
	d.fleet.set(twoNodes(), api.ErrDraining)
	d.want(409, d.do(http.MethodPost, "/v1/cluster/drain", `{"node":"b"}`), "draining already")
	if len(d.fleet.drained) != 2 {
		t.Errorf("drained %v", d.fleet.drained)
	}
}
