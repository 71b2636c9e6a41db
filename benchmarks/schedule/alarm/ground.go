package alarm

import (
	"context"
	"errors"
	"log/slog"

	"github.com/google/uuid"

	"hayauma.example/cluster"
	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// role carries the sleepers.
const role = "bench"

// Ground is an engine on its journal.
type Ground struct {
	store journal.Store
	node  *natsnode.Node // nil: the store is memory
	solo  *cluster.Solo
	sys   *engine.System
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
	g, err := On(ctx, store, bell)
	if err != nil {
		return nil, errors.Join(err, node.Close(ctx))
	}
	g.node = node
	return g, nil
}

// Memory is a store that ends with the process.
func Memory() journal.Store { return journal.NewMemory(uuid.New()) }

// On opens the ground on a store.
func On(ctx context.Context, store journal.Store, bell Bell) (*Ground, error) {
	log := slog.New(slog.DiscardHandler)
	solo, err := cluster.OpenSolo(ctx, store, cluster.SoloConfig{Roles: []string{role}, Log: log})
	if err != nil {
		return nil, err
	}
	sys, err := engine.New(engine.Config{Log: log, Messages: codec.NewRegistry(), Journal: solo})
	if err != nil {
		return nil, errors.Join(err, solo.Close(ctx))
	}
	engine.ServeDurable(sys, sleepers, func(string) engine.Durable[message, event] { return &sleeper{bell: bell} })
	return &Ground{store: store, solo: solo, sys: sys}, nil
}

// Start reads the timetable and begins to fire.
func (g *Ground) Start(ctx context.Context) error { return g.solo.Start(ctx) }

// Stats counts what is stored.
func (g *Ground) Stats(ctx context.Context) (journal.Stats, error) { return g.store.Stats(ctx) }

// Close stores what is queued and ends everything but a store in memory.
func (g *Ground) Close(ctx context.Context) error {
	err := errors.Join(g.sys.Stop(ctx), g.solo.Close(ctx))
	if g.node != nil {
		err = errors.Join(err, g.node.Close(ctx))
	}
	return err
}
