package config_test

import (
	"slices"
	"strings"
	"testing"

	"hayauma.example/cluster/roster"
	"hayauma.example/cmd/hayauma/internal/config"
)

const shared = "--nats=nats://127.0.0.1:4222"

func TestRoles(t *testing.T) {
	const fleet = "--cluster-listen=127.0.0.1:0"
	for name, tc := range map[string]struct {
		args []string
		env  []string
		want string
	}{
		"default":           {nil, nil, "composer,poster,checker,report,usage,webhook,experiment"},
		"some":              {[]string{shared, fleet}, []string{"NODE_TYPE=poster, checker ,poster"}, "poster,checker,report,usage,webhook,experiment"},
		"all and one":       {nil, []string{"NODE_TYPE=poster,all"}, "composer,poster,checker,report,usage,webhook,experiment"},
		"a type of our own": {[]string{shared, fleet, "--kind-roles=statistics=analytics, usage=analytics"}, []string{"NODE_TYPE=analytics"}, "report,usage"},
		"all, with our own": {[]string{"--kind-roles=statistics=analytics"}, nil, "composer,poster,checker,report,usage,webhook,experiment"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := load(t, "", tc.env, tc.args...)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(c.Roles(), ","); got != tc.want {
				t.Errorf("roles %s", got)
			}
		})
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
		"some roles alone": {[]string{"--node-type=poster"},
			`node-type "poster" leaves out checker, composer, which other nodes must carry: set cluster-listen HOST:PORT`},
		"no roles":                   {[]string{"--node-type=,"}, "node-type is empty: name some of checker, composer, poster, or all"},
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
		"kind without a type":        {[]string{"--kind-roles=usage"}, `"usage" is not KIND=TYPE`},
		"kind with two":              {[]string{"--kind-roles=usage=a,usage=b"}, "each kind once"},
		"type called all":            {[]string{"--kind-roles=usage=all"}, `"all" can't name a node type`},
		"no such kind":               {[]string{"--kind-roles=report=a"}, `"report" is no kind`},
		"kinds that live together":   {[]string{"--kind-roles=poster=a"}, "share their shards: map all of them"},
		"profile":                    {[]string{"--profile=prod"}, `profile "prod" is none of development, production`},
		"production in memory":       {[]string{"--profile=production", "--store=memory"}, "profile production refuses"},
		"memory with replicas":       {[]string{"--store=memory", "--nats-replicas=3"}, "store memory can't be combined with nats"},
		"one copy on three":          {append(routes, "--nats-replicas=1"), "nats-replicas 1 with nats-routes: several embedded servers keep 3 copies"},
		"five copies on three":       {append(routes, "--nats-replicas=5"), "nats-replicas 5 with 3 nats-routes"},
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
		"routes": {"--nats-routes=nats-route://127.0.0.1:1, 127.0.0.1:2,localhost:3", "--nats-cluster-listen=127.0.0.1:1", "--cluster-listen=127.0.0.1:7400",
			"--nats-replicas=3"},
		"certified": {"--nats=tls://nats:4222", "--cluster-listen=0.0.0.0:7400", "--cluster-advertise=node1:7400", "--cluster-cert=c", "--cluster-key=k",
			"--cluster-ca=a", "--node-type=poster"},
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

// The others dial what the list says, so the own address stands in it, under whatever name it has there.
func TestOwnRoute(t *testing.T) {
	for _, tc := range []struct {
		listen, routes string
		taken          bool
	}{
		{"10.0.0.1:6400", "10.0.0.1:6400,10.0.0.2:6400,10.0.0.3:6400", true},
		{"10.0.0.4:6400", "10.0.0.1:6400,10.0.0.2:6400,10.0.0.3:6400", false},
		{"10.0.0.1:6401", "10.0.0.1:6400,10.0.0.2:6400,10.0.0.3:6400", false},
		{"0.0.0.0:6400", "10.0.0.1:6400,10.0.0.2:6400,10.0.0.3:6400", true},
		{":6400", "node1:6400,node2:6400,node3:6400", true},
		{"[::]:6400", "node1:6400,node2:6400,node3:6400", true},
		{"0.0.0.0:6401", "node1:6400,node2:6400,node3:6400", false},
		{"10.0.0.1:6400", "node1:6400,node2:6400,node3:6400", true}, // one of the names may be its
		{"10.0.0.1:6401", "node1:6400,node2:6400,node3:6400", false},
		{"Node1:6400", "node1:6400,node2:6400,node3:6400", true},
		{"node4:6400", "node1:6400,node2:6400,node3:6400", false},
		{"node1:6400", "10.0.0.1:6400,10.0.0.2:6400,10.0.0.3:6400", true},
		{"localhost:1", "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3", true},
		{"127.0.0.1:1", "localhost:1,localhost:2,localhost:3", true},
		{"localhost:6400", "10.0.0.1:6400,10.0.0.2:6400,10.0.0.3:6400", false},
		{"[2001:DB8::1]:6400", "[2001:db8:0::1]:6400,[2001:db8::2]:6400,[2001:db8::3]:6400", true},
		{"127.0.0.1:01", "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3", true},
	} {
		_, err := load(t, "", nil, "--cluster-listen=10.0.0.1:7400", "--cluster-cert=c", "--cluster-key=k", "--cluster-ca=a", "--nats-cluster-listen="+tc.listen,
			"--nats-routes="+tc.routes)
		if (err == nil) != tc.taken || err != nil && !strings.Contains(err.Error(), `nats-cluster-listen "`+tc.listen+`" is none of nats-routes `+tc.routes) {
			t.Errorf("%s of %s: %v", tc.listen, tc.routes, err)
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
