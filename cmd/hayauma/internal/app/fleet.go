package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/channel"
	"hayauma.example/cluster"
	"hayauma.example/cluster/remote"
	"hayauma.example/cluster/roster"
	"hayauma.example/cmd/hayauma/internal/certs"
	"hayauma.example/cmd/hayauma/internal/metrics"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// ErrDrained: an operator had this node drained; it owns nothing any more, and its process ends as it was told.
var ErrDrained = errors.New("this node was drained: it has handed everything over and left the fleet")

// noAddress is that of a node alone: nobody can dial it.
const noAddress = "alone:0"

// openFleet prepares this node's part in the fleet; alone, it is a fleet of one.
func (a *App) openFleet(ctx context.Context, incarnation string) (err error) {
	self := roster.Member{Incarnation: incarnation, Node: a.cfg.Node, Address: noAddress, Roles: slices.Sorted(slices.Values(a.cfg.Roles())), Weight: a.cfg.Weight}
	cfg := cluster.MemberConfig{Objects: a.shared, Journal: a.store, Log: a.log}
	if a.cfg.Cluster.Wanted() {
		if err := a.openTransport(ctx, incarnation); err != nil {
			return err
		}
		self.Address = cmp.Or(a.cfg.Cluster.Advertise, a.transport.Addr().String())
		cfg.Peers, cfg.Probe = a.transport.SetPeers, a.transport.Probe
	}
	if cfg.Predecessor, err = a.ancestry(incarnation); err != nil {
		return err
	}
	if err := a.agree(ctx, self, cfg.Predecessor); err != nil {
		return err
	}
	cfg.Self = self
	if a.member, err = cluster.NewMember(cfg); err != nil {
		return err
	}
	a.member.OnStanding(a.stood)
	a.member.OnView(a.viewed)
	a.member.OnEnded(a.dismissed)
	return nil
}

// loadCertificates reads them before anything else is begun.
func (a *App) loadCertificates(context.Context) (err error) {
	if c := a.cfg.Cluster; c.Secured() {
		a.secured, err = certs.Load(certs.Files{Cert: c.Cert, Key: c.Key, CA: c.CA}, time.Now())
		if warning := certs.Ending(a.secured, time.Now()); warning != "" {
			a.log.Warn("the certificate ends soon", "warning", warning)
		}
	}
	return err
}

// openTransport listens for other nodes.
func (a *App) openTransport(ctx context.Context, incarnation string) error {
	cfg := remote.Config{
		Incarnation: incarnation, Listen: a.cfg.Cluster.Listen, TLS: a.secured, Log: a.log,
		OnDown: func(other string) { a.member.Suspect(other) },
	}
	t, err := remote.Listen(ctx, cfg)
	if err != nil {
		return err
	}
	a.transport = t
	a.onStop("transport", func(context.Context) error { return t.Close() })
	return nil
}

// wire is the transport as the engine wants it: none where there is none.
func (a *App) wire() engine.Transport {
	if a.transport == nil {
		return nil
	}
	return a.transport
}

// peers is the transport as a scrape wants it: none where there is none.
func (a *App) peers() metrics.Peers {
	if a.transport == nil {
		return nil
	}
	return a.transport
}

// dialSelf looks who answers where the others are told to reach this node: one that nobody reaches there is taken for dead as soon as it has
// joined, again after each start. That nobody says anything proves nothing: some networks lead nobody back to itself.
func (a *App) dialSelf(ctx context.Context, incarnation string) error {
	address := a.cfg.Cluster.Advertise
	if address == "" {
		return nil
	}
	who, err := a.transport.Ask(ctx, address, incarnation)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("--cluster-advertise %s: nobody listens there (connection refused), so the other nodes would take this one for dead: "+
			"give the address at which they reach %s, where it listens", address, a.transport.Addr())
	case err != nil:
		a.log.Warn("this node gets no answer where it tells the others to reach it: see that they do", "cluster_advertise", address, "error", err)
		return nil
	case who != incarnation:
		return fmt.Errorf("--cluster-advertise %s: %s answers there, so the other nodes would take this one for dead: "+
			"give the address at which they reach %s, where this one listens", address, a.nameOf(ctx, who), a.transport.Addr())
	}
	return nil
}

// nameOf names an incarnation as an operator knows it.
func (a *App) nameOf(ctx context.Context, incarnation string) string {
	v, err := a.view(ctx)
	if err == nil {
		for _, m := range v.View.Members {
			if m.Incarnation == incarnation {
				return "node " + m.Node
			}
		}
	}
	return "a node that is none of this fleet (its start is " + incarnation + ")"
}

