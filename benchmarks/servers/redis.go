package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// maxSocket is the longest path of a Unix socket.
const maxSocket = 107

// MissingRedis says why no Redis can be started here; "" when it can.
func MissingRedis() string {
	if _, err := program("redis-server", ""); err != nil {
		return "redis-server is not installed (Debian: apt-get install redis-server)"
	}
	return ""
}

// Redis starts a Redis server that keeps its append-only file below dir and syncs it every second, Redis's default: a power failure may
// cost a second.
func Redis(ctx context.Context, dir string) (*Server, error) {
	path, err := program("redis-server", "")
	if err != nil {
		return nil, errors.New("servers: " + MissingRedis())
	}
	home, err := os.MkdirTemp(dir, "redis-")
	if err != nil {
		return nil, err
	}
	s := &Server{home: home, Address: filepath.Join(home, "socket"), halt: syscall.SIGKILL}
	if len(s.Address) > maxSocket {
		return nil, errors.Join(fmt.Errorf("servers: the directory's path is too long for a socket, use a shorter one: %s", dir), os.RemoveAll(home))
	}
	log := filepath.Join(home, "log")
	cmd := exec.Command(path, "-", "--port", "0", "--unixsocket", s.Address, "--dir", home, "--logfile", log,
		"--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxclients", "1000", "--daemonize", "no")
	if s.process, err = experiment.Start(cmd); err != nil {
		return nil, errors.Join(err, os.RemoveAll(home))
	}
	if err := s.ready(ctx, s.pong, log); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// pong asks Redis whether it serves.
func (s *Server) pong(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", s.Address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // what was read is checked by its own errors
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	if err == nil && string(answer[:n]) != "+PONG\r\n" {
		err = fmt.Errorf("redis says %q", answer[:n])
	}
	return err
}
