package campaign

import (
	"cmp"
	"fmt"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// show answers when the figures are known: after a restart nothing would look like progress lost.
func (a *Campaign) show(c *engine.Context[actors.CampaignMsg]) {
	switch {
	case a.notFound(c):
	case a.unheard() && a.trouble == "":
		a.shows = append(a.shows, c.Reply())
	case a.uncounted():
		if a.view.waiting != "" {
			c.Respond(a.info(c)) // for how long nobody knows
			return
		}
		a.shows = append(a.shows, c.Reply())
		if a.trouble != "" {
			a.answerShows(actors.Problem{Status: 503, Title: "the ledger can't be read", Detail: a.trouble})
		}
	default:
		c.Respond(a.info(c))
	}
}

// uncounted tells whether there are figures that this activation doesn't know yet.
func (a *Campaign) uncounted() bool {
	return a.intent.Planned && a.intent.Finished == nil && !a.view.counted
}

// answerOrder says what has come of an order: with the figures, unless something keeps them from being read.
func (a *Campaign) answerOrder(c *engine.Context[actors.CampaignMsg]) {
	if (a.uncounted() || a.unheard()) && a.view.waiting == "" && a.trouble == "" {
		a.ordered = append(a.ordered, c.Reply())
		return
	}
	c.Respond(a.info(c))
}

func (a *Campaign) answerOrders(c *engine.Context[actors.CampaignMsg]) {
	for _, r := range a.ordered {
		r.Send(a.info(c))
	}
	a.ordered = nil
}

func (a *Campaign) answerShows(answer any) {
	for _, r := range a.shows {
		r.Send(answer)
	}
	a.shows = nil
}

func (a *Campaign) layout(c *engine.Context[actors.CampaignMsg]) {
	switch {
	case a.notFound(c):
	case !a.intent.Forgotten.IsZero():
		refuse(c, 410, "recipients are forgotten", "they were kept until "+a.intent.Forgotten.UTC().Format(time.RFC3339)+"; the totals are kept")
	case a.intent.series():
		refuse(c, 409, "a series", "its recipients are those of its occurrences: name one of them")
	case !a.intent.Planned && a.intent.Finished != nil:
		refuse(c, 409, "cancelled before it was planned", fmt.Sprintf("all %d recipients are cancelled; nothing was sent", a.intent.Recipients()))
	case !a.intent.Planned && a.trouble != "":
		refuse(c, 409, "not planned yet", a.trouble)
	case !a.intent.Planned:
		refuse(c, 409, "not planned yet", "the recipients are listed once the run is planned, ten minutes before its due time at the latest")
	default:
		c.Respond(actors.RunLayout{Run: a.intent.Run, Chunks: a.intent.Chunks, Table: a.intent.Table, Columns: a.intent.Accepted.Audience.Columns,
			Channel: a.intent.Accepted.Definition.Channel, Later: a.intent.Later,
			Due: a.intent.due(), Variants: variantNames(&a.intent.Accepted.Definition), Trace: a.intent.Accepted.Trace})
	}
}

func (a *Campaign) info(c *engine.Context[actors.CampaignMsg]) actors.Info {
	s := &a.intent
	i := actors.Info{
		ID: c.ID(), Name: s.Accepted.Definition.Name, Channel: s.Accepted.Definition.Channel,
		State: s.state(a.view, c.Now()), Reason: a.reason(),
		Rows: s.Accepted.Audience.Rows, Duplicates: s.Accepted.Audience.Duplicates,
		Totals: a.totals(), Run: s.Run, AcceptedAt: s.Accepted.At, Due: s.due(), StartedAt: s.Started, Mode: mode(s.Table), Sends: s.Table.Sends(),
		Generation: s.Generation, Series: s.Accepted.Series, Experiment: s.Accepted.Definition.Experiment, Spread: s.Table.LastDelay(),
		Variants: variants(&s.Accepted.Definition, a.variants()), Schedule: s.Accepted.Definition.Schedule(),
		Topic: s.Accepted.Definition.Topic,
		Trace: s.Accepted.Trace,
	}
	i.Priority, i.Weight = s.Rank()
	if s.Finished != nil {
		i.FinishedAt = s.Finished.At
	}
	if !s.Forgotten.IsZero() {
		i.Mode, i.Forgotten = s.mode, s.Forgotten
	}
	if s.series() {
		i.Recurs = a.recurrence()
	}
	return i
}

func (a *Campaign) totals() actors.Totals {
	switch {
	case a.intent.Finished != nil:
		return a.intent.Finished.Totals
	case a.view.ledger:
		return a.view.totals
	}
	return actors.Totals{actors.Pending: a.intent.Recipients()}
}

// variants are totals by variant, as far as they are known.
func (a *Campaign) variants() []actors.Totals {
	if a.intent.Finished != nil {
		return a.intent.Finished.Variants
	}
	return a.view.variants
}

func (a *Campaign) reason() string {
	switch {
	case a.intent.Finished != nil:
		return ""
	case !a.intent.CancelAt.IsZero() && a.trouble != "":
		return "cancelling; " + a.trouble
	case !a.intent.CancelAt.IsZero():
		return "cancelling"
	case a.intent.Paused:
		return "paused by the operator"
	case a.intent.waitsForAnother():
		return "waits for the end of campaign " + a.intent.Accepted.Definition.After
	case a.view.held != "":
		return a.view.held
	case a.view.shut:
		d := a.intent.Accepted.Definition
		return fmt.Sprintf("outside of its hours, %s by the clock of %s", d.Hours, cmp.Or(d.Zone, "UTC"))
	case a.view.waiting == actors.RoleChecker:
		return waitingFor(a.view.waiting) + ", which has the figures"
	case a.view.waiting != "":
		return waitingFor(a.view.waiting)
	}
	return cmp.Or(a.trouble, a.resting())
}

// resting says what those wait for who may be sent to later, where nothing else is under way.
func (a *Campaign) resting() string {
	at := a.view.resting
	if at.IsZero() || a.intent.unsettledWindows(a.view) > 0 {
		return ""
	}
	if until, quiet := a.intent.quietUntil(); quiet && until.Equal(at) {
		return "waits for quiet hours until " + at.UTC().Format(time.RFC3339)
	}
	return "waits for the local time of the next recipients, at " + at.UTC().Format(time.RFC3339)
}
