package natsnode

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/nats-io/nats.go"
)

// Refusals of the production profile, and of plain routes in any. Their texts tell the fix.
var (
	ErrOneCopy  = errors.New("natsnode: the production profile needs three copies of everything")
	ErrPlain    = errors.New("natsnode: plain text would cross the network")
	ErrLazySync = errors.New("natsnode: the NATS server acknowledges before it syncs (sync_interval is not always), and a power failure loses what it " +
		"acknowledged: set sync_interval: always in its jetstream block")
	ErrNoProfile = errors.New("natsnode: the profile is neither development nor production")
)

// copies is how many the streams will have.
func (c Config) copies() int {
	if c.Replicas == 0 && c.Routes.wanted() {
		return minServers
	}
	return max(c.Replicas, 1)
}

// validateProfile is what can be told before anything runs.
func (c Config) validateProfile() error {
	switch {
	case c.Profile != "" && c.Profile != Development && c.Profile != Production:
		return fmt.Errorf("%w: %q", ErrNoProfile, c.Profile)
	case c.Routes.plain() != "":
		return fmt.Errorf("%w to or from %s: give the routes certificates (hayauma cluster certs makes some; --cluster-cert, --cluster-key, --cluster-ca)", ErrPlain,
			c.Routes.plain())
	case c.Profile != Production:
		return nil
	case c.URL == "" && !c.Routes.wanted():
		return fmt.Errorf("%w, and a server alone keeps one: run three nodes with --nats-routes, or name an external cluster with --nats and --nats-replicas 3",
			ErrOneCopy)
	case c.copies() < minServers:
		return fmt.Errorf("%w, and %d is configured: set --nats-replicas 3", ErrOneCopy, c.copies())
	}
	return nil
}

// verify is what can be told of an external server by asking it. What can't be told is logged.
func verify(ctx context.Context, cfg Config, conn *nats.Conn) error {
	host, _, _ := net.SplitHostPort(conn.ConnectedAddr())
	_, err := conn.TLSConnectionState()
	plain := err != nil && !loopback(host)
	if cfg.Profile != Production {
		if plain {
			cfg.Logger.Warn("the connection to NATS is plain text; the production profile refuses it", "server", conn.ConnectedUrlRedacted())
		}
		return nil
	}
	if plain {
		return fmt.Errorf("%w to %s: name it by tls:// and pass --nats-ca, or run it on this machine", ErrPlain, conn.ConnectedUrlRedacted())
	}
	if conn.ConnectedClusterName() == "" {
		return fmt.Errorf("%w, and %s is a server alone: name three that form a cluster", ErrOneCopy, conn.ConnectedUrlRedacted())
	}
	return verifySync(ctx, cfg, conn)
}

// verifySync asks the servers how they sync. They answer the system account only, unless it exports the question to ours.
func verifySync(ctx context.Context, cfg Config, conn *nats.Conn) error {
	servers, err := askSync(ctx, conn)
	if err != nil {
		return err
	}
	if len(servers) == 0 {
		cfg.Logger.Warn("it can't be told whether the NATS servers sync before they acknowledge: see to it that every one has sync_interval: always",
			"server", conn.ConnectedUrlRedacted())
		return nil
	}
	for _, s := range servers {
		if !s.Data.Config.SyncAlways && !s.Data.Disabled {
			return fmt.Errorf("%w (server %s)", ErrLazySync, cmp.Or(s.Server.Name, "without a name"))
		}
	}
	cfg.Logger.Info("the NATS servers that answered sync before they acknowledge", "servers", len(servers))
	return nil
}

// syncAnswer is what we read of a server's report.
type syncAnswer struct {
	Server struct {
		Name string `json:"name"`
	} `json:"server"`
	Data struct {
		Disabled bool `json:"disabled"`
		Config   struct {
			SyncAlways bool `json:"sync_always"`
		} `json:"config"`
	} `json:"data"`
}

const (
	syncSubject = "$SYS.REQ.SERVER.PING.JSZ"
	syncWait    = 500 * time.Millisecond // between one answer and the next
)

// askSync collects answers until there are none for a while.
func askSync(ctx context.Context, conn *nats.Conn) (answers []syncAnswer, err error) {
	inbox := conn.NewInbox()
	sub, err := conn.SubscribeSync(inbox)
	if err != nil {
		return nil, fmt.Errorf("natsnode: ask how the servers sync: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }() // the connection takes it along otherwise
	if err := conn.PublishRequest(syncSubject, inbox, []byte(`{"config":true}`)); err != nil {
		return nil, fmt.Errorf("natsnode: ask how the servers sync: %w", err)
	}
	for {
		wait, cancel := context.WithTimeout(ctx, syncWait)
		msg, err := sub.NextMsgWithContext(wait)
		cancel()
		if err != nil {
			return answers, nil // nobody, or nobody any more
		}
		var a syncAnswer
		if json.Unmarshal(msg.Data, &a) == nil && a.Server.Name != "" {
			answers = append(answers, a)
		}
	}
}
