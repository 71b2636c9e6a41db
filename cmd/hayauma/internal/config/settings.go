package config

import (
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"hayauma.example/actors"
)

// setting is one thing that can be set, under one name in every source.
type setting struct {
	name   string
	def    string
	usage  string
	secret bool // no flag
	yes    bool // the flag alone means true
	set    func(c *Config, value string) error
}

var settings = []setting{
	{name: "data", usage: "directory of the store (default " + DefaultData + ", none with --store memory)", set: text(func(c *Config) *string { return &c.Data })},
	{name: "listen", def: DefaultListen, usage: "HOST:PORT of the HTTP API, port 0 picks one", set: text(func(c *Config) *string { return &c.Listen })},
	{name: "store", def: StoreJetStream, usage: "jetstream (durable) or memory (for comparison only: loses everything)",
		set: text(func(c *Config) *string { return &c.Store })},
	{name: "token", usage: "API token", secret: true, set: text(func(c *Config) *string { return &c.Token })},
	{name: "nats", usage: "URL of an external NATS server (default: an embedded one)", set: text(func(c *Config) *string { return &c.NATS.URL })},
	{name: "nats-creds", usage: "credentials file for the external server", set: text(func(c *Config) *string { return &c.NATS.Creds })},
	{name: "nats-ca", usage: "PEM file of the authorities that sign the external server's certificate", set: text(func(c *Config) *string { return &c.NATS.CA })},
	{name: "nats-cert", usage: "PEM file of the client certificate", set: text(func(c *Config) *string { return &c.NATS.Cert })},
	{name: "nats-key", usage: "PEM file of the client certificate's key", set: text(func(c *Config) *string { return &c.NATS.Key })},
	{name: "nats-routes", usage: "HOST:PORT of every embedded NATS server, this one too, joined by commas: they keep one store", set: setRoutes},
	{name: "nats-cluster-listen", usage: "HOST:PORT where the other embedded NATS servers reach this one",
		set: text(func(c *Config) *string { return &c.NATS.ClusterListen })},
	{name: "nats-replicas", usage: "copies that NATS keeps: 1, 3 or 5 (default 1, with nats-routes 3)", set: setReplicas},
	{name: "nats-listen", usage: "HOST:PORT where other programs reach the embedded NATS server, for nats-api and publish-events; beyond loopback with TLS",
		set: text(func(c *Config) *string { return &c.NATS.Listen })},
	{name: "nats-listen-cert", usage: "PEM file of that address's certificate", set: text(func(c *Config) *string { return &c.NATS.ListenCert })},
	{name: "nats-listen-key", usage: "PEM file of that certificate's key", set: text(func(c *Config) *string { return &c.NATS.ListenKey })},
	{name: "nats-api", def: "false", usage: "answer the requests of the HTTP API over NATS too (true or false)", yes: true,
		set: boolean(func(c *Config) *bool { return &c.NATS.API })},
	{name: "publish-events", def: "false", usage: "publish what happens to campaigns and channels over NATS (true or false)", yes: true,
		set: boolean(func(c *Config) *bool { return &c.PublishEvents })},
	{name: "publish-prefix", def: "pub", usage: "subjects of published events are PREFIX.KIND.ID", set: text(func(c *Config) *string { return &c.PublishPrefix })},
	{name: "publish-max-bytes", def: "256MiB", usage: "what NATS keeps of published events, for 7 days at most; the oldest go first",
		set: size(func(c *Config, n int64) { c.PublishMaxBytes = n })},
	{name: "store-max-bytes", usage: "what the store may take on disk, such as 20GiB, 64MiB or more; beyond it new work is refused",
		set: size(func(c *Config, n int64) { c.StoreMaxBytes = n })},
	{name: "log-level", def: "info", usage: "debug, info, warn or error", set: setLogLevel},
	{name: "log-format", def: "text", usage: "text or json", set: oneOf(func(c *Config) *string { return &c.LogFormat }, "text", "json")},
	{name: "profile", def: Development, usage: "development, or production, which refuses what would lose messages",
		set: oneOf(func(c *Config) *string { return &c.Profile }, Development, Production)},
	{name: "node", usage: "name of this node (default: the host's)", set: text(func(c *Config) *string { return &c.Node })},
	{name: "weight", usage: "share of the work beside the other nodes', 1 to 1000 (default 1)", set: setWeight},
	{name: "node-type", def: All, usage: "roles of this node, joined by commas, or all (also NODE_TYPE)", set: setNodeType},
	{name: "kind-roles", usage: "kinds of actors that other node types carry, such as statistics=analytics,usage=billing", set: setKinds},
	{name: "cluster-listen", usage: "HOST:PORT where other nodes reach this one; makes it one of several",
		set: text(func(c *Config) *string { return &c.Cluster.Listen })},
	{name: "cluster-advertise", usage: "HOST:PORT that other nodes are told (default: cluster-listen)",
		set: text(func(c *Config) *string { return &c.Cluster.Advertise })},
	{name: "cluster-cert", usage: "PEM file of this node's certificate, for other nodes and nats-routes",
		set: text(func(c *Config) *string { return &c.Cluster.Cert })},
	{name: "cluster-key", usage: "PEM file of that certificate's key", set: text(func(c *Config) *string { return &c.Cluster.Key })},
	{name: "cluster-ca", usage: "PEM file of the authority that signs the nodes' certificates", set: text(func(c *Config) *string { return &c.Cluster.CA })},
	{name: "retention-days", usage: "days that the recipients of a campaign are kept after its end, then only its figures; 0 is for ever", def: "90", set: setRetention},
	{name: "demand-bytes", usage: "rendered and not yet settled per channel, such as 8MiB; as much of single messages on each node",
		set: size(func(c *Config, n int64) { c.DemandBytes = int(min(n, math.MaxInt)) })},
	{name: "max-in-flight", usage: "provider calls at once, shared by the channels that call", set: setMaxInFlight},
	{name: "metrics-actors", usage: "active actors up to which each has metrics of its own, 100 to 20000; of more only the deepest and the stuck have",
		set: setMetricsActors},
	{name: "memory-limit", def: "112MiB", usage: "soft limit of the Go heap, which follows what is in use for good; 0 leaves GOMEMLIMIT alone",
		set: size(func(c *Config, n int64) { c.MemoryLimit = n })},
	{name: "admin-listen", usage: "HOST:PORT of the admin listener (profiles, log level, dumps), such as 127.0.0.1:8485; without a HOST on loopback (default none)",
		set: text(func(c *Config) *string { return &c.Admin })},
	{name: "trace-endpoint", usage: "URL of an OpenTelemetry receiver (OTLP over HTTP) that traces go to, such as http://127.0.0.1:4318 (default none)",
		set: text(func(c *Config) *string { return &c.Trace })},
	{name: "flight-recorder", usage: "memory for the newest seconds of the execution trace, such as 8MiB; 0 is off (default 0)",
		set: size(func(c *Config, n int64) { c.Flight = n })},
}

