package campaign

import (
	"hayauma.example/actors"
	"hayauma.example/engine"
)

func (a *Campaign) describe(c *engine.Context[actors.CampaignMsg]) {
	a.channelAt = c.Now()
	m := actors.DescribeChannel{Standing: a.word(c), Last: a.intent.Last, Open: a.intent.toBeSent(a.view)}
	ask(c, a.channel(c), actors.ChannelMsg(m),
		func(i actors.ChannelInfo, err error) actors.CampaignMsg { return described{info: i, err: err} })
}

func (a *Campaign) described(c *engine.Context[actors.CampaignMsg], m described) {
	if m.err != nil {
		a.failed(c, "asking the channel", m.err)
		return
	}
	a.succeeded(actors.RolePoster)
	a.view.channel, a.view.limits, a.view.runs = true, m.info.Settings.Limits, m.info.Runs
	if m.info.Waiting {
		a.outcomeAt = c.Now() // it waits its turn: nothing is lost
	}
	a.heed(c, m.info.Paused, m.info.Held)
}

func (a *Campaign) channel(c *engine.Context[actors.CampaignMsg]) engine.Ref[actors.ChannelMsg] {
	return actors.Channels.Ref(c.System(), a.intent.Accepted.Definition.Channel)
}

// channelState takes the channel's word. That nothing holds the run any more is asked for: such a word may have waited on its way while the answer
// to a later question, by which the run is held, went by.
func (a *Campaign) channelState(c *engine.Context[actors.CampaignMsg], m actors.ChannelState) {
	if m.Paused == "" && m.Held == "" && a.view.held != "" && a.intent.Run != "" {
		a.describe(c)
		return
	}
	a.heed(c, m.Paused, m.Held)
}

// heed stops the run, or has it go on, as the channel says: paused and short of quota are reasons, empty where there are none.
func (a *Campaign) heed(c *engine.Context[actors.CampaignMsg], paused, short string) {
	before := a.view.held
	a.view.held, a.view.short = short, short
	if paused != "" {
		a.view.held = "channel paused: " + paused
	}
	switch {
	case before == "" && a.view.held != "":
		a.takeBack(c) // a pause may outlast the windows
	case before != "" && a.view.held == "":
		a.outcomeAt = c.Now() // nothing could have come meanwhile
	}
	a.advance(c)
}

// tellStanding says to the channel what the run may do.
func (a *Campaign) tellStanding(c *engine.Context[actors.CampaignMsg]) {
	if a.intent.Accepted == nil || a.intent.Run == "" {
		return
	}
	a.channel(c).Tell(a.word(c))
}

func (a *Campaign) word(c *engine.Context[actors.CampaignMsg]) actors.RunStanding {
	s := &a.intent
	priority, weight := s.Rank()
	unsettled, begun := a.totals()[actors.Pending], !s.Started.IsZero()
	if begun && !a.view.counted {
		unsettled = 0 // how many is not known yet
	}
	return actors.RunStanding{
		Campaign: c.ID(), Run: s.Run, Standing: a.standing(c), Generation: s.Generation, Priority: priority, Weight: weight,
		Unsettled: unsettled, Begun: begun, Waived: s.Waived,
	}
}

func (a *Campaign) standing(c *engine.Context[actors.CampaignMsg]) actors.Standing {
	return a.intent.standing(c.Now(), a.draining)
}

// standingOf answers a channel; a run that is not this campaign's newest is over.
func (a *Campaign) standingOf(c *engine.Context[actors.CampaignMsg], m actors.StandingOf) {
	if a.intent.Accepted != nil && m.Run != a.intent.Run {
		a.channel(c).Tell(actors.RunStanding{Campaign: c.ID(), Run: m.Run, Standing: actors.RunOver})
		return
	}
	a.tellStanding(c)
}
