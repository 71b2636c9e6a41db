package servers_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"hayauma.example/benchmarks/servers"
)

// scratch is a directory with a path short enough for a socket.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "srv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Errorf("Close left something behind: %v", err)
		}
	})
	return dir
}

func gone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d lives after Close", pid)
		}
	}
}

func TestRedisKeepsAnAppendOnlyFile(t *testing.T) {
	if why := servers.MissingRedis(); why != "" {
		t.Skip(why)
	}
	s, err := servers.Redis(t.Context(), scratch(t))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: s.Address})
	got, err := client.ConfigGet(t.Context(), "append*").Result()
	if err != nil || got["appendonly"] != "yes" || got["appendfsync"] != "everysec" {
		t.Errorf("%v %v", got, err)
	}
	_ = client.Close()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	gone(t, s.Pids())
}

func TestPostgresCommitsDurably(t *testing.T) {
	if why := servers.MissingPostgres(); why != "" {
		t.Skip(why)
	}
	s, err := servers.Postgres(t.Context(), scratch(t))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), s.Address)
	if err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]string{"fsync": "on", "synchronous_commit": "on", "shared_buffers": "256MB"} {
		var got string
		if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", setting, got, want, err)
		}
	}
	backend := int(conn.PgConn().PID())
	if !strings.Contains(parents(t, backend), strconv.Itoa(s.Pids()[0])) {
		t.Errorf("backend %d is no child of %v: its time would not be counted", backend, s.Pids())
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	gone(t, append(s.Pids(), backend))
}

// parents is the line of a process's status that names its parent.
func parents(t *testing.T, pid int) string {
	t.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "PPid:")
	line, _, _ := strings.Cut(after, "\n")
	return line
}

// A server that can't start says why.
func TestRedisTellsWhyItEnded(t *testing.T) {
	programs := t.TempDir()
	const script = "#!/bin/sh\nwhile [ \"$1\" != --logfile ]; do shift; done\necho 'no room for the append-only file' >\"$2\"\nexit 1\n"
	if err := os.WriteFile(filepath.Join(programs, "redis-server"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", programs+":"+os.Getenv("PATH"))
	_, err := servers.Redis(t.Context(), scratch(t))
	if err == nil || !strings.Contains(err.Error(), "no room for the append-only file") {
		t.Errorf("got %v", err)
	}
}
