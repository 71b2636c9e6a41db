package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"time"

	"hayauma.example/actors"
)

// The stores that a daemon can run on.
const (
	StoreJetStream = "jetstream"
	StoreMemory    = "memory"
)

// Defaults that other packages name in their help.
const (
	DefaultListen = "127.0.0.1:8484"
	DefaultServer = "http://" + DefaultListen
	DefaultData   = "hayauma-data"
	DefaultAdmin  = "http://127.0.0.1:8485" // where commands look for the admin listener; serve has none unless it is told
)

// NATS says where the store's server is. An empty URL is the embedded server, alone or, with Routes, one of several.
type NATS struct {
	URL   string
	Creds string // path of a credentials file
	CA    string // paths of PEM files
	Cert  string
	Key   string

	Routes        []string // HOST:PORT of every embedded server, this one too
	ClusterListen string   // HOST:PORT where the other embedded servers reach this one

	Replicas int // copies of everything; 0 is 3 with Routes, else 1

	Listen     string // HOST:PORT where other programs reach the embedded server; empty: nowhere
	ListenCert string // paths of PEM files; none on loopback
	ListenKey  string
	API        bool // requests of the API are answered over NATS
}

// Shared tells whether other nodes reach the same store.
func (n NATS) Shared() bool { return n.URL != "" || n.routed() }

// Copies is how many copies of everything there are.
func (n NATS) Copies() int {
	switch {
	case n.Replicas != 0:
		return n.Replicas
	case n.routed():
		return 3
	}
	return 1
}

func (n NATS) routed() bool { return len(n.Routes) > 0 || n.ClusterListen != "" }

// external tells whether anything is set that belongs to an external server.
func (n NATS) external() bool { return n.Creds != "" || n.CA != "" || n.Cert != "" || n.Key != "" }

// Config is everything that serve can be told.
type Config struct {
	Data          string // directory of the embedded store and of temporary files; empty with StoreMemory
	Listen        string // host:port of the HTTP API; port 0 picks one
	Store         string
	Token         string // API token; empty only on loopback
	NATS          NATS
	StoreMaxBytes int64 // what the embedded store may take on disk; 0 is the store's default
	LogLevel      slog.Level
	LogFormat     string // text or json
	Profile       string // development or production

	Node     string          // name of this node: on no other one, and the same after a restart
	Weight   uint32          // share of the shards, beside the other nodes'; 0 is 1
	NodeType []string        // what it carries, or all
	Kinds    actors.Carriers // which kinds other node types carry
	Cluster  Cluster

	DemandBytes   int           // rendered and not yet settled, per channel, and as much of single messages; 0 is the actors' default
	Retention     time.Duration // recipients are kept so long after their campaign's end; 0: for ever
	MaxInFlight   int           // provider calls at once, of all channels; 0 is the gate's default
	MetricsActors int           // so many active actors have series of their own, each; 0 is the registry's default
	MemoryLimit   int64         // soft limit of the Go heap in bytes; 0 leaves GOMEMLIMIT alone

	PublishEvents   bool   // stored events are published over NATS
	PublishPrefix   string // of their subjects
	PublishMaxBytes int64  // what is kept of them

	Admin  string // HOST:PORT of the admin listener, without a host on loopback; empty: none
	Trace  string // URL of an OTLP receiver that spans go to; empty: nothing is traced
	Flight int64  // bytes that the flight recorder may take; 0: off
}

// Default is the configuration before any source is read.
func Default() Config {
	c := Config{Node: hostNode()}
	for _, s := range settings {
		if s.def == "" {
			continue
		}
		if err := s.set(&c, s.def); err != nil {
			panic("config: default of " + s.name + ": " + err.Error()) // a wrong constant
		}
	}
	return c
}

// Validate tells what is wrong with c, everything at once.
func (c Config) Validate() error {
	return errors.Join(c.validateStore(), c.validateNATS(), c.validateListen(), c.validateNode(), c.validateRoles(), c.validateCluster(), c.validateSizes(),
		c.validatePrograms(), c.validateAdmin(), c.validateTrace())
}

