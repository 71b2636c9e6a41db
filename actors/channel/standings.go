package channel

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// hear takes what a campaign says of its run with a question: a word that was lost lasts no longer than that.
func (ch *Channel) hear(c *call, m actors.RunStanding) {
	if m.Run == "" || !ch.state.configured {
		return
	}
	ch.note(c, m)
}

// note takes a campaign's word on a run.
func (ch *Channel) note(c *call, m actors.RunStanding) {
	ch.granter.runs.set(m, ch.now(c))
	if m.Standing == actors.RunOver {
		ch.demand.over(m.Run)
	}
	ch.reserve(c, m)
	ch.grantDemand(c)
}

// waits tells whether something of a run waits its turn. Demand that nobody gives back, while no call waits at any gate, was lost with
// those who held it: waiting for it has no end, and only a re-drive frees it.
func (ch *Channel) waits(run string, now time.Duration) bool {
	runs := &ch.granter.runs
	return runs.waiting(run, now) ||
		len(ch.demand.queues[run]) > 0 && (now-ch.freedAt < actors.StallAfter || runs.anyWaiting(now))
}

func (ch *Channel) runStanding(c *call, m actors.RunStanding) {
	ch.note(c, m)
	if ch.told[m.Campaign] || m.Standing == actors.RunOver || m.Standing == actors.RunUnknown {
		return
	}
	ch.told[m.Campaign] = true
	if p, more := ch.state.pause.with(m.Campaign); more {
		engine.Persist(c, []Event{p}, func() { ch.tell(c, []string{m.Campaign}) })
		return
	}
	ch.tell(c, []string{m.Campaign})
}

// chaseStandings asks for the standing of runs whose demand waits for it, until it is known.
func (ch *Channel) chaseStandings(c *call) {
	unknown := false
	for _, run := range ch.demand.turns {
		if ch.granter.may(run, false) == RunNotKnown {
			unknown = true
			ch.askStanding(c, run, "")
		}
	}
	if unknown && !ch.chasing {
		ch.chasing = true
		c.After(askEvery, chase{})
	}
}

// askStanding asks a run's campaign whether it may send, if that is unknown and was not asked within the second.
func (ch *Channel) askStanding(c *call, run, campaign string) {
	if campaign, ok := ch.granter.runs.ask(run, campaign, ch.now(c)); ok {
		actors.Campaigns.Ref(c.System(), campaign).Tell(actors.StandingOf{Run: run})
	}
}
