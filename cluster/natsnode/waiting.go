package natsnode

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	waitLook = 2 * time.Second  // between two looks at who has come
	waitSay  = 10 * time.Second // between two lines of the log
)

// Waiting tells until stop which servers have not come: by Config.Waiting, and by a line of the log every 10 s. A node without routes
// waits for nobody. It is for the time in which nothing can be stored yet.
func (n *Node) Waiting(ctx context.Context) (stop func()) {
	if !n.cfg.Routes.wanted() {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() {
		look := time.NewTicker(waitLook)
		defer look.Stop()
		said := time.Now()
		for {
			reach := n.cfg.Routes.reach(ctx)
			if ctx.Err() != nil {
				return
			}
			n.cfg.Waiting(reach.String() + "; " + n.cfg.Routes.need(reach))
			if time.Since(said) >= waitSay {
				said = time.Now()
				n.cfg.Logger.Warn("waiting for NATS", "node", n.cfg.Routes.Node, "reached", reach.String(), "needed", n.cfg.Routes.need(reach))
			}
			select {
			case <-look.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		ended.Wait()
	}
}

// need tells what the cluster waits for.
func (r Routes) need(reach Reach) string {
	if len(reach.Names) == len(r.Servers) {
		return "they elect a leader"
	}
	return "all have to come at the very first start and after all were stopped, otherwise " + majority(len(r.Servers))
}

func majority(servers int) string {
	words := map[int]string{2: "two suffice", 3: "three suffice", 4: "four suffice"}
	return words[servers/2+1]
}

const (
	routesLook   = time.Second
	routesRemind = time.Minute
)

// watchRoutes logs which of the other servers goes and comes back, until the connection is closed: the server itself says it for every
// attempt of every connection.
func (n *Node) watchRoutes(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	n.watch.Go(func() {
		<-n.drop
		cancel()
	})
	n.watch.Go(func() {
		look := time.NewTicker(routesLook)
		defer look.Stop()
		routes := newAttendance(n.cfg)
		for {
			select {
			case <-look.C:
				routes.see(ctx, n.reached(), time.Now())
			case <-ctx.Done():
				return
			}
		}
	})
}

// attendance is who of the other servers was there, and since when others are not.
type attendance struct {
	cfg  Config
	here map[string]bool
	away map[string]absence
}

type absence struct {
	since, said time.Time
}

func newAttendance(cfg Config) *attendance {
	return &attendance{cfg: cfg, here: map[string]bool{}, away: map[string]absence{}}
}

// see takes who is there now: a line for whoever went, one for whoever is back, and one a minute between them.
func (a *attendance) see(ctx context.Context, names []string, now time.Time) {
	here := map[string]bool{}
	for _, name := range names {
		here[name] = true
		if was, ok := a.away[name]; ok {
			delete(a.away, name)
			a.cfg.Logger.Info("a NATS server is back", "server", name, "after", now.Sub(was.since).Round(time.Second).String())
		}
	}
	for name := range a.here {
		if !here[name] {
			a.away[name] = absence{since: now, said: now}
			a.cfg.Logger.Info("a NATS server has gone", "server", name)
		}
	}
	for name, was := range a.away {
		if now.Sub(was.said) >= routesRemind {
			a.away[name] = absence{since: was.since, said: now}
			reach := a.cfg.Routes.reach(ctx)
			a.cfg.Logger.Warn("a NATS server is away", "server", name, "for", now.Sub(was.since).Round(time.Second).String(), "reached", reach.String())
		}
	}
	a.here = here
}

// reached names the other servers that there is a route to.
func (n *Node) reached() []string {
	z, err := n.server.Routez(&server.RoutezOptions{})
	if err != nil {
		return nil
	}
	return others(z.Routes, n.server.Name())
}
