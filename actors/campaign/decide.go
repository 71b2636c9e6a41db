package campaign

import (
	"time"

	"hayauma.example/actors"
)

// PlanAhead is how long before its due time a run is planned.
const PlanAhead = 10 * time.Minute

// step is the next thing to do for a campaign.
type step uint8

const (
	idle        step = iota // nothing: final, paused, or waiting for reports
	wait                    // nothing before a time
	rest                    // nothing is opened before a time, but windows are looked after
	startRun                // name the run
	planRun                 // freeze the chunks
	openLedger              // tell the checker of the run
	lookBefore              // ask the campaign that is to be over first
	lookAround              // ask the checker and the channel where things stand, once per activation
	tellLeftOut             // tell the checker whom a window leaves out
	openWindow              // announce the next paths
	lapse                   // record that the run came too late
	expire                  // tell the checker that unopened recipients expired
	cancelRest              // tell the checker that everything else is cancelled or unknown
	reopen                  // have the checker reopen what the operator wants to be sent again
	finish                  // every recipient has an outcome
)

var stepNames = [...]string{"idle", "wait", "rest", "start run", "plan", "open ledger", "look before", "look around", "tell who is left out",
	"open window", "lapse", "expire", "cancel", "reopen", "finish"}

// String is the step's name in logs and tests.
func (s step) String() string { return stepNames[s] }

// view is what the activation knows beyond the journal: all of it may be lost.
type view struct {
	ledger    bool // the checker has the run
	counted   bool // the checker's figures are known
	looked    bool // asked where things stand since this activation
	totals    actors.Totals
	variants  []actors.Totals   // totals by variant
	settled   map[uint32]uint32 // window → recipients settled
	channel   bool              // the channel's limits are known
	held      string            // why the channel doesn't send
	short     string            // … where it is for want of quota
	shut      bool              // it is none of the campaign's hours
	limits    actors.Limits
	runs      int // that share them
	now       time.Time
	done      map[uint32]bool // windows of which the checker said that nothing is unsettled
	waiting   string          // role that no node carries; empty: none is missed
	given     bool            // the checker was asked or told something, its answer is pending
	figures   uint32          // the generation of the checker's figures
	expired   bool            // the checker was told of everything that expired
	planning  bool
	resting   time.Time       // when more may be opened; zero: it doesn't wait for that
	spared    map[uint32]bool // windows of which the checker knows whom they leave out
	screening bool            // who of the next window's recipients is written to is being found out
	draining  bool            // the node stops: nothing is opened
}

// next is the only place that decides what a campaign does; it changes nothing. The time is when to look again (wait and rest).
func (s *Intent) next(v view) (step, time.Time) {
	switch {
	case s.Accepted == nil || s.Finished != nil:
		return idle, time.Time{}
	case s.waitsForAnother():
		return lookBefore, time.Time{}
	case s.series():
		return idle, time.Time{}
	case s.Run == "":
		if v.now.Before(s.planAt()) {
			return idle, time.Time{} // the reminder wakes it
		}
		return startRun, time.Time{}
	case !s.Planned:
		if v.planning {
			return idle, time.Time{}
		}
		return planRun, time.Time{}
	case !v.ledger:
		return openLedger, time.Time{}
	case s.Redrive != nil && v.given:
		return idle, time.Time{}
	case s.Redrive != nil: // also before a cancel: what was reopened has an outcome only by it
		return reopen, time.Time{}
	case v.totals[actors.Pending] == 0:
		return finish, time.Time{}
	case !v.looked:
		return lookAround, time.Time{}
	case v.given:
		return idle, time.Time{}
	case s.untoldOf(v) != nil: // also before a cancel, which makes unknown what has no outcome
		return tellLeftOut, time.Time{}
	case !s.CancelAt.IsZero():
		return s.nextOfCancel(v)
	}
	return s.nextWindow(v)
}

// waitsForAnother tells whether a campaign is to be over first, and isn't known to be.
func (s *Intent) waitsForAnother() bool {
	return s.Accepted != nil && s.Finished == nil && s.Accepted.Definition.After != "" && s.Released.IsZero() && s.CancelAt.IsZero()
}

// series tells whether the campaign doesn't send itself.
func (s *Intent) series() bool { return s.Accepted != nil && s.Accepted.Definition.Series() }

// planAt is when planning begins: at once for a cancelled campaign, so that even that is accounted for by recipient.
func (s *Intent) planAt() time.Time {
	if !s.CancelAt.IsZero() {
		return time.Time{}
	}
	return s.due().Add(-PlanAhead)
}

func (s *Intent) nextOfCancel(v view) (step, time.Time) {
	if at := s.CancelAt.Add(actors.CancelPatience); len(s.Open) > 0 && v.now.Before(at) {
		return wait, at
	}
	return cancelRest, time.Time{}
}

func (s *Intent) nextWindow(v view) (step, time.Time) {
	if _, late := s.lapses(v); late {
		return lapse, time.Time{}
	}
	if s.late() > 0 {
		if step, at, all := s.nextOfLapsed(v); all {
			return step, at
		}
	}
	switch {
	case !s.leftToOpen() || s.Paused || v.draining || v.waiting != "" || v.held != "" || !v.channel || v.screening:
		return idle, time.Time{}
	case v.now.Before(s.due()):
		return wait, s.due()
	case s.isShut(v.now):
		opens, _ := s.hours.shut(v.now)
		return rest, opens // what is in doubt goes on, and ends
	}
	if until, yes := s.rests(v.now); yes {
		return rest, until
	}
	switch {
	case len(s.Open) == 0:
		return openWindow, time.Time{}
	case s.unsettledWindows(v) >= actors.MaxOpenWindows:
		return idle, time.Time{}
	}
	if !s.anyDueAgain(v.now) && !s.goesAhead(v) {
		return idle, time.Time{}
	}
	return openWindow, time.Time{}
}

// goesAhead tells whether recipients who were in no window yet may be in one: half of the newest window is settled, and of the newest that went
// ahead. What came back waits for neither: it was within that bound before.
func (s *Intent) goesAhead(v view) bool {
	for i, w := range s.Open {
		back := uint32(w.Closed.Len()) // which has left the window, too
		if (i == len(s.Open)-1 || w.Number == s.Front) && (v.settledOf(w)+back)*2 < w.Size+back {
			return false
		}
	}
	return true
}

// nextOfLapsed gives what is untried in open windows time to come back; what is in doubt is still resolved. all tells whether that is all that is
// to be done: where only some lots came too late, the others go on behind it.
func (s *Intent) nextOfLapsed(v view) (next step, at time.Time, all bool) {
	whole := s.late() == s.Table.Recipients
	switch at := s.LapsedAt.Add(actors.CancelPatience); {
	case len(s.Open) > 0 && v.now.Before(at):
		return wait, at, true
	case (s.Unopened() || !whole) && !v.expired:
		return expire, time.Time{}, true
	}
	return idle, time.Time{}, whole
}

// settledOf is how many recipients of a window are settled.
func (v *view) settledOf(w *Window) uint32 {
	if v.done[w.Number] {
		return w.Size
	}
	return min(v.settled[w.Number], w.Size)
}

// tooLate tells it of all recipients.
func (s *Intent) tooLate(now time.Time) bool {
	after := s.Accepted.Definition.ExpireAfter
	return after > 0 && now.After(s.due().Add(s.Table.LastDelay()).Add(after))
}

func (s *Intent) unsettledWindows(v view) int { return len(s.Open) - len(s.settledWindows(v)) }
