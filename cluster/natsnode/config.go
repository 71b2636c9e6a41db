package natsnode

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"
)

// Profile says how much the configuration is trusted.
type Profile string

// Profiles. The empty one is Development.
const (
	Development Profile = "development" // anything that works
	Production  Profile = "production"  // only what bears the loss of a machine and a power failure, as far as can be told
)

// Config says which NATS to use: URL for an external one, else DataDir for an embedded one, alone or, with Routes, as one of several.
type Config struct {
	DataDir string  // the process locks it, and an embedded server stores below it; external: may be empty
	Listen  string  // embedded: HOST:PORT for other clients; empty opens no port
	Routes  Routes  // embedded: the other servers; the zero value is a server alone
	Clients Clients // embedded: other programs; the zero value is none

	URL         string // external: nats://HOST:PORT, several joined by commas
	Credentials string // external: a credentials file
	TLSCA       string // external: files in PEM
	TLSCert     string
	TLSKey      string

	Profile  Profile
	Replicas int // copies that the streams will have: what Production looks at; 0 is 3 with Routes, else 1

	Name        string        // of the client's connection, as the server shows it
	OpenTimeout time.Duration // 0 is 10 s, with Routes 60 s; a negative one is as long as the context lasts
	Logger      *slog.Logger  // nil discards

	// Waiting is told now and again why Open has not ended, and what [Node.Waiting] finds: which servers are missing and why. It must
	// not wait. nil: nobody is told.
	Waiting func(reason string)
}

// Routes makes the embedded server one of several that keep one store together.
type Routes struct {
	Cluster   string      // name of the cluster, the same on all; empty is "hayauma"
	Node      string      // name of this server, on no other one, and the same after a restart
	Listen    string      // HOST:PORT where the other servers reach this one
	Advertise string      // HOST:PORT that others are told, where Listen isn't what they reach
	Servers   []string    // HOST:PORT of every server, this one too: the same list on all; 3, 5 or 7
	TLS       *tls.Config // of both directions, with a certificate asked for; nil: plain, on loopback only
}

func (r Routes) wanted() bool { return r.Listen != "" || r.Advertise != "" || len(r.Servers) > 0 }

// Bounds of a cluster of embedded servers. An even number bears no more losses than one less, and is mostly a forgotten server.
const (
	minServers = 3
	maxServers = 7
)

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	switch {
	case c.URL == "" && c.DataDir == "":
		return errors.New("natsnode: neither a data directory nor a NATS URL: pass --data DIR or --nats URL")
	case c.URL != "" && c.Listen != "":
		return errors.New("natsnode: a listen address is for the embedded server only: drop it or drop --nats")
	case c.URL != "" && c.Clients.wanted():
		return errors.New("natsnode: --nats-listen is for the embedded server only: drop it or drop --nats")
	case c.Listen != "" && c.Clients.wanted():
		return errors.New("natsnode: one listen address for everybody, and one for clients: give one of them")
	case c.URL != "" && c.Routes.wanted():
		return errors.New("natsnode: routes are for embedded servers only: drop --nats-routes and --nats-cluster-listen, or drop --nats")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("natsnode: a TLS certificate needs its key and the key its certificate: pass both files")
	}
	if c.Routes.wanted() {
		if err := c.Routes.validate(); err != nil {
			return err
		}
	}
	if c.Clients.wanted() {
		if err := c.Clients.validate(); err != nil {
			return err
		}
	}
	return c.validateProfile()
}

func (r Routes) validate() error {
	if r.Node == "" {
		return errors.New("natsnode: a server with routes needs a name of its own: pass --node")
	}
	if n := len(r.Servers); n < minServers || n > maxServers || n%2 == 0 {
		return fmt.Errorf("natsnode: the routes name %d servers: name all of them, this one too, the same list on every node: 3, 5 or 7 (--nats-routes)", n)
	}
	sorted := slices.Sorted(slices.Values(r.Servers))
	if len(slices.Compact(sorted)) < len(r.Servers) {
		return errors.New("natsnode: the routes name a server twice: name each once (--nats-routes)")
	}
	if err := reachable("--nats-cluster-listen", r.Listen, false); err != nil {
		return err
	}
	for _, server := range r.Servers {
		if err := reachable("--nats-routes", server, true); err != nil {
			return err
		}
	}
	if r.Advertise != "" {
		return reachable("the advertised address of the routes", r.Advertise, true)
	}
	return nil
}

// reachable checks an address that others dial, or that is listened on.
func reachable(what, address string, dialled bool) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "" || port == "0" {
		return fmt.Errorf("natsnode: %s %q is not HOST:PORT with a port that stays the same", what, address)
	}
	if ip := net.ParseIP(host); dialled && (host == "" || ip != nil && ip.IsUnspecified()) {
		return fmt.Errorf("natsnode: %s %q names no machine: give the address at which the others reach it", what, address)
	}
	return nil
}

// plain is the first address at which others could hear or speak.
func (r Routes) plain() string {
	if r.TLS != nil {
		return ""
	}
	for _, address := range append([]string{r.Listen}, r.Servers...) {
		if host, _, _ := net.SplitHostPort(address); !loopback(host) {
			return address
		}
	}
	return ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name = "hayauma"
	}
	if c.OpenTimeout == 0 {
		c.OpenTimeout = 10 * time.Second
		if c.Routes.wanted() {
			c.OpenTimeout = time.Minute
		}
	}
	if c.Routes.Cluster == "" {
		c.Routes.Cluster = "hayauma"
	}
	if c.Waiting == nil {
		c.Waiting = func(string) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
