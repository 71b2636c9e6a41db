package clustertest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
)

// Alone makes a member that is a fleet of one. Of cfg it needs Self.Roles, Objects and Journal. Nobody else uses its store: whoever the
// view names is an earlier start that has ended. The engine's incarnation is that of its Status.
func Alone(cfg cluster.MemberConfig) (*cluster.Member, error) {
	cfg.Self.Incarnation, cfg.Self.Node, cfg.Self.Address = ulid.Make().String(), "alone", "alone:0"
	cfg.Self.Roles = slices.Sorted(slices.Values(cfg.Self.Roles))
	cfg.Predecessor = func(string) bool { return true }
	return cluster.NewMember(cfg)
}

// Serve starts a member and waits until it serves every shard of its roles: their reminders are read. The kinds of its roles are served
// by then.
func Serve(ctx context.Context, m *cluster.Member, sys *engine.System) error {
	if err := m.Start(ctx, sys); err != nil {
		return err
	}
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !served(m.Status()) {
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("clustertest: not every shard is served: %w", context.Cause(ctx))
		}
	}
	return nil
}

func served(s cluster.Status) bool {
	for _, r := range s.Roles {
		for _, sh := range r.Shards {
			if r.Own && sh.Phase != roster.Owned {
				return false
			}
		}
	}
	return true
}
