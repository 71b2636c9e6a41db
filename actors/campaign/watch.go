package campaign

import (
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// watch looks after open windows: what has no outcome for long is sent again, what is too old is given up.
func (a *Campaign) watch(c *engine.Context[actors.CampaignMsg]) {
	if a.ticking == nil {
		a.tickIn(c, tickEvery)
	}
	if !a.view.looked || !a.intent.CancelAt.IsZero() {
		return
	}
	now := c.Now()
	if now.Sub(a.channelAt) >= channelEach {
		a.describe(c)
	}
	a.seek(c)
	for _, w := range a.intent.Open {
		switch a.intent.care(watched{w, a.asking[w.Number], a.knows(w), now.Sub(a.outcomeAt)}, a.view) {
		case carry:
		case redrive:
			delete(a.missing, w.Number)
			a.askUnsettled(c, w, question{paths: w.Paths})
		case giveUp:
			a.giveUpWindow(c, w)
		}
	}
}

func (a *Campaign) knows(w *Window) bool {
	_, ok := a.known[w.Number]
	return ok
}

// askUnsettled asks the checker what to send again; its answer is the only ground for a re-drive.
func (a *Campaign) askUnsettled(c *engine.Context[actors.CampaignMsg], w *Window, q question) {
	a.asking[w.Number] = true
	a.number = a.intent.redriveNumber(a.number, c.Now())
	reports := slices.Clone(a.reports[w.Number])
	q.window, q.number, q.brings = w.Number, a.number, len(reports)
	m := actors.Unsettled{Run: a.intent.Run, Window: q.window, Number: q.number, Paths: q.paths, Reports: reports}
	ask(c, a.checker(c), actors.CheckerMsg(m),
		func(u actors.UnsettledPaths, err error) actors.CampaignMsg {
			return unsettledKnown{question: q, answer: u, err: err}
		})
}

func (a *Campaign) unsettledKnown(c *engine.Context[actors.CampaignMsg], m unsettledKnown) {
	delete(a.asking, m.window)
	delete(a.parts, m.window)
	if m.err != nil {
		if m.part {
			a.miss(m.window, m.paths)
		}
		a.failed(c, "asking what is unsettled", m.err)
		return
	}
	a.succeeded(actors.RoleChecker)
	a.outcomeAt = c.Now()
	a.brought(m.question)
	if !m.part {
		a.known[m.window] = struct{}{}
		a.view.done[m.window] = len(m.answer.Paths) == 0
	}
	if w := a.intent.Window(m.window); w != nil && len(m.answer.Paths) > 0 && a.intent.CancelAt.IsZero() {
		a.deps.Crash("campaign.redrive.before")
		a.compose(c, w, m.answer.Paths, m.question)
		a.deps.Crash("campaign.redrive.after")
	}
	a.absorb(c, m.answer.Progress)
}

func (a *Campaign) giveUpWindow(c *engine.Context[actors.CampaignMsg], w *Window) {
	a.view.given = true
	ask(c, a.checker(c), actors.CheckerMsg(actors.GiveUp{Run: a.intent.Run, Window: w.Number, Paths: w.Paths, Reason: "no certain answer within 23 h"}),
		func(p actors.Progress, err error) actors.CampaignMsg { return looked{progress: p, err: err} })
}

// redriveNumber follows that of this activation's last re-drive, and is greater than any of an earlier activation: those are told apart by
// milliseconds, because nodes that are restarted one after the other may have it move twice in a second, and a composer drops a number that it
// was told already.
func (s *Intent) redriveNumber(last uint32, now time.Time) uint32 {
	return max(last, uint32(max(0, now.Sub(s.Started)/time.Millisecond))) + 1
}

// care is what an open window needs.
type care uint8

const (
	carry   care = iota // nothing
	redrive             // ask the checker and send again
	giveUp              // past its time
)

// watched is an open window, and what is known of it besides.
type watched struct {
	*Window
	asking bool          // the checker is being asked what to send again
	known  bool          // the checker's word on it has come
	silent time.Duration // since the run's newest outcome
}

// care decides for one window.
func (s *Intent) care(w watched, v view) care {
	switch {
	case v.settledOf(w.Window) >= w.Size || w.asking || v.given || v.owes(w.Window):
		return carry
	case !v.now.Before(w.At.Add(actors.GiveUpAfter)):
		return giveUp
	case !s.mayRedrive(v):
		return carry
	case !w.known, w.silent >= actors.StallAfter:
		return redrive
	}
	return carry
}

// mayRedrive tells whether anything may be sent again now.
func (s *Intent) mayRedrive(v view) bool {
	return !s.Paused && !v.shut && !v.draining && v.waiting == "" && v.held == "" && v.channel && s.CancelAt.IsZero()
}
