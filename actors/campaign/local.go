package campaign

import (
	"context"
	"errors"
	"sync"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// Times of campaigns that move.
const (
	partPatience = 10 * time.Second // a campaign that was told that it moves, and does not, goes on
	clockSlack   = 5 * time.Second  // that the clocks of two nodes may differ by without more than time lost
)

// Local tells the campaigns of one node what becomes of others. It is safe for concurrent use.
type Local struct {
	sys   *engine.System
	began time.Time

	mu   sync.Mutex
	last time.Time // when shards were lost last; guarded by mu
}

// Lost tells the campaigns here that the owner of shards, by role, is lost with what its grains held in memory. It is called on every node
// when the view drops a member, after the directory and the transport know of it, with the shards that it owned by the view before. For
// a member that has handed its shards over it is not called: whoever left has said what it held.
func (l *Local) Lost(shards map[string]actors.Shards) {
	l.mu.Lock()
	l.last = time.Now()
	l.mu.Unlock()
	for _, ref := range l.campaigns(func(string) bool { return true }) {
		ref.Tell(actors.ShardsLost{Shards: shards})
	}
}

// Part tells the campaigns here whose identities meet the condition that their shards are about to be handed over, and returns when all
// have noted what they leave to others, or ctx ends. Called before the directory says that they are elsewhere; without it, nothing goes
// wrong, but their next activations send again, and so put in doubt, what is under way.
func (l *Local) Part(ctx context.Context, of func(key string) bool) {
	var all sync.WaitGroup
	for _, ref := range l.campaigns(of) {
		all.Go(func() { _, _ = engine.Ask[actors.Done](ctx, ref, actors.CampaignMsg(actors.Part{})) })
	}
	all.Wait()
}

func (l *Local) campaigns(of func(key string) bool) (refs []engine.Ref[actors.CampaignMsg]) {
	l.sys.Cells(func(c engine.CellInfo) bool {
		if c.Kind == actors.Campaigns.Name() && of(c.ID) {
			refs = append(refs, actors.Campaigns.Ref(l.sys, c.ID))
		}
		return true
	})
	return refs
}

// heldOut tells whether no shard was lost since a moment, as far as a node can tell that has been there all the time. By the clocks of two
// nodes: where they differ by more, paths are sent again too early, or 60 s late.
func (l *Local) heldOut(since time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	since = since.Add(-clockSlack)
	return l.began.Before(since) && (l.last.IsZero() || l.last.Before(since))
}

// part notes that everything that was dispatched stands elsewhere; nothing follows, so that it stays the newest event.
func (a *Campaign) part(c *engine.Context[actors.CampaignMsg]) {
	if a.intent.Run == "" || a.intent.Finished != nil || len(a.intent.Open) == 0 {
		c.Respond(actors.Done{})
		return
	}
	e := Parted{At: c.Now()}
	for _, w := range a.intent.Open {
		if _, part := a.parts[w.Number]; a.knows(w) && (part || !a.asking[w.Number]) { // what is missing is handed on
			e.Windows = append(e.Windows, w.Number)
		}
	}
	a.partedAt = e.At
	engine.Persist(c, []Event{e}, func() { c.Respond(actors.Done{}) })
}

// parting tells whether the campaign is about to move; then it begins nothing. After a while it goes on where it is.
func (a *Campaign) parting(c *engine.Context[actors.CampaignMsg]) bool {
	if a.partedAt.IsZero() {
		return false
	}
	if left := a.partedAt.Add(partPatience).Sub(c.Now()); left > 0 && left <= partPatience {
		a.tickIn(c, left)
		return true
	}
	a.partedAt = time.Time{}
	a.view.looked = false // what was returned meanwhile
	return false
}

// nobody is the role that no node carries, where an error says so.
func nobody(err error) string {
	var dead *engine.DeadLetterError
	if !errors.As(err, &dead) || dead.Reason != engine.ReasonNobody {
		return ""
	}
	if dead.Kind == actors.Checkers.Name() {
		return actors.RoleChecker
	}
	return actors.RolePoster
}

func waitingFor(role string) string { return "waiting: no node carries the role " + role }

// nobodyEvery is how often a campaign looks whether a role is carried again.
const nobodyEvery = time.Second

// wait keeps a campaign going without a role: nothing is wrong with any recipient.
func (a *Campaign) wait(c *engine.Context[actors.CampaignMsg], role string) {
	if a.view.waiting != role {
		a.view.waiting = role
		c.Log().Warn("campaign waits for a role that no node carries", "campaign", c.ID(), "role", role)
	}
	for _, r := range a.shows {
		r.Send(a.info(c))
	}
	a.shows = nil
	a.channelAt = time.Time{} // asked again with the next tick
	a.tickIn(c, nobodyEvery)
}
