package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"

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
)

// Roles are the parts of the pipeline that a node can carry, as NODE_TYPE names them.
var Roles = []string{"composer", "poster", "checker"}

// NATS says where the store's server is. An empty URL is the embedded server.
type NATS struct {
	URL   string
	Creds string // path of a credentials file
	CA    string // paths of PEM files
	Cert  string
	Key   string

	Replicas int // copies of everything; 0 is 1
}

// Config is everything that serve can be told.
type Config struct {
	Data          string // directory of the embedded store and of temporary files; empty with StoreMemory
	Listen        string // host:port of the HTTP API; port 0 picks one
	Store         string
	Token         string // API token; empty only on loopback
	NATS          NATS
	StoreMaxBytes int64 // what the embedded store may take on disk; 0 is the store's default
	LogLevel      slog.Level
	LogFormat     string          // text or json
	NodeType      []string        // roles
	Kinds         actors.Carriers // which kinds other node types carry
	DemandBytes   int             // rendered and not yet settled, per channel; 0 is the channel's default
	MaxInFlight   int             // provider calls at once, of all channels; 0 is the gate's default
	MemoryLimit   int64           // soft limit of the Go heap in bytes; 0 leaves GOMEMLIMIT alone
}

// Default is the configuration before any source is read.
func Default() Config {
	c := Config{NodeType: slices.Clone(Roles)}
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
	return errors.Join(c.validateStore(), c.validateListen(), c.validateRoles(), c.validateSizes())
}

func (c Config) validateStore() error {
	switch {
	case c.Store == StoreMemory && c.Data != "":
		return fmt.Errorf("store memory keeps nothing on disk, so it can't be combined with data %q: leave one of them out", c.Data)
	case c.Store == StoreMemory && c.NATS != NATS{}:
		return errors.New("store memory can't be combined with nats: leave one of them out")
	case c.Store == StoreMemory:
		return nil
	case c.Store != StoreJetStream:
		return fmt.Errorf("store %q is none of jetstream, memory", c.Store)
	case c.Data == "":
		return errors.New("data is empty: name the directory that holds the store, such as --data ./hayauma-data")
	case c.NATS.URL == "" && c.NATS != NATS{}:
		return errors.New("nats-creds, nats-ca, nats-cert, nats-key and nats-replicas belong to an external server: name it with nats")
	case (c.NATS.Cert == "") != (c.NATS.Key == ""):
		return errors.New("nats-cert and nats-key belong together: set both or none")
	}
	return nil
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

// Loopback tells whether a host name surely means this machine alone. The empty host means every address.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Carried are the roles whose shards this node takes: those of all kinds that its types carry.
func (c Config) Carried() []string {
	for _, role := range Roles {
		if !slices.Contains(c.NodeType, role) {
			return c.Kinds.Roles(c.NodeType...)
		}
	}
	return c.Kinds.Roles(actors.AllTypes)
}

func (c Config) validateRoles() error {
	for _, role := range Roles {
		if !slices.Contains(c.NodeType, role) {
			return fmt.Errorf("node-type %q leaves out %s: this build runs every role in one process, so only all is possible (a fleet of nodes comes with a later release)",
				strings.Join(c.NodeType, ","), role)
		}
	}
	return nil
}

// Below these nothing works well enough to be told from a defect.
const (
	minStoreBytes  = 64 << 20
	minMemoryLimit = 32 << 20
	minDemand      = 64 << 10
)

func (c Config) validateSizes() error {
	least := func(name string, value, least int64) error {
		if value != 0 && value < least {
			return fmt.Errorf("%s %d is too small: the least is %d bytes", name, value, least)
		}
		return nil
	}
	return errors.Join(
		least("store-max-bytes", c.StoreMaxBytes, minStoreBytes),
		least("memory-limit", c.MemoryLimit, minMemoryLimit),
		least("demand-bytes", int64(c.DemandBytes), minDemand),
	)
}

// Temp is the directory for temporary files: spilled partitions of an upload. Empty means the system's.
func (c Config) Temp() string {
	if c.Data == "" {
		return ""
	}
	return filepath.Join(c.Data, "tmp")
}
