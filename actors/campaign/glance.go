package campaign

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// Glance is what a list shows of a campaign: a fold of the same events as Intent, in a few hundred bytes whatever the audience. What
// only the campaign's activation knows is not in it: a running campaign's figures, and that its channel has paused.
type Glance struct {
	accepted   bool
	name       string
	channel    string
	rows, dups uint64
	at, due    time.Time
	run, mode  string
	sends      plan.Sends
	started    time.Time
	priority   actors.Priority
	weight     int
	paused     bool
	cancelling bool
	finished   *Finished
	generation uint32
	forgotten  time.Time
	series     string  // it is an occurrence of
	sequence   bool    // recurs are its steps
	recurs     *Series // nil: it sends itself
	experiment string
	variants   []actors.Variant // without their messages
	spread     time.Duration
	schedule   *actors.Schedule // nil: at once
	topic      string
}

// Apply changes the glance by one fact.
func (g *Glance) Apply(e Event) {
	switch e := e.(type) {
	case Uploading, UploadDropped, WindowClosed, Deferred, Parted, Lapsed, Replanned, Released, QuotaWaived: // nothing that is shown
	case Accepted:
		g.accepted, g.at, g.due = true, e.At, e.Due
		g.name, g.channel = e.Definition.Name, e.Definition.Channel
		g.rows, g.dups, g.series = e.Audience.Rows, e.Audience.Duplicates, e.Series
		if e.Definition.Series() {
			g.recurs, g.sequence = &Series{}, len(e.Definition.Steps) > 0
		}
		g.priority, g.weight = e.Definition.Priority, e.Definition.Weight
		g.experiment, g.schedule, g.topic = e.Definition.Experiment, e.Definition.Schedule(), e.Definition.Topic
		for _, v := range e.Definition.Variants {
			g.variants = append(g.variants, actors.Variant{Name: v.Name, Weight: v.Weight})
		}
	case RunStarted:
		g.run = e.Run
	case Planned:
		g.mode, g.sends, g.spread = mode(e.Table), e.Table.Sends(), e.Table.LastDelay()
	case WindowOpened:
		if g.started.IsZero() {
			g.started = e.At
		}
	case Ranked:
		g.priority, g.weight = e.Priority, e.Weight
	case Paused:
		g.paused = true
	case Resumed:
		g.paused = false
	case CancelAsked:
		g.cancelling = true
	case RedriveAsked:
		g.finished, g.generation = nil, e.Generation
	case Finished:
		g.finished = &e
	case Forgotten:
		g.forgotten = e.At
	case Occurred:
		g.recurring().occurred(e)
	case Skipped:
		g.recurring().skipped(e)
	case OccurrenceEnded:
		g.recurring().ended(e)
	case OccurrenceAmended:
		g.recurring().amended(e)
	}
}

// Restore begins with what is stored of a forgotten campaign.
func (g *Glance) Restore(r Remains) {
	*g = Glance{}
	g.Apply(r.Accepted)
	g.run, g.mode, g.started, g.finished, g.forgotten, g.generation = r.Run, r.Mode, r.Started, &r.Finished, r.At, r.Generation
	if g.recurs != nil {
		g.recurs = &r.Series
	}
}

// recurring is the glance's series, also where its beginning was not seen.
func (g *Glance) recurring() *Series {
	if g.recurs == nil {
		g.recurs = &Series{}
	}
	return g.recurs
}

// AcceptedAt is when the campaign was accepted.
func (g *Glance) AcceptedAt() time.Time { return g.at }

// Accepted tells whether there is a campaign, and not only an upload.
func (g *Glance) Accepted() bool { return g.accepted }

// Channel is the campaign's channel.
func (g *Glance) Channel() string { return g.channel }

// Series is the campaign that it is an occurrence of; empty: none.
func (g *Glance) Series() string { return g.series }

// Running tells whether the campaign itself knows more than its stored events.
func (g *Glance) Running() bool {
	return g.finished == nil && (g.run != "" || g.recurs != nil && len(g.recurs.Open) > 0)
}

// Info is the campaign as its stored events show it.
func (g *Glance) Info(id string, now time.Time) actors.Info {
	i := actors.Info{
		ID: id, Name: g.name, Channel: g.channel, State: g.State(now), Rows: g.rows, Duplicates: g.dups, Run: g.run, Mode: g.mode, Sends: g.sends,
		Priority: g.priority.Or(), Weight: actors.WeightOf(g.weight),
		Generation: g.generation, AcceptedAt: g.at, Due: g.due, StartedAt: g.started, Totals: actors.Totals{actors.Pending: uint32(g.rows - g.dups)},
		Series: g.series, Forgotten: g.forgotten, Experiment: g.experiment, Spread: g.spread,
		Schedule: g.schedule, Topic: g.topic,
	}
	var totals []actors.Totals
	if g.finished != nil {
		totals = g.finished.Variants
	}
	i.Variants = variants(&actors.Definition{Variants: g.variants}, totals)
	if g.recurs != nil {
		i.Recurs = g.recurs.shown(func(o actors.Occurrence) actors.Occurrence {
			o.State, o.Totals = actors.StateAccepted, i.Totals
			return o
		})
		i.Recurs.Sequence = g.sequence
	}
	switch {
	case g.finished != nil:
		i.Totals, i.FinishedAt = g.finished.Totals, g.finished.At
	case g.cancelling:
		i.Reason = "cancelling"
	case g.paused:
		i.Reason = "paused by the operator"
	}
	return i
}

// State is the campaign's state, as far as its stored events tell.
func (g *Glance) State(now time.Time) actors.State {
	switch {
	case g.finished != nil:
		return g.finished.State
	case g.recurs != nil:
		return g.recurs.state(!g.cancelling && g.paused)
	case !g.cancelling && g.paused:
		return actors.StatePaused
	case !g.cancelling && now.Before(g.due):
		return actors.StateScheduled
	case g.run != "":
		return actors.StateRunning
	}
	return actors.StateAccepted
}
