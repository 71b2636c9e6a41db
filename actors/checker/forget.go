package checker

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// Forgotten ends a ledger that was kept for long enough: outcomes become totals.
type Forgotten struct{ At time.Time }

func (Forgotten) checkerEvent() {}

// Remains is what is stored instead of a forgotten ledger's events.
type Remains struct {
	Campaign, Run, Channel string
	Totals                 actors.Totals
	Version                uint64 // of the figures that all tallies have
	At                     time.Time

	Variants   []actors.Totals `msgpack:",omitempty"` // by variant
	Experiment string          `msgpack:",omitempty"`
}

// forget drops everything but the totals.
func (l *Ledger) forget(at time.Time) {
	*l = Ledger{Campaign: l.Campaign, Run: l.Run, totals: l.totals, variants: l.variants, forgotten: at,
		figures: figures{channel: l.figures.channel, version: l.figures.version, told: l.figures.told,
			variants: variants{experiment: l.figures.variants.experiment}}}
}

// Snapshot implements engine.Snapshotter. It is asked for of forgotten ledgers only.
func (k *Checker) Snapshot() any {
	l := &k.ledger
	return Remains{Campaign: l.Campaign, Run: l.Run, Channel: l.figures.channel, Totals: l.totals, Version: l.figures.version, At: l.forgotten,
		Variants: l.variants, Experiment: l.figures.variants.experiment}
}

// Restore implements engine.Snapshotter.
func (k *Checker) Restore(snapshot any) {
	r := snapshot.(Remains)
	k.ledger = Ledger{Campaign: r.Campaign, Run: r.Run, totals: r.Totals, variants: r.Variants, forgotten: r.At,
		figures: figures{channel: r.Channel, version: r.Version, told: r.Version, variants: variants{experiment: r.Experiment}}}
}

// forget is the campaign's word that the run has been kept for long enough.
func (k *Checker) forget(c *engine.Context[actors.CheckerMsg]) {
	switch {
	case !k.ledger.figures.owing.Due.IsZero():
		c.Respond(actors.Problem{Status: 503, Title: "figures not told yet", Detail: "the channel's statistics and usage ledger don't have all of the run"})
	case k.ledger.totals[actors.Pending] > 0:
		c.Respond(actors.Problem{Status: 409, Title: "run is not over", Detail: "recipients are pending"})
	default:
		k.flush(c, func() {
			engine.Persist(c, []Event{Forgotten{At: c.Now()}}, func() {
				c.Compact()
				c.Respond(actors.Done{})
			})
		})
	}
}

// afterwards answers for a ledger that is forgotten.
func (k *Checker) afterwards(c *engine.Context[actors.CheckerMsg], m actors.CheckerMsg) {
	switch m := m.(type) {
	case actors.Forget:
		c.Compact() // where it failed
		c.Respond(actors.Done{})
	case actors.Report:
		if m.Poster != "" {
			actors.Posters.Ref(c.System(), m.Poster).Tell(actors.Recorded{Run: m.Run, Window: m.Window, Path: m.Path})
		}
	case actors.Untold:
		c.Respond(actors.Done{})
	case actors.Unsettled:
		c.Respond(actors.UnsettledPaths{Progress: k.ledger.Progress()})
	case actors.Page, actors.Story, actors.Reopen:
		c.Respond(actors.Problem{Status: 410, Title: "run is forgotten",
			Detail: "its recipients were forgotten at " + k.ledger.forgotten.UTC().Format(time.RFC3339) + "; its totals are kept"})
	case actors.Origin:
		c.Respond(actors.RunOrigin{Campaign: k.ledger.Campaign})
	case actors.TellAgain:
		k.release(c)
	case actors.Open, actors.Direct, actors.GiveUp, actors.Totalled:
		c.Respond(k.ledger.Progress())
	}
}
