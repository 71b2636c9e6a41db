package console

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

// Whoever is told to stop while it still starts has not failed.
func TestStopWhileStarting(t *testing.T) {
	var free []string
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		free = append(free, l.Addr().String())
	}
	own, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free[0] = own.Addr().String()
	own.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	code := Run(ctx, []string{
		"serve", "--node", "a", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--cluster-listen", "127.0.0.1:0",
		"--nats-cluster-listen", free[0], "--nats-routes", strings.Join(free, ","),
	}, Terminal{Out: &out, Err: &errs})
	if code != 0 || !strings.Contains(errs.String(), "stopped before it had started") {
		t.Errorf("exit code %d: %s", code, &errs)
	}
}
