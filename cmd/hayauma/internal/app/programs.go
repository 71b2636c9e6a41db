package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"hayauma.example/actors"
	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/cluster/roster"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/ingress"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

const (
	ingressFor   = 2 * time.Second  // requests over NATS that are being answered when the daemon stops, or hands over
	publishAsk   = 10 * time.Second // one question to the publisher
	publishAgain = 5 * time.Second
)

// natsClients opens the embedded server for other programs, as far as they are served.
func (a *App) natsClients() (c natsnode.Clients, err error) {
	n := a.cfg.NATS
	if n.Listen == "" {
		return c, nil
	}
	c = natsnode.Clients{Listen: n.Listen, Password: a.cfg.Token}
	if n.API {
		c.Requests = []string{ingress.Prefix + ">"}
	}
	if a.cfg.PublishEvents {
		c.Events, c.Stream = a.cfg.PublishPrefix+".>", jetstream.Published
	}
	if n.ListenCert != "" {
		pair, err := tls.LoadX509KeyPair(n.ListenCert, n.ListenKey)
		if err != nil {
			return c, fmt.Errorf("nats-listen-cert and nats-listen-key: %w", err)
		}
		c.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	return c, nil
}

// openOutlet makes the stream of published events.
func (a *App) openOutlet(ctx context.Context, store *jetstream.Store) error {
	if !a.cfg.PublishEvents {
		return nil
	}
	p, err := store.Publisher(ctx, jetstream.PublishConfig{Prefix: a.cfg.PublishPrefix, MaxBytes: uint64(a.cfg.PublishMaxBytes)})
	if err != nil {
		return err
	}
	a.outlet = p
	if a.nats.Embedded() {
		a.outlet = roomyPublisher{p, a.room}
	}
	return nil
}

// roomyPublisher leaves room on the store's disk: what is published waits in the store until there is some.
type roomyPublisher struct {
	journal.Publisher
	room *room
}

// Publish implements [journal.Publisher].
func (p roomyPublisher) Publish(ctx context.Context, e journal.Publication) error {
	if err := p.room.check(uint64(len(e.Body)), roomForObjects); err != nil {
		return err
	}
	return p.Publisher.Publish(ctx, e)
}

// startPublishing has the publisher start, wherever it lives, and goes on asking until it has.
func (a *App) startPublishing() {
	if a.outlet == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for said := ""; ; {
			err := a.askToPublish(ctx)
			if err == nil || ctx.Err() != nil {
				return
			}
			if text := err.Error(); text != said {
				a.log.Warn("events are not published yet", "error", err)
				said = text
			}
			if pass(ctx, publishAgain) != nil {
				return
			}
		}
	}()
	a.onStop("publishing", func(context.Context) error {
		cancel()
		<-ended
		return nil
	})
}

func (a *App) askToPublish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, publishAsk)
	defer cancel()
	_, err := engine.Ask[actors.Done](ctx, actors.Publishers.Ref(a.sys, actors.PublisherID), actors.PublisherMsg(actors.StartPublishing{}))
	if p, ok := errors.AsType[actors.Problem](err); ok {
		return errors.New(p.Detail)
	}
	return err
}

// startIngress answers requests over NATS by a connection of its own: others' requests don't stand before the store's.
func (a *App) startIngress(ctx context.Context, h *api.API) error {
	if !a.cfg.NATS.API {
		return nil
	}
	conn, err := a.nats.Dial("hayauma " + a.cfg.Node + " api")
	if err != nil {
		return err
	}
	in, err := ingress.Start(ctx, ingress.Config{
		Conn: conn, Handler: h, Operations: h.Operations(), Version: a.opts.Version, Node: a.cfg.Node, Log: a.log,
	})
	if err != nil {
		conn.Close()
		return err
	}
	a.ingress.Store(in)
	a.onStop("requests over NATS", a.endIngress)
	if address := a.nats.ClientAddress(); address != "" {
		a.log.Info("serving over NATS", "address", address)
	}
	return nil
}

// endIngress leaves requests to other nodes, and answers those that are here. A second call does nothing.
func (a *App) endIngress(ctx context.Context) error {
	in := a.ingress.Load()
	if in == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, ingressFor)
	defer cancel()
	return in.Stop(ctx)
}

// drained leaves requests to others as soon as this node is to hand over.
func (a *App) drained(members []roster.Member) {
	for _, m := range members {
		if m.Node != a.cfg.Node || m.State != roster.Draining || a.ingress.Load() == nil {
			continue
		}
		go func() {
			if err := a.endIngress(context.Background()); err != nil {
				a.log.Warn("requests were left at the drain", "error", err)
			}
		}()
	}
}