// join enters the fleet. The kinds are served by then, and the transport takes connections.
func (a *App) join(ctx context.Context, incarnation string) error {
	if err := a.dialSelf(ctx, incarnation); err != nil {
		return err
	}
	a.onStop("fleet", a.leave)
	if err := a.member.Start(ctx, a.sys); err != nil {
		return err
	}
	return a.settleAncestry()
}

// leave hands everything over and leaves, once.
func (a *App) leave(ctx context.Context) error {
	a.left.Do(func() {
		ctx, stop := a.whileAnswered(ctx)
		defer stop()
		if len(a.member.Status().Members) < 2 {
			a.drain(ctx) // nobody goes on
		}
		a.leftErr = a.member.Stop(ctx)
		if errors.Is(context.Cause(ctx), errNoQuorum) {
			a.leftErr = nil // all that was acknowledged is stored
			a.log.Warn("stopped without NATS quorum: its shards are taken over when its lease ends", "node", a.cfg.Node)
		}
	})
	return a.leftErr
}

// errNoQuorum ends a hand-over that nobody can record.
var errNoQuorum = errors.New("NATS has given no answers for 1.5 s: it has no quorum, or can't be reached")

const (
	answerFor   = 500 * time.Millisecond
	answerAgain = 200 * time.Millisecond
	muteFor     = 1500 * time.Millisecond // longer than a leader that stops takes to hand over
)

// whileAnswered is ctx until the store has given no answers for so long that nothing can be handed over: what is acknowledged is stored, and
// whoever goes on takes the shards over when this node's lease ends.
func (a *App) whileAnswered(ctx context.Context) (answered context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var ended sync.WaitGroup
	ended.Go(func() {
		for last := time.Now(); ctx.Err() == nil; {
			if a.answers(ctx) {
				last = time.Now()
			} else if time.Since(last) >= muteFor {
				cancel(errNoQuorum)
			}
			_ = pass(ctx, answerAgain) // its end ends the loop
		}
	})
	return ctx, func() {
		cancel(nil)
		ended.Wait()
	}
}

// answers tells whether the store takes what a hand-over writes: the lease stands, which needs a majority of it, and it can be read. A leader
// that has lost the majority answers what is read for 10 s more.
func (a *App) answers(ctx context.Context) bool {
	if a.member.Standing() == roster.Suspended {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, answerFor)
	defer cancel()
	_, err := a.shared.View(ctx)
	return err == nil
}

// accompanied tells whether other nodes can answer for this one.
func (a *App) accompanied() bool {
	return a.member != nil && a.transport != nil && len(a.member.Status().Members) > 1
}

// stood stops provider calls while the lease doesn't stand. Each call asks the lease itself too, right before it starts.
func (a *App) stood(s roster.Standing) {
	why := ""
	switch s {
	case roster.Suspended:
		why = leaseLapsed
	case roster.Ended:
		why = "this node is in the fleet no more"
		a.gates.End(why)
	case roster.Leased, roster.Steady:
	}
	a.hold(&a.held.suspended, why)
}

const leaseLapsed = "this node's lease has run out"

// viewed counts those who post, and tells channels and campaigns who went, and which shards were lost with their owners' memory.
func (a *App) viewed(before, after roster.View, went []journal.Shard) {
	active := activeOf(after.Members)
	a.active.Store(&active)
	a.drained(after.Members)
	posters := 0
	for _, m := range active {
		if m.Carries(actors.RolePoster) {
			posters++
		}
	}
	a.posters.Store(int32(posters))
	var gone []string
	for _, m := range roster.Between(before, after).Went {
		if holdsDemand(m) {
			gone = append(gone, m.Incarnation)
		}
	}
	if len(gone) > 0 {
		channel.NodeGone(a.sys, gone...)
	}
	lost := map[string]actors.Shards{}
	for _, s := range went {
		lost[s.Role] |= actors.ShardsOf(s.Number)
	}
	if len(lost) > 0 {
		a.campaigns.Lost(lost)
	}
}

// activeOf are those who take work.
func activeOf(members []roster.Member) (active []roster.Member) {
	for _, m := range members {
		if m.State == roster.Active {
			active = append(active, m)
		}
	}
	return active
}

// holdsDemand tells whether a member's grains were granted demand, or were to give it back.
func holdsDemand(m roster.Member) bool {
	return m.Carries(actors.RolePoster) || m.Carries(actors.RoleComposer)
}

// dismissed ends the daemon whose part is over though nobody stopped it.
func (a *App) dismissed(why error) {
	if errors.Is(why, cluster.ErrDrained) {
		why = ErrDrained
	} else {
		why = fmt.Errorf("this node can't go on: %w", why)
	}
	a.fail(why)
}

// Rejoins tells whether a daemon that ended so would be of use again if it were started anew.
func Rejoins(err error) bool {
	return errors.Is(err, cluster.ErrEvicted) || errors.Is(err, cluster.ErrViewLost)
}
