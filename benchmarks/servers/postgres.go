package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"

	"hayauma.example/benchmarks/experiment"
)

// postgresBin is where Debian puts the server's programs.
const postgresBin = "/usr/lib/postgresql/*/bin"

// postgresSettings are what differs from PostgreSQL's defaults. What is durable stays on, and is said.
var postgresSettings = []string{
	"listen_addresses=",
	"fsync=on",
	"synchronous_commit=on",
	"full_page_writes=on",
	"shared_buffers=256MB",
	"effective_cache_size=1GB",
	"work_mem=16MB",
	"maintenance_work_mem=128MB",
	"max_connections=200",
	"max_wal_size=4GB",
	"checkpoint_timeout=15min",
	"wal_buffers=16MB",
	"random_page_cost=1.1",
	"autovacuum_naptime=5s",
	"autovacuum_vacuum_cost_delay=0",
	"jit=off",
}

// MissingPostgres says why no PostgreSQL can be started here; "" when it can.
func MissingPostgres() string {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := program(name, postgresBin); err != nil {
			return name + " is not installed (Debian: apt-get install postgresql-15)"
		}
	}
	if _, err := account(); err != nil {
		return err.Error()
	}
	return ""
}

// Postgres starts a PostgreSQL server with an empty cluster of its own. It keeps it below dir, or in the system's directory for
// temporary files where the user that it runs as can't reach dir.
func Postgres(ctx context.Context, dir string) (*Server, error) {
	if missing := MissingPostgres(); missing != "" {
		return nil, errors.New("servers: " + missing)
	}
	who, err := account()
	if err != nil {
		return nil, err
	}
	home, err := postgresHome(dir, who)
	if err != nil {
		return nil, err
	}
	s := &Server{home: home, Address: "host=" + home + " user=bench dbname=postgres", halt: syscall.SIGQUIT}
	if err := s.startPostgres(ctx, who); err != nil {
		return nil, errors.Join(err, os.RemoveAll(home))
	}
	if err := s.ready(ctx, s.connects, ""); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) startPostgres(ctx context.Context, who *syscall.Credential) error {
	initdb, err := program("initdb", postgresBin)
	if err != nil {
		return err
	}
	postgres, err := program("postgres", postgresBin)
	if err != nil {
		return err
	}
	data := filepath.Join(s.home, "data")
	setUp := exec.CommandContext(ctx, initdb, "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	setUp.Dir, setUp.SysProcAttr = s.home, &syscall.SysProcAttr{Credential: who}
	if said, err := setUp.CombinedOutput(); err != nil {
		return fmt.Errorf("servers: initdb: %w: %s", err, bytes.TrimSpace(said))
	}
	server := exec.Command(postgres, "-D", data, "-k", s.home)
	for _, setting := range postgresSettings {
		server.Args = append(server.Args, "-c", setting)
	}
	server.Dir, server.SysProcAttr = s.home, &syscall.SysProcAttr{Credential: who}
	s.process, err = experiment.Start(server)
	return err
}

func (s *Server) connects(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.Address)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// account is who PostgreSQL runs as: nil for this process's own user, unless that is root.
func account() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
}

// postgresHome makes the directory of the cluster and its socket.
func postgresHome(dir string, who *syscall.Credential) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	const room = len("/pg-1234567890/.s.PGSQL.5432")
	if !reachable(dir, who) || len(dir)+room > maxSocket {
		dir = "" // the system's
	}
	home, err := os.MkdirTemp(dir, "pg-")
	if err != nil || who == nil {
		return home, err
	}
	return home, os.Chown(home, int(who.Uid), int(who.Gid))
}

// reachable reports whether another user may pass dir and all above it; one's own user may.
func reachable(dir string, who *syscall.Credential) bool {
	if who == nil {
		return true
	}
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}
