package campaign

import (
	"errors"
	"sync"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// clockSlack is what the clocks of two nodes may differ by, without more than time lost when campaigns move.
const clockSlack = 5 * time.Second

// Local tells the campaigns of one node what becomes of others. It is safe for concurrent use.
type Local struct {
	Figures Figures

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
	l.sys.Cells(func(c engine.CellInfo) bool {
		if c.Kind == actors.Campaigns.Name() {
			actors.Campaigns.Ref(l.sys, c.ID).Tell(actors.ShardsLost{Shards: shards})
		}
		return true
	})
}

// heldOut tells whether no shard was lost since a moment, as far as a node can tell that has been there all the time. By the clocks of two
// nodes: where they differ by more, paths are sent again too early, or 60 s late.
func (l *Local) heldOut(since time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	since = since.Add(-clockSlack)
	return l.began.Before(since) && (l.last.IsZero() || l.last.Before(since))
}

// Leaving notes that everything that was dispatched stands elsewhere, so that the next activation doesn't send it again. Without that
// note nothing goes wrong, but what is under way is put in doubt. It stays the newest event: nothing follows.
func (a *Campaign) Leaving(c *engine.Context[actors.CampaignMsg]) {
	if a.intent.Run == "" || a.intent.Finished != nil || len(a.intent.Open) == 0 {
		return
	}
	e := Parted{At: c.Now()}
	for _, w := range a.intent.Open {
		if _, part := a.parts[w.Number]; a.knows(w) && (part || !a.asking[w.Number]) { // what is missing is handed on
			e.Windows = append(e.Windows, w.Number)
		}
	}
	engine.Persist(c, []Event{e}, func() {})
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
		a.log(c).Warn("campaign waits for a role that no node carries", "campaign", c.ID(), "role", role)
	}
	for _, r := range a.shows {
		r.Send(a.info(c))
	}
	a.shows = nil
	a.answerOrders(c)
	if role == actors.RoleChecker {
		a.view.looked = false // it is asked again with the next tick, whatever was asked: no re-drive is while it is away
	}
	a.channelAt = time.Time{} // likewise
	a.tickIn(c, nobodyEvery)
}
