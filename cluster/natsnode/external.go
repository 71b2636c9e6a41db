package natsnode

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

func openExternal(ctx context.Context, cfg Config) (_ *Node, err error) {
	n := &Node{cfg: cfg, drop: make(chan struct{}), lock: noLock}
	if cfg.DataDir != "" {
		if n.lock, err = lock(cfg.DataDir); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			n.abort()
		}
	}()
	if err := readable(cfg.Credentials, cfg.TLSCA, cfg.TLSCert, cfg.TLSKey); err != nil {
		return nil, err
	}
	opts := append(options(cfg, n.drop), nats.Timeout(dialTimeout(ctx)))
	opts = append(opts, externalOptions(cfg)...)
	if n.conn, err = dial(ctx, cfg, opts); err != nil {
		return nil, err
	}
	if v := n.conn.ConnectedServerVersion(); !hasAtomicBatches(v) {
		return nil, fmt.Errorf("%w (%s runs %s)", ErrOldServer, n.conn.ConnectedUrlRedacted(), v)
	}
	if err := verify(ctx, cfg, n.conn); err != nil {
		return nil, err
	}
	return n, nil
}

// externalOptions say who connects, and whom it trusts.
func externalOptions(cfg Config) (opts []nats.Option) {
	if cfg.Credentials != "" {
		opts = append(opts, nats.UserCredentials(cfg.Credentials))
	}
	if cfg.TLSCA != "" {
		opts = append(opts, nats.RootCAs(cfg.TLSCA))
	}
	if cfg.TLSCert != "" {
		opts = append(opts, nats.ClientCert(cfg.TLSCert, cfg.TLSKey))
	}
	return opts
}

// readable fails at once where a file is missing: the client would try for ever.
func readable(files ...string) error {
	for _, name := range files {
		if name == "" {
			continue
		}
		if _, err := os.ReadFile(name); err != nil {
			return fmt.Errorf("natsnode: file for the connection to NATS: %w", err)
		}
	}
	return nil
}

// dial tries until ctx ends: a server that starts beside us may need a moment.
func dial(ctx context.Context, cfg Config, opts []nats.Option) (*nats.Conn, error) {
	for {
		conn, err := nats.Connect(cfg.URL, opts...)
		if err == nil {
			return conn, nil
		}
		if final(err) {
			return nil, fmt.Errorf("natsnode: connect to NATS: %w", err)
		}
		cfg.Waiting(err.Error())
		t := time.NewTimer(100 * time.Millisecond)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
	}
}

// dialTimeout leaves room for several attempts.
func dialTimeout(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 2 * time.Second
	}
	return max(100*time.Millisecond, min(2*time.Second, time.Until(deadline)/3))
}

// hasAtomicBatches is true from 2.12 on.
func hasAtomicBatches(version string) bool {
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	return errA == nil && errB == nil && (a > 2 || a == 2 && b >= 12)
}

// final errors don't go away by waiting.
func final(err error) bool {
	return errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) || errors.Is(err, nats.ErrInvalidConnection) ||
		errors.Is(err, nats.ErrNoUserCB) || errors.Is(err, nats.ErrNkeysNotSupported) || errors.Is(err, nats.ErrSecureConnRequired)
}
