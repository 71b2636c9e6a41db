package alarm

import (
	"context"
	"errors"
	"log/slog"

	"github.com/google/uuid"

	"hayauma.example/cluster"
	"hayauma.example/cluster/clustertest"
	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// role carries the sleepers.
const role = "bench"

// Ground is an engine on its journal.
type Ground struct {
	store  journal.Store
	node   *natsnode.Node // nil: the store is memory
	member *cluster.Member
	sys    *engine.System
}

// Embedded opens the store that the daemon has below dir, or goes on with the one that is there. Reminders fire from Start on, and are
// reported to bell.
func Embedded(ctx context.Context, dir string, bell Bell) (*Ground, error) {
	node, err := natsnode.Open(ctx, natsnode.Config{DataDir: dir})
	if err != nil {
		return nil, err
	}
	store, err := jetstream.Open(ctx, node.Conn(), jetstream.Config{})
	if err != nil {
		return nil, errors.Join(err, node.Close(ctx))
	}
	shared, err := store.Membership(ctx)
	if err != nil {
		return nil, errors.Join(err, node.Close(ctx))
	}
	g, err := ground(store, shared, bell)
	if err != nil {
		return nil, errors.Join(err, node.Close(ctx))
	}
	g.node = node
	return g, nil
}

// Memory is a store that ends with the process.
func Memory() *journal.Memory { return journal.NewMemory(uuid.New()) }

// On opens the ground on a store in memory. The ground that has it already keeps what it holds, and stores nothing more.
func On(store *journal.Memory, bell Bell) (*Ground, error) {
	return ground(store, objects.NewMemory(store).Client("alarm"), bell)
}

func ground(store journal.Store, shared objects.Store, bell Bell) (*Ground, error) {
	log := slog.New(slog.DiscardHandler)
	member, err := clustertest.Alone(cluster.MemberConfig{Self: roster.Member{Roles: []string{role}}, Objects: shared, Journal: store, Log: log})
	if err != nil {
		return nil, err
	}
	sys, err := engine.New(engine.Config{
		Log: log, Incarnation: member.Status().Incarnation, Messages: codec.NewRegistry(), Journal: member, Directory: member,
	})
	if err != nil {
		return nil, err
	}
	engine.ServeDurable(sys, sleepers, func(string) engine.Durable[message, event] { return &sleeper{bell: bell} })
	return &Ground{store: store, member: member, sys: sys}, nil
}

// Start claims the shards, reads the timetable and begins to fire.
func (g *Ground) Start(ctx context.Context) error { return clustertest.Serve(ctx, g.member, g.sys) }

// Stats counts what is stored.
func (g *Ground) Stats(ctx context.Context) (journal.Stats, error) { return g.store.Stats(ctx) }

// Close stores what is queued and ends everything but a store in memory.
func (g *Ground) Close(ctx context.Context) error {
	err := errors.Join(g.member.Stop(ctx), g.sys.Stop(ctx))
	if g.node != nil {
		err = errors.Join(err, g.node.Close(ctx))
	}
	return err
}
