package api_test

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

// fakeFleet is a fleet that says what it is told to.
type fakeFleet struct {
	mu      sync.Mutex // guards what follows
	status  api.ClusterStatus
	drained []string
	refusal error
	lacks   map[string]string
	stalled string
	unready error
}

func (f *fakeFleet) ready() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.unready
}

// unreadies has the daemon not do its work.
func (f *fakeFleet) unreadies(why error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unready = why
}

func (f *fakeFleet) Status() api.ClusterStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.status
	s.Condition = cmp.Or(s.Condition, "active")
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

func (f *fakeFleet) Lacks(role string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lacks[role]
}

func (f *fakeFleet) Stalled() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stalled
}

// ails has the fleet lack roles, and its store give no answers.
func (f *fakeFleet) ails(lacks map[string]string, stalled string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lacks, f.stalled = lacks, stalled
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
	ending := twoNodes()
	ending.Own = []string{"this node's cluster-cert ends"}
	d.fleet.set(ending, nil)
	d.want(200, d.do(http.MethodGet, "/readyz", ""), `"warnings":["this node's cluster-cert ends","no node carries the role checker"]`)
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
	d.want(404, d.do(http.MethodPost, "/v1/cluster/drain", `{"node":"c"}`), "see: hayauma cluster members")
	d.fleet.set(twoNodes(), api.ErrDraining)
	d.want(409, d.do(http.MethodPost, "/v1/cluster/drain", `{"node":"b"}`), "draining already")
	d.fleet.set(twoNodes(), errors.New("nats: timeout"))
	d.want(503, d.do(http.MethodPost, "/v1/cluster/drain", `{"node":"b"}`), "node b is not drained", "nats: timeout", "try again")
	if len(d.fleet.drained) != 2 {
		t.Errorf("drained %v", d.fleet.drained)
	}
}

// While the store gives no answers, what needs it is refused soon and with the reason; what the node knows by itself is answered.
func TestStalledStore(t *testing.T) {
	d := newDesk(t, "")
	d.fleet.set(twoNodes(), nil)
	const why = "NATS has no quorum: 1 of 3 servers are reached"
	d.fleet.ails(nil, why)
	body, kind := form{campaign: file(text), audience: rows}.body()
	for name, ask := range map[string]func() answer{
		"submit": func() answer { return d.post(d.Context(), "k", kind, body) },
		"list":   func() answer { return d.do(http.MethodGet, "/v1/campaigns", "") },
		"show":   func() answer { return d.do(http.MethodGet, "/v1/channels/shop", "") },
		"drain":  func() answer { return d.do(http.MethodPost, "/v1/cluster/drain", `{"node":"b"}`) },
	} {
		began := time.Now()
		d.want(503, ask(), why, `"type":"urn:hayauma:problem:store-stalled"`, "nothing was done: try again then")
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("%s was refused after %v", name, took)
		}
	}
	d.want(200, d.do(http.MethodGet, "/v1/cluster", ""), `"epoch":7`)
	d.want(200, d.do(http.MethodGet, "/healthz", ""))
	if len(d.fleet.drained) != 0 {
		t.Errorf("drained %v", d.fleet.drained)
	}
	back := time.AfterFunc(300*time.Millisecond, func() { d.fleet.ails(nil, "") })
	defer back.Stop()
	d.want(200, d.do(http.MethodGet, "/v1/channels/shop", "")) // it has waited
}
