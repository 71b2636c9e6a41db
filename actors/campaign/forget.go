package campaign

import (
	"context"
	"errors"
	"net/http"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// Forgotten ends what is kept of a campaign's recipients: outcomes become totals, audience and variables are deleted.
type Forgotten struct {
	At   time.Time
	Mode string // what most of them went by
}

func (Forgotten) campaignEvent() {}

// Remains is what is stored instead of a forgotten campaign's events.
type Remains struct {
	Accepted   Accepted
	Released   time.Time
	Run        string
	Started    time.Time
	Series     Series
	Finished   Finished
	At         time.Time // when it was forgotten
	Mode       string
	Generation uint32
}

// remindForget is the reminder of a campaign that is over.
const remindForget = "forget"

// ledgerForgotten brings the checker's answer, and that of the object store.
type ledgerForgotten struct {
	actors.CampaignMsg
	err error
}

func (s *Intent) forget(e Forgotten) {
	*s = Intent{Upload: s.Upload, Accepted: s.Accepted, hours: s.hours, Released: s.Released, Run: s.Run, Started: s.Started, Series: s.Series,
		CancelAt: s.CancelAt, Finished: s.Finished, Generation: s.Generation, Forgotten: e.At, mode: e.Mode}
	s.Series.Newest = nil // they are forgotten at their own time, most of them before
}

// Snapshot implements engine.Snapshotter. It is asked for of forgotten campaigns only.
func (a *Campaign) Snapshot() any {
	s := &a.intent
	return Remains{Accepted: *s.Accepted, Released: s.Released, Run: s.Run, Started: s.Started, Series: s.Series, Finished: *s.Finished, At: s.Forgotten,
		Mode: s.mode, Generation: s.Generation}
}

// Restore implements engine.Snapshotter.
func (a *Campaign) Restore(snapshot any) {
	r := snapshot.(Remains)
	a.intent = Intent{Accepted: &r.Accepted, Released: r.Released, Run: r.Run, Started: r.Started, Series: r.Series, Finished: &r.Finished, Forgotten: r.At,
		mode: r.Mode, Generation: r.Generation}
}

// keepFrom sets the reminder of a campaign that ends with the append in hand.
func (a *Campaign) keepFrom(c *engine.Context[actors.CampaignMsg], finished time.Time) {
	if a.deps.Keep > 0 {
		c.Remind(remindForget, finished.Add(a.deps.Keep), nil)
	}
}

// forgets has a campaign forget its recipients when it has been over for long enough: first here, so that nobody has them sent to any more, then
// the ledger and the chunks; the snapshot comes last. The reminder comes again until that is on disk.
func (a *Campaign) forgets(c *engine.Context[actors.CampaignMsg], due time.Time) {
	s := &a.intent
	switch at := a.forgetAt(); {
	case !s.Forgotten.IsZero() && !c.Compacted():
		a.forgetLedger(c)
	case at.IsZero() || !s.Forgotten.IsZero():
		c.Forget(remindForget, due)
		engine.Persist[Event](c, nil, nil)
	case c.Now().Before(at):
		c.Forget(remindForget, due)
		c.Remind(remindForget, at, nil)
		engine.Persist[Event](c, nil, nil)
	default:
		engine.Persist(c, []Event{Forgotten{At: c.Now(), Mode: mode(s.Table)}}, func() {
			a.log(c).Info("campaign's recipients are forgotten", "campaign", c.ID())
			a.deps.Crash("campaign.forgotten")
			a.forgetLedger(c)
		})
	}
}

// forgetAt is when the recipients are to be forgotten; zero: not at all, or it isn't over.
func (a *Campaign) forgetAt() time.Time {
	if a.intent.Finished == nil || a.deps.Keep == 0 {
		return time.Time{}
	}
	return a.intent.Finished.At.Add(a.deps.Keep)
}

func (a *Campaign) forgetLedger(c *engine.Context[actors.CampaignMsg]) {
	run, checker, objects := a.intent.Run, a.checker(c), a.deps.Objects
	c.Go(func(ctx context.Context) actors.CampaignMsg {
		if run == "" {
			return ledgerForgotten{}
		}
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		_, err := engine.Ask[actors.Done](ctx, checker, actors.CheckerMsg(actors.Forget{Run: run}))
		var problem actors.Problem
		if errors.As(err, &problem) && problem.Status == http.StatusNotFound { // cancelled before it had a ledger
			err = nil
		}
		if err == nil {
			err = objects.Drop(ctx, "run."+run)
		}
		return ledgerForgotten{err: err}
	})
}

func (a *Campaign) ledgerForgotten(c *engine.Context[actors.CampaignMsg], m ledgerForgotten) {
	if m.err != nil {
		a.log(c).Warn("recipients not forgotten yet", "campaign", c.ID(), "error", m.err)
	} else {
		c.Compact() // the next activation sees whether that is stored
	}
	c.Passivate()
}
