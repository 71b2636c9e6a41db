package natsnode_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/cluster/natsnode"
)

func open(t *testing.T, cfg natsnode.Config) *natsnode.Node {
	t.Helper()
	n, err := natsnode.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func closeNode(t *testing.T, n *natsnode.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := n.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestEmbeddedKeepsWhatItAcknowledged(t *testing.T) {
	dir := t.TempDir()
	start := time.Now()
	n := open(t, natsnode.Config{DataDir: dir})
	t.Logf("opened in %v", time.Since(start).Round(time.Microsecond))
	if !n.Embedded() {
		t.Error("not embedded")
	}
	js, err := jetstream.New(n.Conn())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "s", []byte("x")); err != nil {
		t.Fatal(err)
	}
	start = time.Now()
	closeNode(t, n)
	t.Logf("closed in %v", time.Since(start).Round(time.Microsecond))

	n = open(t, natsnode.Config{DataDir: dir})
	defer closeNode(t, n)
	if js, err = jetstream.New(n.Conn()); err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), "S")
	if err != nil {
		t.Fatal(err)
	}
	if m, err := s.GetMsg(t.Context(), 1); err != nil || string(m.Data) != "x" {
		t.Errorf("after the restart: %v, %v", m, err)
	}
}

func TestEmbeddedOpensNoPortUnasked(t *testing.T) {
	n := open(t, natsnode.Config{DataDir: t.TempDir()})
	defer closeNode(t, n)
	if _, err := nats.Connect(n.ClientURL(), nats.Timeout(time.Second), nats.MaxReconnects(0)); err == nil {
		t.Errorf("connected to %s", n.ClientURL())
	}
}

func TestDataDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	n := open(t, natsnode.Config{DataDir: dir})
	_, err := natsnode.Open(t.Context(), natsnode.Config{DataDir: dir})
	var inUse *natsnode.InUseError
	if !errors.As(err, &inUse) || inUse.Dir != dir || inUse.PID != os.Getpid() || !strings.Contains(err.Error(), dir) {
		t.Errorf("second open: %v", err)
	}
	closeNode(t, n)
	closeNode(t, open(t, natsnode.Config{DataDir: dir}))
}

func TestUnusableDataDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := natsnode.Open(t.Context(), natsnode.Config{DataDir: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("open of a file: %v", err)
	}
}

func TestExternal(t *testing.T) {
	server := open(t, natsnode.Config{DataDir: t.TempDir(), Listen: "127.0.0.1:0"})
	defer closeNode(t, server)
	n := open(t, natsnode.Config{URL: server.ClientURL()})
	if n.Embedded() {
		t.Error("embedded")
	}
	if _, err := n.Conn().RTT(); err != nil {
		t.Error(err)
	}
	closeNode(t, n)
	if !n.Conn().IsClosed() {
		t.Error("the connection is open yet")
	}
}

func TestExternalUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "nats://" + l.Addr().String()
	l.Close()
	start := time.Now()
	_, err = natsnode.Open(t.Context(), natsnode.Config{URL: url, OpenTimeout: 400 * time.Millisecond})
	if !errors.Is(err, natsnode.ErrUnreachable) || time.Since(start) > 3*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

// fakeServer says that it is of a version, or says nothing at all.
func fakeServer(t *testing.T, info string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c, info)
		}
	}()
	return "nats://" + l.Addr().String()
}

func serve(c net.Conn, info string) {
	defer c.Close()
	if info == "" {
		_, _ = io.Copy(io.Discard, c)
		return
	}
	fmt.Fprintf(c, "INFO %s\r\n", info)
	for lines := bufio.NewScanner(c); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "PING") {
			fmt.Fprint(c, "PONG\r\n")
		}
	}
}

func TestOldServerIsRefused(t *testing.T) {
	for version, old := range map[string]bool{"2.11.9": true, "1.99.0": true, "nonsense": true, "2.12.0": false, "2.12.0-RC.1": false, "3.0.0": false} {
		url := fakeServer(t, fmt.Sprintf(`{"server_id":"X","version":%q,"proto":1,"max_payload":1048576,"headers":true}`, version))
		n, err := natsnode.Open(t.Context(), natsnode.Config{URL: url, OpenTimeout: 2 * time.Second})
		if errors.Is(err, natsnode.ErrOldServer) != old {
			t.Errorf("version %s: %v", version, err)
		}
		if n != nil {
			n.Conn().Close()
		}
	}
}

func TestSilentServer(t *testing.T) {
	start := time.Now()
	_, err := natsnode.Open(t.Context(), natsnode.Config{URL: fakeServer(t, ""), OpenTimeout: 500 * time.Millisecond})
	if !errors.Is(err, natsnode.ErrUnreachable) || time.Since(start) > 3*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, cfg := range map[string]natsnode.Config{
		"nothing":             {},
		"listen and external": {URL: "nats://127.0.0.1:1", Listen: "127.0.0.1:0"},
		"certificate alone":   {URL: "nats://127.0.0.1:1", TLSCert: "c.pem"},
		"bad listen address":  {DataDir: t.TempDir(), Listen: "127.0.0.1"},
		"bad port":            {DataDir: t.TempDir(), Listen: "127.0.0.1:x"},
		"no credentials file": {URL: "nats://127.0.0.1:1", Credentials: filepath.Join(t.TempDir(), "none"), OpenTimeout: 200 * time.Millisecond},
		"no CA file":          {URL: "nats://127.0.0.1:1", TLSCA: filepath.Join(t.TempDir(), "none"), OpenTimeout: 200 * time.Millisecond},
	} {
		if n, err := natsnode.Open(t.Context(), cfg); err == nil {
			t.Errorf("%s: opened", name)
			closeNode(t, n)
		}
	}
}
