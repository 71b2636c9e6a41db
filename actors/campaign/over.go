package campaign

import (
	"net/http"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// seriesTold is the series' answer to an occurrence that has told it of its end.
type seriesTold struct {
	actors.CampaignMsg
	end *Finished
	err error
}

// oweSeries sets the reminder of an occurrence that ends, or has come to something else since, with the append in hand: nothing else may have its
// series know of what came late.
func (a *Campaign) oweSeries(c *engine.Context[actors.CampaignMsg], finished time.Time) {
	if a.intent.Accepted.Series != "" {
		c.Remind(remindSeries, finished, nil)
	}
}

// tellSeries has the series know what this occurrence has come to. Its reminder repeats that until it is answered.
func (a *Campaign) tellSeries(c *engine.Context[actors.CampaignMsg]) {
	id, end := a.intent.Accepted.Series, a.intent.Finished
	if id == "" {
		return
	}
	ask(c, actors.Campaigns.Ref(c.System(), id), actors.CampaignMsg(actors.OccurrenceOver{Campaign: c.ID()}),
		func(_ actors.Done, err error) actors.CampaignMsg { return seriesTold{end: end, err: err} })
}

// seriesTold ends the reminder, unless the occurrence has come to something else meanwhile.
func (a *Campaign) seriesTold(c *engine.Context[actors.CampaignMsg], m seriesTold) {
	if m.err == nil && m.end == a.intent.Finished {
		c.Forget(remindSeries, m.end.At)
		engine.Persist[Event](c, nil, nil)
	}
}

// remindedOfSeries tells the series again. The reminder of an end that a redrive has undone says nothing any more.
func (a *Campaign) remindedOfSeries(c *engine.Context[actors.CampaignMsg], due time.Time) {
	if f := a.intent.Finished; f != nil && f.At.Equal(due) {
		a.tellSeries(c)
		return
	}
	c.Forget(remindSeries, due)
	engine.Persist[Event](c, nil, nil)
}

// occurrenceOver asks an occurrence that says that it is over. One that is not over here is asked again anyway.
func (a *Campaign) occurrenceOver(c *engine.Context[actors.CampaignMsg], m actors.OccurrenceOver) {
	is := func(o actors.Occurrence) bool { return o.Campaign == m.Campaign }
	open := slices.IndexFunc(a.intent.Series.Open, is)
	asked := a.children[m.Campaign] != nil && a.children[m.Campaign].asking
	switch {
	case open < 0 && !slices.ContainsFunc(a.intent.Series.Newest, is):
		c.Respond(actors.Done{}) // nothing of it is shown
	case open < 0 && asked:
		refuse(c, http.StatusServiceUnavailable, "being asked", "its answer may be older than this word")
	case open < 0:
		a.occurAgain(c, m.Campaign)
	default:
		c.Respond(actors.Done{})
		if !asked {
			a.occur(c, a.intent.Series.Open[open])
		}
	}
}

// occurAgain asks an occurrence that was over what has come of it since, and answers its word when that is known. It isn't told what it is to be:
// its own operator has it go on.
func (a *Campaign) occurAgain(c *engine.Context[actors.CampaignMsg], id string) {
	p := a.child(id)
	p.asking, p.word = true, c.Reply()
	ask(c, actors.Campaigns.Ref(c.System(), id), actors.CampaignMsg(actors.Show{}),
		func(i actors.Info, err error) actors.CampaignMsg { return heard{campaign: id, info: i, err: err} })
}

// heardAgain notes what has come of an occurrence after its end.
func (a *Campaign) heardAgain(c *engine.Context[actors.CampaignMsg], m heard) {
	a.deps.Crash("campaign.occurrence.heard")
	word := a.child(m.campaign).word
	delete(a.children, m.campaign)
	for _, o := range a.intent.Series.Newest {
		if o.Campaign == m.campaign && m.info.State.Final() && (o.State != m.info.State || o.Totals != m.info.Totals) {
			e := OccurrenceAmended{Campaign: m.campaign, State: m.info.State, Totals: m.info.Totals, Variants: totalsOf(m.info.Variants)}
			engine.Persist(c, []Event{e}, func() { word.Send(actors.Done{}) })
			return
		}
	}
	word.Send(actors.Done{})
}
