package campaign

import (
	"cmp"
	"context"
	"fmt"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

func (a *Campaign) pause(c *engine.Context[actors.CampaignMsg]) {
	switch {
	case a.notFound(c):
	case a.intent.Finished != nil || !a.intent.CancelAt.IsZero():
		refuse(c, 409, "campaign is over", a.isOver(c))
	case a.intent.Paused:
		a.hold(c) // the first word may be on disk and nowhere else
		a.answerOrder(c)
	default:
		a.pauseAs(c, Paused{})
	}
}

func (a *Campaign) pauseAs(c *engine.Context[actors.CampaignMsg], e Paused) {
	engine.Persist(c, []Event{e}, func() {
		a.deps.Crash("campaign.paused")
		a.hold(c)
		a.answerOrder(c)
		a.advance(c)
	})
}

// isOver says why an order comes too late.
func (a *Campaign) isOver(c *engine.Context[actors.CampaignMsg]) string {
	if a.intent.Finished == nil {
		return "it is being cancelled: that can't be taken back"
	}
	return "it is " + string(a.intent.state(a.view, c.Now())) + ": only a campaign that is not over can be paused, resumed or ranked"
}

// drain takes back what is untried before the node stops, so that a planned stop puts nothing in doubt.
func (a *Campaign) drain(c *engine.Context[actors.CampaignMsg]) {
	if a.intent.Run == "" || a.intent.Finished != nil {
		return
	}
	a.draining, a.view.draining = true, true
	a.hold(c)
}

// hold stops the run's calls and asks for what is untried: the channel tells the gates, composers drop what they have not told.
func (a *Campaign) hold(c *engine.Context[actors.CampaignMsg]) {
	a.tellStanding(c)
	a.takeBack(c)
}

// takeBack asks composers for what they have not told.
func (a *Campaign) takeBack(c *engine.Context[actors.CampaignMsg]) {
	for _, w := range a.intent.Open {
		actors.Composers.Ref(c.System(), actors.ComposerID(a.intent.Run, w.Number)).Tell(actors.ReturnWindow{})
	}
}

// resume ends the operator's pause, and has the channel look again whether the quota does for the run; with IgnoreQuota that is no reason to
// wait any more.
func (a *Campaign) resume(c *engine.Context[actors.CampaignMsg], m actors.Resume) {
	var events []Event
	if a.intent.Paused {
		events = append(events, Resumed{})
	}
	if m.IgnoreQuota && !a.intent.Waived {
		events = append(events, QuotaWaived{})
	}
	switch {
	case a.notFound(c):
	case a.intent.Finished != nil || !a.intent.CancelAt.IsZero():
		refuse(c, 409, "campaign is over", a.isOver(c))
	case len(events) == 0:
		a.lookAtQuota(c)
		a.answerOrder(c)
	default:
		engine.Persist(c, events, func() {
			a.deps.Crash("campaign.resumed")
			a.view.looked = false // what was returned meanwhile
			a.outcomeAt = c.Now()
			a.lookAtQuota(c)
			a.answerOrder(c)
			a.advance(c)
		})
	}
}

// lookAtQuota has the channel read its quota for a run that has not begun: nothing is opened before the channel has answered.
func (a *Campaign) lookAtQuota(c *engine.Context[actors.CampaignMsg]) {
	if a.intent.Run == "" || !a.intent.Started.IsZero() {
		return
	}
	a.view.channel = false
	if a.intent.Waived && a.view.held == a.view.short {
		a.view.held = ""
	}
	word := a.word(c)
	word.Look = true
	a.channel(c).Tell(word)
	if a.view.looked {
		a.describe(c)
	}
}

// rank changes how the run stands beside others of its channel.
func (a *Campaign) rank(c *engine.Context[actors.CampaignMsg], m actors.Rank) {
	if a.notFound(c) {
		return
	}
	p, weight := a.intent.Rank()
	e := Ranked{Priority: cmp.Or(m.Priority, p), Weight: cmp.Or(m.Weight, weight)}
	switch {
	case a.intent.Finished != nil || !a.intent.CancelAt.IsZero():
		refuse(c, 409, "campaign is over", a.isOver(c))
	case !e.Priority.Known() || e.Weight < 1 || e.Weight > actors.MaxWeight:
		refuse(c, 422, "rank refused",
			fmt.Sprintf("priority is high, normal or low, and weight 1 to %d: these are %q and %d", actors.MaxWeight, m.Priority, m.Weight))
	case e == Ranked{Priority: p, Weight: weight}:
		a.tellStanding(c) // the first word may be on disk and nowhere else
		a.answerOrder(c)
	default:
		engine.Persist(c, []Event{e}, func() {
			a.tellStanding(c)
			a.answerOrder(c)
			a.advance(c)
		})
	}
}

func (a *Campaign) cancel(c *engine.Context[actors.CampaignMsg]) {
	switch {
	case a.notFound(c):
	case a.intent.Finished != nil && a.intent.Finished.State != actors.StateCancelled:
		refuse(c, 409, "campaign is over", "it is "+string(a.intent.Finished.State)+"; what was delivered can't be called back")
	case a.intent.Finished != nil:
		a.answerOrder(c)
	case !a.intent.CancelAt.IsZero():
		a.hold(c) // as for pause
		a.answerOrder(c)
	default:
		a.remindCancel(c)
		engine.Persist(c, []Event{CancelAsked{At: c.Now()}}, func() {
			a.deps.Crash("campaign.cancel.asked")
			a.hold(c)
			a.answerOrder(c)
			a.advance(c)
		})
	}
}

// cancelRest settles everything: of open windows what was not returned is unknown, all the rest is cancelled.
func (a *Campaign) cancelRest(c *engine.Context[actors.CampaignMsg]) {
	a.view.given = true
	checker, run := a.checker(c), a.intent.Run
	windows := append([]*Window(nil), a.intent.Open...)
	all := []actors.Span{{Lo: 0, Hi: a.intent.Table.Recipients}}
	c.GoWithin(askTimeout, func(ctx context.Context) actors.CampaignMsg {
		for _, w := range windows {
			m := actors.GiveUp{Run: run, Window: w.Number, Paths: w.Paths, Reason: "cancelled_in_flight"}
			if _, err := engine.Ask[actors.Progress](ctx, checker, actors.CheckerMsg(m)); err != nil {
				return given{err: err}
			}
		}
		p, err := engine.Ask[actors.Progress](ctx, checker, actors.CheckerMsg(actors.Direct{Run: run, Paths: all, Outcome: actors.Cancelled, Reason: "cancelled"}))
		return given{progress: p, err: err}
	})
}

// direct tells the checker what became of paths that are never dispatched.
func (a *Campaign) direct(c *engine.Context[actors.CampaignMsg], o actors.Outcome, reason string, paths []actors.Span) {
	a.view.given = true
	ask(c, a.checker(c), actors.CheckerMsg(actors.Direct{Run: a.intent.Run, Paths: paths, Outcome: o, Reason: reason}),
		func(p actors.Progress, err error) actors.CampaignMsg { return given{progress: p, err: err} })
}

func (a *Campaign) given(c *engine.Context[actors.CampaignMsg], m given) {
	if m.err != nil {
		a.view.given = false
		a.failed(c, "telling the ledger", m.err)
		return
	}
	a.succeeded(actors.RoleChecker)
	a.view.given = false
	a.view.expired = !a.intent.LapsedAt.IsZero()
	a.absorb(c, m.progress)
}
