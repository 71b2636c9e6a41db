package console

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hayauma.example/cmd/hayauma/internal/api"
)

// fleetOf plays a daemon that knows two nodes, one of which is silent, and a role that nobody carries.
func fleetOf(t *testing.T) http.HandlerFunc {
	s := api.ClusterStatus{
		Node: "a", Condition: "joining", Waits: "the view", Epoch: 7,
		Members: []api.ClusterMember{
			{Node: "a", Incarnation: "01A", Address: "127.0.0.1:1", Roles: []string{"composer", "poster"}, Weight: 1, Condition: "active", Shards: 1, SilentMS: 400},
			{Node: "b", Incarnation: "01B", Address: "127.0.0.1:2", Roles: []string{"poster"}, Weight: 2, Condition: "suspended", Shards: 1, SilentMS: 1730},
		},
		Roles:  []api.ClusterRole{{Role: "poster", Nodes: []string{"a", "b"}}, {Role: "checker", Warning: "no node carries the role checker"}},
		Shards: []api.ClusterShard{{Role: "poster", Shard: 0, Owner: "a", Phase: "owned"}, {Role: "poster", Shard: 1, Owner: "b"}, {Role: "checker", Shard: 0}},
	}
	return func(w http.ResponseWriter, r *http.Request) {
		var answer any = s
		if r.Method == http.MethodPost && r.URL.Path == "/v1/cluster/drain" {
			var order api.DrainOrder
			if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
				t.Error(err)
			}
			answer = api.Drained{Node: order.Node, Warnings: []string{"no other node carries the role composer"}}
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}
}

func TestClusterCommands(t *testing.T) {
	for args, want := range map[string][]string{
		"members":        {"NODE  CONDITION  ROLES            WEIGHT  SHARDS  SILENT  ADDRESS      INCARNATION", "b     suspended  poster           2       1       1.7s    127.0.0.1:2  01B"},
		"members --json": {`"node":"b","incarnation":"01B"`},
		"shards":         {"poster   0      a      owned", "poster   1      b      -\n", "checker  0      -      -\n"},
		"shards --json":  {`{"role":"poster","shard":1,"owner":"b"}`},
		"view":           {"epoch 7, as a sees it, which is joining and waits for the view", "poster   a,b    2       1", "checker  -      1       0"},
		"view --json":    {`"epoch":7`},
		"drain a":        {"a is draining; see: hayauma cluster members"},
		"drain a --json": {`{"node":"a","warnings":["no other node carries the role composer"]}`},
	} {
		code, out, errs := command(t, fleetOf(t), append([]string{"cluster"}, strings.Fields(args)...)...)
		if code != 0 || !strings.Contains(errs, "warning: no ") {
			t.Errorf("%s: %d, %s", args, code, errs)
		}
		for _, part := range want {
			if !strings.Contains(out, part) {
				t.Errorf("%s prints\n%swithout %q", args, out, part)
			}
		}
	}
}

func TestClusterCerts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certs")
	code, out, errs := command(t, nil, "cluster", "certs", dir, "--node", "a", "--host", "192.0.2.1")
	if code != 0 || out != "--cluster-ca "+dir+"/ca.pem --cluster-cert "+dir+"/a.pem --cluster-key "+dir+"/a-key.pem\n" ||
		!strings.Contains(errs, "for development only") {
		t.Errorf("%d: %s%s", code, out, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "a-key.pem")); err != nil {
		t.Error(err)
	}
	if code, _, errs := command(t, nil, "cluster", "certs", dir, "--node", "a"); code != exitRefused || !strings.Contains(errs, "is not overwritten") {
		t.Errorf("%d: %s", code, errs)
	}
}
