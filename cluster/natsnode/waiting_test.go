package natsnode_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cluster/natsnode"
)

// openAlone begins to open one server of several and returns what it says while it waits.
func openAlone(t *testing.T, cfg natsnode.Config) <-chan string {
	t.Helper()
	said := make(chan string, 100)
	cfg.OpenTimeout, cfg.Waiting = -1, func(reason string) { said <- reason }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := natsnode.Open(ctx, cfg)
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.As(err, new(*natsnode.NoQuorumError)) {
			t.Errorf("it ended by %v", err)
		}
	})
	return said
}

// hear waits until a server says all the parts at once.
func hear(t *testing.T, said <-chan string, parts ...string) {
	t.Helper()
	last, late := "", time.After(20*time.Second)
	for {
		select {
		case last = <-said:
		case <-late:
			t.Fatalf("it doesn't say %q, but %q", parts, last)
		}
		missing := false
		for _, part := range parts {
			missing = missing || !strings.Contains(last, part)
		}
		if !missing {
			return
		}
	}
}

func TestWhoIsMissingIsTold(t *testing.T) {
	t.Parallel()
	cfgs := fleet(t)
	said := openAlone(t, cfgs[0])
	hear(t, said, "1 of 3 servers reached", cfgs[1].Routes.Listen+": connection refused", cfgs[2].Routes.Listen+": connection refused",
		"all have to come at the very first start and after all were stopped")
}

// A second server of a name is refused while nothing of it runs; its directory isn't bound to the name.
func TestSecondServerOfOneName(t *testing.T) {
	t.Parallel()
	cfgs := fleet(t)
	hear(t, openAlone(t, cfgs[0]), "1 of 3 servers reached")
	twin := cfgs[1]
	twin.Routes.Node = "n0"
	if _, err := natsnode.Open(t.Context(), twin); !errors.Is(err, natsnode.ErrNameTaken) ||
		!strings.Contains(err.Error(), "n0 answers at "+cfgs[0].Routes.Listen) {
		t.Errorf("a second one opens: %v", err)
	}
	hear(t, openAlone(t, cfgs[1]), "2 of 3 servers reached")
}

// routeTLS trusts one certificate: its own.
func routeTLS(t *testing.T) *tls.Config {
	t.Helper()
	cert, key := certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(cert)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(data) {
		t.Fatalf("%s: %v", cert, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
}

// Whose certificate is refused by whom is what an operator has to know, on either side.
func TestForeignAuthorityIsTold(t *testing.T) {
	t.Parallel()
	cfgs := fleet(t)
	cfgs[0].Routes.TLS, cfgs[1].Routes.TLS = routeTLS(t), routeTLS(t)
	cfgs[2].Routes.TLS = cfgs[1].Routes.TLS.Clone()
	cfgs[2].Routes.TLS.RootCAs = cfgs[0].Routes.TLS.RootCAs // it trusts n0, which doesn't trust it
	one, third := openAlone(t, cfgs[0]), openAlone(t, cfgs[2])
	openAlone(t, cfgs[1])
	hear(t, one, "1 of 3 servers reached", cfgs[1].Routes.Listen+": its certificate is refused here: ", "unknown authority")
	hear(t, third, cfgs[0].Routes.Listen+": it refuses this node's certificate: ")
}

func TestServerRepeatsItselfOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := natsnode.NewServerLog(slog.New(slog.NewTextHandler(&out, nil)))
		for range 2 {
			for i := range 240 { // a minute of four connections
				log.Errorf("Error trying to connect to route (attempt %v): %v", i, "connection refused")
				log.Errorf("127.0.0.1:%d - rid:%d - TLS route handshake error: %v", i, i, "bad certificate")
				time.Sleep(time.Minute / 240)
			}
		}
		log.Warnf("disk is slow")
		log.Errorf("disk is gone")
		if got := out.String(); strings.Count(got, "\n") != 4 || strings.Count(got, "level=WARN msg=\"nats server\" text=\"127.0.0.1") != 2 ||
			!strings.Contains(got, `level=WARN msg="nats server" text="disk is slow"`) || !strings.Contains(got, `level=ERROR msg="nats server" text="disk is gone"`) {
			t.Errorf("logged %s", got)
		}
	})
}

func TestServerGoesAndComesBackInTwoLines(t *testing.T) {
	var out bytes.Buffer
	a := natsnode.NewAttendance(natsnode.Config{Logger: slog.New(slog.NewTextHandler(&out, nil))})
	now := time.Unix(0, 0)
	look := func(seconds int, names ...string) string {
		out.Reset()
		for range seconds {
			now = now.Add(time.Second)
			a.See(t.Context(), names, now)
		}
		return out.String()
	}
	if got := look(10, "n1", "n2"); got != "" {
		t.Errorf("logged %s", got)
	}
	if got := look(59, "n1"); strings.Count(got, "\n") != 1 || !strings.Contains(got, `level=INFO msg="a NATS server has gone" server=n2`) {
		t.Errorf("logged %s", got)
	}
	if got := look(120, "n1"); strings.Count(got, "\n") != 2 || strings.Count(got, `level=WARN msg="a NATS server is away" server=n2`) != 2 {
		t.Errorf("logged %s", got)
	}
	if got := look(60, "n1", "n2"); strings.Count(got, "\n") != 1 || !strings.Contains(got, `level=INFO msg="a NATS server is back" server=n2 after=2m59s`) {
		t.Errorf("logged %s", got)
	}
}