// Flags adds a flag for every setting that may be given on the command line.
func Flags(f *pflag.FlagSet) {
	for _, s := range settings {
		if !s.secret {
			f.String(s.name, s.def, s.usage)
			if s.yes {
				f.Lookup(s.name).NoOptDefVal = "true"
			}
		}
	}
}

// Names are the names of all settings, in the order of the help.
func Names() []string {
	names := make([]string, len(settings))
	for i, s := range settings {
		names[i] = s.name
	}
	return names
}

func find(name string) (setting, bool) {
	i := slices.IndexFunc(settings, func(s setting) bool { return s.name == name })
	if i < 0 {
		return setting{}, false
	}
	return settings[i], true
}

// envName is the variable of a setting: HAYAUMA_LOG_LEVEL for log-level.
func envName(name string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func text(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, value string) error {
		*field(c) = value
		return nil
	}
}

func boolean(field func(*Config) *bool) func(*Config, string) error {
	return func(c *Config, value string) (err error) {
		if *field(c), err = strconv.ParseBool(value); err != nil {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		return nil
	}
}

func oneOf(field func(*Config) *string, allowed ...string) func(*Config, string) error {
	return func(c *Config, value string) error {
		if !slices.Contains(allowed, value) {
			return fmt.Errorf("%q is none of %s", value, strings.Join(allowed, ", "))
		}
		*field(c) = value
		return nil
	}
}

func size(assign func(*Config, int64)) func(*Config, string) error {
	return func(c *Config, value string) error {
		n, err := ParseSize(value)
		if err != nil {
			return err
		}
		assign(c, n)
		return nil
	}
}

func setLogLevel(c *Config, value string) error {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[value]
	if !ok {
		return fmt.Errorf("%q is none of debug, info, warn, error", value)
	}
	c.LogLevel = level
	return nil
}

const maxRetention = 36500 // days

func setRetention(c *Config, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > maxRetention {
		return fmt.Errorf("%q is not a number of days from 0 (for ever) to %d", value, maxRetention)
	}
	c.Retention = time.Duration(n) * 24 * time.Hour
	return nil
}

func setMaxInFlight(c *Config, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 100_000 {
		return fmt.Errorf("%q is not a number from 1 to 100000", value)
	}
	c.MaxInFlight = n
	return nil
}

func setMetricsActors(c *Config, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 100 || n > 20_000 {
		return fmt.Errorf("%q is not a number from 100 to 20000", value)
	}
	c.MetricsActors = n
	return nil
}

func setKinds(c *Config, value string) (err error) {
	c.Kinds, err = actors.ParseCarriers(value)
	return err
}

func setReplicas(c *Config, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || (n != 1 && n != 3 && n != 5) {
		return fmt.Errorf("%q is none of 1, 3, 5", value)
	}
	c.NATS.Replicas = n
	return nil
}

var sizeUnits = []struct {
	suffix string
	bytes  int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// ParseSize reads a number of bytes: 1048576, 1MiB, 1 GB.
func ParseSize(value string) (int64, error) {
	digits, unit := value, int64(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(value, u.suffix); ok {
			digits, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("%q is not a size such as 1048576, 512MiB or 20GiB", value)
	}
	return n * unit, nil
}
