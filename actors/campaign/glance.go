package campaign

import (
	"time"

	"hayauma.example/actors"
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
	started    time.Time
	paused     bool
	cancelling bool
	finished   *Finished
}

// Apply changes the glance by one fact.
func (g *Glance) Apply(e Event) {
	switch e := e.(type) {
	case Uploading, UploadDropped, WindowClosed, Parted, Lapsed: // nothing that is shown
	case Accepted:
		g.accepted, g.at, g.due = true, e.At, e.Due
		g.name, g.channel = e.Definition.Name, e.Definition.Channel
		g.rows, g.dups = e.Audience.Rows, e.Audience.Duplicates
	case RunStarted:
		g.run = e.Run
	case Planned:
		g.mode = mode(e.Table)
	case WindowOpened:
		if g.started.IsZero() {
			g.started = e.At
		}
	case Paused:
		g.paused = true
	case Resumed:
		g.paused = false
	case CancelAsked:
		g.cancelling = true
	case Finished:
		g.finished = &e
	}
}

// Accepted tells whether there is a campaign, and not only an upload.
func (g *Glance) Accepted() bool { return g.accepted }

// Channel is the campaign's channel.
func (g *Glance) Channel() string { return g.channel }

// Running tells whether the campaign itself knows more than its stored events.
func (g *Glance) Running() bool { return g.run != "" && g.finished == nil }

// Info is the campaign as its stored events show it.
func (g *Glance) Info(id string, now time.Time) actors.Info {
	i := actors.Info{
		ID: id, Name: g.name, Channel: g.channel, State: g.State(now), Rows: g.rows, Duplicates: g.dups, Run: g.run, Mode: g.mode,
		AcceptedAt: g.at, Due: g.due, StartedAt: g.started, Totals: actors.Totals{actors.Pending: uint32(g.rows - g.dups)},
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
	case !g.cancelling && g.paused:
		return actors.StatePaused
	case !g.cancelling && now.Before(g.due):
		return actors.StateScheduled
	case g.run != "":
		return actors.StateRunning
	}
	return actors.StateAccepted
}
