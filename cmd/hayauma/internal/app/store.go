package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"hayauma.example/actors/audience/spill"
	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/cluster/objects"
	"hayauma.example/cmd/hayauma/internal/config"
	"hayauma.example/engine/journal"
)

// objectShare is the part of --store-max-bytes that audiences and frozen chunks may take; the rest is for events.
const objectShare = 0.75

// openTemp makes the directory for temporary files. Below the data directory it has a fixed name, so that the next start removes
// what a killed process left; without one it is the system's.
func (a *App) openTemp(context.Context) error {
	dir, own := a.cfg.Temp(), false
	if dir == "" {
		made, err := os.MkdirTemp("", "hayauma-")
		if err != nil {
			return fmt.Errorf("temporary directory: %w", err)
		}
		dir, own = made, true
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("temporary directory: %w; choose a data directory that can be written", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("temporary directory: %w", err)
	}
	a.temp = root
	a.onStop("temporary directory", func(context.Context) error {
		if own {
			return errors.Join(root.Close(), os.RemoveAll(dir))
		}
		return errors.Join(a.sweep(), root.Close())
	})
	return a.sweep()
}

// sweep removes temporary files that nobody uses: those of a data directory that this process has locked.
func (a *App) sweep() error {
	if !a.locked {
		return nil
	}
	return spill.Sweep(a.temp)
}

func (a *App) openStore(ctx context.Context) error {
	if a.cfg.Store == config.StoreMemory {
		a.log.Warn("THE STORE IS MEMORY ONLY: everything is lost when this process ends; for comparison only, never for real messages")
		memory := journal.NewMemory(uuid.New())
		a.store, a.objects, a.shared = memory, memory, objects.NewMemory(memory).Client("daemon")
		return nil
	}
	if a.cfg.NATS.URL == "" {
		a.room = newRoom(a.cfg.Data, a.log)
	}
	routed := len(a.cfg.NATS.Routes) > 0
	if routed {
		if err := a.awaitRoom(ctx); err != nil {
			return err
		}
	}
	c, err := a.natsConfig()
	if err != nil {
		return err
	}
	node, err := natsnode.Open(ctx, c)
	if err != nil {
		return err
	}
	a.nats = node
	a.onStop("nats", node.Close)
	a.front.say("opening the store")
	defer node.Waiting(ctx)()
	store, err := jetstream.Open(ctx, node.Conn(), jetstreamConfig(a.cfg))
	if err != nil {
		return err
	}
	if a.shared, err = store.Membership(ctx); err != nil {
		return err
	}
	a.store, a.objects, a.locked = store, store, true
	if err := a.openOutlet(ctx, store); err != nil {
		return err
	}
	if routed {
		a.stores = node.Stores
	}
	if node.Embedded() {
		if a.home, err = openHome(a.cfg.Data); err != nil {
			return err
		}
		guarded := roomyStore{Store: store, room: a.room, fail: a.fail}
		a.store, a.objects = guarded, guarded
	}
	return nil
}

func (a *App) natsConfig() (c natsnode.Config, err error) {
	n := a.cfg.NATS
	c = natsnode.Config{
		DataDir: filepath.Clean(a.cfg.Data), Logger: slog.New(reassuring{a.log.Handler()}), Profile: natsnode.Profile(a.cfg.Profile), Replicas: n.Replicas,
		URL: n.URL, Credentials: n.Creds, TLSCA: n.CA, TLSCert: n.Cert, TLSKey: n.Key, Name: "hayauma " + a.cfg.Node,
		Waiting: a.waiting,
	}
	if len(n.Routes) > 0 {
		c.OpenTimeout = -1 // the others may come much later
		c.Routes = natsnode.Routes{Node: a.cfg.Node, Listen: n.ClusterListen, Servers: n.Routes, TLS: a.secured}
	}
	c.Clients, err = a.natsClients()
	return c, err
}

func jetstreamConfig(cfg config.Config) jetstream.Config {
	c := jetstream.Config{Replicas: cfg.NATS.Copies()}
	if cfg.StoreMaxBytes > 0 {
		c.MaxObjectBytes = uint64(float64(cfg.StoreMaxBytes) * objectShare)
		c.MaxBytes = uint64(cfg.StoreMaxBytes) - c.MaxObjectBytes
	}
	return c
}
