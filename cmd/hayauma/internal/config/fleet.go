package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"hayauma.example/cluster/natsnode"
	"hayauma.example/cluster/roster"
)

// The profiles.
const (
	Development = string(natsnode.Development)
	Production  = string(natsnode.Production)
)

// Cluster says how the nodes of a fleet reach each other. The zero value is a node alone.
type Cluster struct {
	Listen    string // HOST:PORT
	Advertise string // HOST:PORT; empty: Listen
	Cert      string // paths of PEM files; none on loopback
	Key       string
	CA        string
}

// Wanted tells whether this node is one of several.
func (c Cluster) Wanted() bool { return c.Listen != "" }

// Secured tells whether there are certificates.
func (c Cluster) Secured() bool { return c.Cert != "" && c.Key != "" && c.CA != "" }

const (
	makeCerts   = "set cluster-cert, cluster-key and cluster-ca (`hayauma cluster certs DIR` makes some for development)"
	sharedStore = "nats URL of a NATS cluster, or nats-routes and nats-cluster-listen for the embedded ones"
)

// hostNode is the host's name as a node's can be.
func hostNode() string {
	host, err := os.Hostname()
	if err != nil {
		return "node"
	}
	return NodeName(host)
}

// NodeName makes any text a valid node's name.
func NodeName(text string) string {
	name := strings.Map(func(r rune) rune {
		if roster.ValidName(string(r)) {
			return r
		}
		return '-'
	}, text)
	if name == "" {
		return "node"
	}
	return name[:min(len(name), roster.MaxName)]
}

func (c Config) validateNode() error {
	switch {
	case !roster.ValidName(c.Node):
		return fmt.Errorf("node %q is no name: use at most %d letters, digits, '-', '_' and '.', such as %s", c.Node, roster.MaxName, NodeName(c.Node))
	case c.Weight > roster.MaxWeight:
		return fmt.Errorf("weight %d is too much: only its ratio to the other nodes' counts, and %d is the most", c.Weight, roster.MaxWeight)
	}
	return nil
}

func (c Config) validateCluster() error {
	cl := c.Cluster
	if missing := c.missing(); !cl.Wanted() && len(missing) > 0 && c.validateRoles() == nil {
		return fmt.Errorf("node-type %q leaves out %s, which other nodes must carry: set cluster-listen HOST:PORT, where they reach this one, and the store that "+
			"they share (%s); or carry all",
			strings.Join(c.NodeType, ","), strings.Join(missing, ", "), sharedStore)
	}
	switch {
	case !cl.Wanted() && cl.Advertise != "":
		return errors.New("cluster-advertise belongs to cluster-listen: set that too, or none")
	case !cl.Wanted() && c.NATS.routed():
		return errors.New("nats-routes make this node one of several: set cluster-listen HOST:PORT, where the others reach it")
	case cl != (Cluster{Listen: cl.Listen, Advertise: cl.Advertise}) && !cl.Secured():
		return errors.New("cluster-cert, cluster-key and cluster-ca belong together: set all three or none")
	case !cl.Wanted() && cl.Secured():
		return errors.New("cluster-cert, cluster-key and cluster-ca are for a node of several: set cluster-listen too, or none")
	case !cl.Wanted():
		return nil
	case c.Store == StoreMemory:
		return errors.New("cluster-listen makes this node one of several, and store memory can't be shared: leave one of them out")
	case !c.NATS.Shared():
		return fmt.Errorf("cluster-listen makes this node one of several, and they need one store: set %s", sharedStore)
	}
	return cl.validateAddresses(c.NATS)
}

func (c Cluster) validateAddresses(n NATS) error {
	host, port, err := address("cluster-listen", c.Listen)
	switch {
	case err != nil:
		return err
	case c.Advertise == "" && anywhere(host):
		return fmt.Errorf("cluster-listen %q is every address of this machine, and other nodes need one: set cluster-advertise HOST:%s to what they reach", c.Listen,
			port)
	}
	public := []string{host}
	if c.Advertise != "" {
		host, port, err := address("cluster-advertise", c.Advertise)
		switch {
		case err != nil:
			return err
		case anywhere(host):
			return fmt.Errorf("cluster-advertise %q names no machine: give the address at which other nodes reach this one", c.Advertise)
		case port == "0":
			return fmt.Errorf("cluster-advertise %q has no port: give the one at which other nodes reach this one", c.Advertise)
		}
		public = append(public, host)
	}
	for _, server := range append([]string{n.ClusterListen}, n.Routes...) {
		if host, _, err := net.SplitHostPort(server); err == nil { // natsnode has the word on the others
			public = append(public, host)
		}
	}
	for _, host := range public {
		if !Loopback(host) && !c.Secured() {
			return fmt.Errorf("nodes would speak plain text to %q, which others can hear: %s", host, makeCerts)
		}
	}
	return nil
}

func address(name, value string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(value)
	if err != nil {
		return "", "", fmt.Errorf("%s %q is not HOST:PORT: %w", name, value, err)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", "", fmt.Errorf("%s %q: the port %q is no number up to 65535", name, value, port)
	} else {
		port = strconv.FormatUint(n, 10)
	}
	return host, port, nil
}

// validateRoutes holds the list to what the others dial: a server that none of them reaches is missing for ever, or stands in for another.
func (n NATS) validateRoutes() error {
	host, port, err := address("nats-cluster-listen", n.ClusterListen)
	if err != nil {
		return nil // natsnode has the word on it
	}
	for _, route := range n.Routes {
		if named, at, err := address("nats-routes", route); err == nil && at == port && sameMachine(host, named) {
			return nil
		}
	}
	return fmt.Errorf("nats-cluster-listen %q is none of nats-routes %s: that list names every embedded server, this one too, as the others reach it: "+
		"add this one, or listen where the list says", n.ClusterListen, strings.Join(n.Routes, ","))
}

// sameMachine tells whether a listener on one host may be what others reach as the other. What a name stands for is not asked here.
func sameMachine(listen, named string) bool {
	a, b := net.ParseIP(listen), net.ParseIP(named)
	switch {
	case anywhere(listen), strings.EqualFold(listen, named):
		return true
	case a != nil && b != nil:
		return a.Equal(b)
	case listen == "localhost":
		return Loopback(named)
	case named == "localhost":
		return Loopback(listen)
	}
	return a != nil || b != nil
}

// anywhere is the host of a listener on every address.
func anywhere(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

func setRoutes(c *Config, value string) error {
	c.NATS.Routes = nil
	for _, server := range list(value) {
		c.NATS.Routes = append(c.NATS.Routes, strings.TrimPrefix(strings.TrimPrefix(server, "nats-route://"), "nats://"))
	}
	return nil
}

func setWeight(c *Config, value string) error {
	n, err := strconv.ParseUint(value, 10, 32)
	if err != nil || n < 1 || n > roster.MaxWeight {
		return fmt.Errorf("%q is not a number from 1 to %d", value, roster.MaxWeight)
	}
	c.Weight = uint32(n)
	return nil
}