func (c Config) validateStore() error {
	switch {
	case c.Store == StoreMemory && c.Data != "":
		return fmt.Errorf("store memory keeps nothing on disk, so it can't be combined with data %q: leave one of them out", c.Data)
	case c.Store == StoreMemory && (c.NATS.Shared() || c.NATS.external() || c.NATS.Replicas != 0):
		return errors.New("store memory can't be combined with nats: leave one of them out")
	case c.Store == StoreMemory && c.Profile == Production:
		return errors.New("store memory loses everything, which profile production refuses: leave one of them out")
	case c.Store == StoreMemory:
		return nil
	case c.Store != StoreJetStream:
		return fmt.Errorf("store %q is none of jetstream, memory", c.Store)
	case c.Data == "":
		return errors.New("data is empty: name the directory that holds the store, such as --data ./hayauma-data")
	}
	return nil
}

func (c Config) validateNATS() error {
	n := c.NATS
	switch {
	case c.Store == StoreMemory:
		return nil
	case n.URL == "" && n.external():
		return errors.New("nats-creds, nats-ca, nats-cert and nats-key belong to an external server: name it with nats")
	case !n.Shared() && n.Replicas != 0:
		return errors.New("nats-replicas belongs to an external server or to several embedded ones: name them with nats or with nats-routes")
	case len(n.Routes) > 0 && n.Copies() < 3:
		return fmt.Errorf("nats-replicas %d with nats-routes: several embedded servers keep 3 copies, so that the loss of one loses nothing: leave "+
			"nats-replicas out", n.Copies())
	case len(n.Routes) > 0 && n.Copies() > max(len(n.Routes), 3): // fewer routes are refused for themselves
		return fmt.Errorf("nats-replicas %d with %d nats-routes: each server keeps one copy at most: leave nats-replicas out, which is 3", n.Copies(), len(n.Routes))
	case (n.Cert == "") != (n.Key == ""):
		return errors.New("nats-cert and nats-key belong together: set both or none")
	case n.URL != "" && n.routed():
		return errors.New("nats-routes and nats-cluster-listen are for embedded servers, and nats names an external one: leave one of them out")
	case (len(n.Routes) == 0) != (n.ClusterListen == ""):
		return errors.New("nats-routes (every embedded server, this one too) and nats-cluster-listen (where the others reach this one) belong together: set both " +
			"or none")
	}
	return n.validateRoutes()
}

func (c Config) validateListen() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen %q is not HOST:PORT: %w", c.Listen, err)
	}
	if c.Token == "" && !Loopback(host) {
		return fmt.Errorf("listen %q is reachable from other machines and no token is set: set HAYAUMA_TOKEN, or listen on 127.0.0.1", c.Listen)
	}
	return nil
}

func (c Config) validateAdmin() error {
	if c.Admin == "" {
		return nil
	}
	host, _, err := address("admin-listen", c.Admin)
	if err == nil && host != "" && !Loopback(host) && c.Token == "" {
		return fmt.Errorf("admin-listen %q is reachable from other machines and no token is set: set HAYAUMA_TOKEN, or listen on 127.0.0.1", c.Admin)
	}
	return err
}

func (c Config) validateTrace() error {
	if c.Trace == "" {
		return nil
	}
	u, err := url.Parse(c.Trace)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return errors.New("trace-endpoint is not the URL of an OTLP receiver such as http://127.0.0.1:4318, without a user: " +
			"what it wants in headers is set by OTEL_EXPORTER_OTLP_HEADERS")
	}
	return nil
}

// Loopback tells whether a host name surely means this machine alone. The empty host means every address.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Below these nothing works well enough to be told from a defect.
const (
	minStoreBytes  = 64 << 20
	minMemoryLimit = 32 << 20
	minDemand      = 64 << 10
	minFlight      = 1 << 20
	maxFlight      = 1 << 30
)

func (c Config) validateSizes() error {
	least := func(name string, value, least int64) error {
		if value != 0 && value < least {
			return fmt.Errorf("%s %d is too small: the least is %d bytes", name, value, least)
		}
		return nil
	}
	most := func(name string, value, most int64) error {
		if value > most {
			return fmt.Errorf("%s %d is too much: the most is %d bytes", name, value, most)
		}
		return nil
	}
	return errors.Join(
		least("store-max-bytes", c.StoreMaxBytes, minStoreBytes),
		least("memory-limit", c.MemoryLimit, minMemoryLimit),
		least("demand-bytes", int64(c.DemandBytes), minDemand),
		least("flight-recorder", c.Flight, minFlight),
		most("flight-recorder", c.Flight, maxFlight),
	)
}

// Temp is the directory for temporary files: spilled partitions of an upload. Empty means the system's.
func (c Config) Temp() string {
	if c.Data == "" {
		return ""
	}
	return filepath.Join(c.Data, "tmp")
}
