package config_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"hayauma.example/cluster/roster"
	"hayauma.example/cmd/hayauma/internal/config"
)

const shared = "--nats=nats://127.0.0.1:4222"

func TestRoles(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		env  []string
		mine string
		all  string
	}{
		"default":           {nil, nil, "checker,composer,poster", "checker,composer,poster"},
		"some":              {[]string{shared, "--cluster-listen=127.0.0.1:0"}, []string{"NODE_TYPE=poster, checker ,poster"}, "checker,poster", "checker,composer,poster"},
		"all and one":       {nil, []string{"NODE_TYPE=poster,all"}, "checker,composer,poster", "checker,composer,poster"},
		"a role of our own": {[]string{shared, "--cluster-listen=127.0.0.1:0", "--kind-roles=report=analytics, usage = analytics"}, []string{"NODE_TYPE=analytics"}, "analytics", "analytics,checker,composer,poster"},
		"all, with our own": {[]string{"--kind-roles=report=analytics"}, nil, "analytics,checker,composer,poster", "analytics,checker,composer,poster"},
		"a role less":       {[]string{"--kind-roles=checker=composer"}, nil, "composer,poster", "composer,poster"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := load(t, "", tc.env, tc.args...)
			if err != nil {
				t.Fatal(err)
			}
			if mine, all := strings.Join(c.Roles(), ","), strings.Join(c.AllRoles(), ","); mine != tc.mine || all != tc.all {
				t.Errorf("roles %s of %s", mine, all)
			}
		})
	}
	c, err := load(t, "kind-roles: report=analytics\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"campaign": "composer", "composer": "composer", "poster": "poster", "channel": "poster", "recipient": "poster", "checker": "checker", "report": "analytics"}
	if got := c.RoleOf(); !maps.Equal(got, want) {
		t.Errorf("kinds have the roles %v", got)
	}
}

func TestFleetRefusals(t *testing.T) {
	const listen = "--cluster-listen=127.0.0.1:7400"
	certs := []string{"--cluster-cert=c", "--cluster-key=k", "--cluster-ca=a"}
	routes := []string{"--nats-routes=127.0.0.1:1,127.0.0.1:2,127.0.0.1:3", "--nats-cluster-listen=127.0.0.1:1"}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"some roles alone":           {[]string{"--node-type=poster"}, `node-type "poster" leaves out checker, composer, which other nodes must carry: set cluster-listen HOST:PORT`},
		"no roles":                   {[]string{"--node-type=,"}, "node-type is empty: name roles of checker, composer, poster, or all"},
		"nearly a role":              {[]string{"--node-type=postr"}, `did you mean "poster"?`},
		"fleet without a store":      {[]string{listen}, "they need one store: set nats URL"},
		"fleet in memory":            {[]string{listen, "--store=memory"}, "store memory can't be shared"},
		"advertise alone":            {[]string{"--cluster-advertise=h:1"}, "cluster-advertise belongs to cluster-listen"},
		"routes without listen":      {routes, "nats-routes make this node one of several: set cluster-listen"},
		"half of the routes":         {[]string{listen, routes[0]}, "belong together: set both or none"},
		"routes and external":        {append(routes, listen, shared), "leave one of them out"},
		"every address":              {append(certs, shared, "--cluster-listen=:7400"), "set cluster-advertise HOST:7400 to what they reach"},
		"advertised every address":   {append(certs, shared, listen, "--cluster-advertise=0.0.0.0:7400"), "names no machine"},
		"advertised v6 any":          {append(certs, shared, listen, "--cluster-advertise=[::]:7400"), "names no machine"},
		"advertised port 0":          {append(certs, shared, listen, "--cluster-advertise=h:0"), "has no port"},
		"not an address":             {[]string{shared, "--cluster-listen=7400"}, `cluster-listen "7400" is not HOST:PORT`},
		"port by name":               {[]string{shared, "--cluster-listen=127.0.0.1:http"}, `the port "http" is no number`},
		"plain, listening":           {[]string{shared, "--cluster-listen=192.0.2.1:7400"}, `plain text to "192.0.2.1", which others can hear: set cluster-cert`},
		"plain, advertised":          {[]string{shared, listen, "--cluster-advertise=node1:7400"}, `plain text to "node1"`},
		"plain routes":               {[]string{listen, "--nats-routes=node1:1,node2:1,node3:1", "--nats-cluster-listen=127.0.0.1:1"}, `plain text to "node1"`},
		"two of three":               {[]string{shared, listen, "--cluster-cert=c", "--cluster-key=k"}, "belong together: set all three or none"},
		"certificates for nobody":    {certs, "are for a node of several"},
		"node":                       {[]string{"--node=my node"}, `node "my node" is no name: use at most 64 letters, digits, '-', '_' and '.', such as my-node`},
		"weight 0":                   {[]string{"--weight=0"}, `weight "0" is not a number from 1 to 1000`},
		"weight":                     {[]string{"--weight=1001"}, "is not a number from 1 to 1000"},
		"kind without a role":        {[]string{"--kind-roles=report"}, `kind-roles "report": want KIND=ROLE`},
		"kind with two":              {[]string{"--kind-roles=report=a,report=b"}, "each kind once"},
		"role called all":            {[]string{"--kind-roles=report=all"}, "no role is called all"},
		"role that can't be a name":  {[]string{"--kind-roles=report=a/b"}, "must be names"},
		"kinds that live together":   {[]string{"--kind-roles=recipient=settings"}, "live together: give both the same"},
		"profile":                    {[]string{"--profile=prod"}, `profile "prod" is none of development, production`},
		"production in memory":       {[]string{"--profile=production", "--store=memory"}, "profile production refuses"},
		"memory with replicas":       {[]string{"--store=memory", "--nats-replicas=3"}, "store memory can't be combined with nats"},
		"credentials without server": {[]string{"--nats-creds=f"}, "belong to an external server"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, "", nil, tc.args...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error = %v\nwant it to contain %s", err, tc.want)
			}
		})
	}
}

func TestFleetIsAccepted(t *testing.T) {
	for name, args := range map[string][]string{
		"external":    {shared, "--cluster-listen=127.0.0.1:7400", "--node=a", "--weight=3", "--nats-replicas=3", "--profile=production"},
		"a free port": {shared, "--cluster-listen=localhost:0"},
		"routes":      {"--nats-routes=nats-route://127.0.0.1:1, 127.0.0.1:2,localhost:3", "--nats-cluster-listen=127.0.0.1:1", "--cluster-listen=127.0.0.1:7400", "--nats-replicas=3"},
		"certified":   {"--nats=tls://nats:4222", "--cluster-listen=0.0.0.0:7400", "--cluster-advertise=node1:7400", "--cluster-cert=c", "--cluster-key=k", "--cluster-ca=a", "--node-type=poster"},
	} {
		c, err := load(t, "", nil, args...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "routes" && !slices.Equal(c.NATS.Routes, []string{"127.0.0.1:1", "127.0.0.1:2", "localhost:3"}) {
			t.Errorf("routes %v", c.NATS.Routes)
		}
		if name == "external" && (c.Node != "a" || c.Weight != 3) {
			t.Errorf("node %q, weight %d", c.Node, c.Weight)
		}
	}
}

// Whatever a host is called, its node has a valid name.
func FuzzNodeName(f *testing.F) {
	for _, s := range []string{"", "host", "my host", "日本", strings.Repeat("x", 100), "a/b:c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if name := config.NodeName(s); !roster.ValidName(name) {
			t.Errorf("%q becomes %q", s, name)
		}
	})
}
