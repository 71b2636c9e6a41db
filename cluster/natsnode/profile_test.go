package natsnode_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"hayauma.example/cluster/natsnode"
)

func TestProductionRefusesOneCopy(t *testing.T) {
	dir := t.TempDir()
	routed := fleet(t)[0]
	routed.Replicas = 1
	for name, cfg := range map[string]natsnode.Config{
		"alone":            {DataDir: dir},
		"routes, one copy": routed,
		"external":         {URL: "nats://127.0.0.1:4222"},
		"external, one":    {URL: "nats://127.0.0.1:4222", Replicas: 1},
	} {
		cfg.Profile = natsnode.Production
		if err := cfg.Validate(); !errors.Is(err, natsnode.ErrOneCopy) {
			t.Errorf("%s: %v", name, err)
		}
		cfg.Profile = natsnode.Development
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s in development: %v", name, err)
		}
		cfg.Profile = "staging"
		if err := cfg.Validate(); !errors.Is(err, natsnode.ErrNoProfile) {
			t.Errorf("%s in a profile of its own: %v", name, err)
		}
	}
	cfg := fleet(t)[0]
	cfg.Profile = natsnode.Production
	if err := cfg.Validate(); err != nil {
		t.Errorf("routes with what is the default: %v", err)
	}
}

// configured runs a server of a configuration as an operator writes it.
func configured(t *testing.T, text string) *server.Server {
	t.Helper()
	name := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	opts, err := server.ProcessConfigFile(name)
	if err != nil {
		t.Fatal(err)
	}
	opts.NoSigs = true
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(5 * time.Second) {
		t.Fatal("the server did not start")
	}
	return s
}

// clustered is one server of a cluster. telling: it lets our account ask how it syncs.
func clustered(t *testing.T, sync string, telling bool) string {
	exports, imports := "", ""
	if telling {
		exports = `, exports: [{service: "$SYS.REQ.SERVER.PING.JSZ", response: stream, accounts: [APP]}]`
		imports = `, imports: [{service: {account: SYS, subject: "$SYS.REQ.SERVER.PING.JSZ"}}]`
	}
	s := configured(t, fmt.Sprintf(`
		server_name: x
		listen: "127.0.0.1:-1"
		cluster { name: C, listen: "127.0.0.1:-1", routes: ["nats-route://127.0.0.1:1"] }
		jetstream { store_dir: %q, sync_interval: %s }
		accounts {
			SYS { users: [{user: sys, password: sys}] %s }
			APP { jetstream: enabled, users: [{user: app, password: app}] %s }
		}
		system_account: SYS
	`, t.TempDir(), sync, exports, imports))
	return "nats://app:app@" + s.Addr().String()
}

func TestProductionLooksAtTheServer(t *testing.T) {
	alone := configured(t, `listen: "127.0.0.1:-1"`)
	for name, tc := range map[string]struct {
		url  string
		want error
		logs string
	}{
		"alone":                  {url: "nats://" + alone.Addr().String(), want: natsnode.ErrOneCopy},
		"syncs later":            {url: clustered(t, "2m", true), want: natsnode.ErrLazySync},
		"syncs always":           {url: clustered(t, "always", true), logs: "the NATS servers that answered sync before they acknowledge"},
		"doesn't say, always":    {url: clustered(t, "always", false), logs: "it can't be told whether"},
		"doesn't say, not sound": {url: clustered(t, "2m", false), logs: "it can't be told whether"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			cfg := natsnode.Config{URL: tc.url, Replicas: 3, Profile: natsnode.Production, Logger: slog.New(slog.NewTextHandler(&log, nil))}
			n, err := natsnode.Open(t.Context(), cfg)
			if !errors.Is(err, tc.want) {
				t.Fatalf("%v", err)
			}
			if err == nil {
				n.Conn().Close()
			}
			if !strings.Contains(log.String(), tc.logs) {
				t.Errorf("logged %q", log.String())
			}
			cfg.Profile = natsnode.Development
			closeNode(t, open(t, cfg))
		})
	}
}

// both is a TLS configuration of both directions.
func both(t *testing.T, cert, key string) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	data, err := os.ReadFile(cert)
	if err != nil || !pool.AppendCertsFromPEM(data) {
		t.Fatalf("%s: %v", cert, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
}

// Two servers of three have no leader at their first start, but tell whom they reach.
func TestRoutesTakeCertificatesOfOneAuthority(t *testing.T) {
	t.Parallel()
	ours, theirs := mutual(t), mutual(t)
	for name, tc := range map[string]struct {
		other *tls.Config
		want  []string
	}{
		"the same authority": {ours, []string{"n1"}},
		"another authority":  {theirs, nil},
		"plain":              {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfgs := fleet(t)
			cfgs[0].Routes.TLS, cfgs[1].Routes.TLS = ours, tc.other
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			ended := make(chan error)
			go func() {
				_, err := natsnode.Open(ctx, cfgs[1])
				ended <- err
			}()
			_, err := natsnode.Open(ctx, cfgs[0])
			missing, ok := errors.AsType[*natsnode.NoQuorumError](err)
			if !ok || !slices.Equal(missing.Reached, tc.want) {
				t.Errorf("%v", err)
			}
			<-ended
		})
	}
}

func mutual(t *testing.T) *tls.Config {
	t.Helper()
	cert, key := certificate(t)
	return both(t, cert, key)
}
