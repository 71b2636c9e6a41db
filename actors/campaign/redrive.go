package campaign

import (
	"fmt"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
	"hayauma.example/engine"
)

// The operator's redrive is three durable steps: RedriveAsked here, so that it is not forgotten; Reopened by the checker, who alone knows whose
// outcome it still is; Replanned here, and windows with numbers, and so keys, of their own.

// mostGenerations is how often a campaign may be redriven: the checker keeps a byte of it for each recipient.
const mostGenerations = 255

// awaited is who waits for a redrive to be in the plan.
type awaited struct {
	reply engine.Reply
	left  uint32 // recipients that it leaves out
}

func (a *Campaign) redrive(c *engine.Context[actors.CampaignMsg], m actors.Redrive) {
	if a.notFound(c) {
		return
	}
	a.view.now = c.Now()
	switch problem := a.intent.refusesRedrive(m, a.view); {
	case problem != nil:
		c.Respond(*problem)
	case a.intent.Redrive != nil: // the answer to the first was lost
		a.redrives = append(a.redrives, awaited{c.Reply(), a.intent.unrenderable(m.State)})
	case a.intent.redrivable(m.State, a.totals()) == 0:
		c.Respond(actors.Redriving{Info: a.info(c), Left: a.intent.unrenderable(m.State)})
	default:
		a.askRedrive(c, m)
	}
}

func (a *Campaign) askRedrive(c *engine.Context[actors.CampaignMsg], m actors.Redrive) {
	e, ended := RedriveAsked{Generation: a.intent.Generation + 1, State: m.State, At: c.Now()}, a.intent.Finished != nil
	asker := awaited{c.Reply(), a.intent.unrenderable(m.State)}
	if ended {
		c.Remind(remindWork, e.At, nil)
	}
	engine.Persist(c, []Event{e}, func() {
		a.deps.Crash("campaign.redrive.asked")
		a.log(c).Info("campaign redriven", "campaign", c.ID(), "state", m.State.String(), "generation", e.Generation)
		a.redrives = append(a.redrives, asker)
		if ended { // the channel takes the run for over: it is told before the first window
			a.view.looked, a.view.channel = false, false
			a.tellStanding(c)
		}
		a.advance(c)
	})
}

// refusesRedrive says why a redrive can't be; nil: it can.
func (s *Intent) refusesRedrive(m actors.Redrive, v view) *actors.Problem {
	conflict := func(title, detail string) *actors.Problem {
		return &actors.Problem{Status: 409, Title: title, Detail: detail}
	}
	switch {
	case m.State != actors.Failed && m.State != actors.Unknown:
		return &actors.Problem{Status: 422, Title: "state can't be redriven", Detail: "redrive recipients that are failed or unknown, not " + m.State.String()}
	case m.State == actors.Unknown && !m.Acknowledged:
		return &actors.Problem{Status: 422, Title: "duplicates not acknowledged",
			Detail: "unknown recipients may have received the message already, and may receive it twice: acknowledge that, each time they are redriven"}
	case s.Finished != nil && s.Finished.State == actors.StateCancelled, !s.CancelAt.IsZero():
		return conflict("campaign is cancelled", "nothing of it is sent again")
	case !s.Forgotten.IsZero():
		return &actors.Problem{Status: 410, Title: "recipients are forgotten", Detail: "only the campaign's figures are kept"}
	case s.series():
		return conflict("a series", "its recipients are those of its occurrences: redrive one of them")
	case !s.Planned:
		return conflict("not sent yet", "no recipient has an outcome")
	case s.late() == s.Table.Recipients && !s.LapsedAt.IsZero() || s.tooLate(v.now):
		return conflict("too late", "expire_after has passed: nothing of it is sent any more")
	case s.Finished == nil && !v.counted:
		return &actors.Problem{Status: 503, Title: "the figures are not known yet", Detail: "repeat the request in a moment"}
	case s.Redrive != nil && s.Redrive.State != m.State:
		return conflict("another redrive is under way", "repeat the request in a moment")
	case s.Redrive == nil && s.Generation >= mostGenerations:
		return conflict("redriven too often", fmt.Sprintf("a campaign can be redriven %d times", mostGenerations))
	}
	return nil
}

// unrenderable are the recipients of a state whose message can't be made, whatever is tried.
func (s *Intent) unrenderable(o actors.Outcome) (n uint32) {
	for _, e := range s.Table.Chunks {
		if o == actors.Failed && e.Mode == plan.Failed {
			n += e.Count
		}
	}
	return n
}

// redrivable are the recipients of a state that can be sent to again.
func (s *Intent) redrivable(o actors.Outcome, t actors.Totals) uint32 {
	return t[o] - min(t[o], s.unrenderable(o))
}

// reopen asks the checker for the next stretch of what the operator wants to be sent again.
func (a *Campaign) reopen(c *engine.Context[actors.CampaignMsg]) {
	a.view.given = true
	s := &a.intent
	generation := s.Generation
	m := actors.Reopen{Run: s.Run, Generation: generation, After: s.Last, State: s.Redrive.State, From: s.Looked}
	ask(c, a.checker(c), actors.CheckerMsg(m), func(r actors.ReopenedPaths, err error) actors.CampaignMsg {
		return reopened{generation: generation, answer: r, err: err}
	})
}

func (a *Campaign) reopened(c *engine.Context[actors.CampaignMsg], m reopened) {
	a.view.given = false
	if m.err != nil {
		a.failed(c, "reopening the ledger", m.err)
		return
	}
	a.succeeded(actors.RoleChecker)
	a.learn(c, m.answer.Progress)
	a.view.expired = false // it may be too late for some of them
	e := Replanned{Generation: m.generation, Paths: m.answer.Paths, Next: m.answer.Next, More: m.answer.More}
	engine.Persist(c, []Event{e}, func() {
		a.deps.Crash("campaign.replanned")
		if a.intent.Redrive == nil {
			a.answerRedrives(c)
		}
		a.advance(c)
	})
}

func (a *Campaign) answerRedrives(c *engine.Context[actors.CampaignMsg]) {
	for _, r := range a.redrives {
		r.reply.Send(actors.Redriving{Info: a.info(c), Recipients: a.intent.Again, Left: r.left})
	}
	a.redrives = nil
}
