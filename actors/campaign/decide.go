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
	idle       step = iota // nothing: final, paused, or waiting for reports
	wait                   // nothing before a time
	startRun               // name the run
	planRun                // freeze the chunks
	openLedger             // tell the checker of the run
	lookAround             // ask the checker and the channel where things stand, once per activation
	openWindow             // announce the next paths
	lapse                  // record that the run came too late
	expire                 // tell the checker that unopened recipients expired
	cancelRest             // tell the checker that everything else is cancelled or unknown
	finish                 // every recipient has an outcome
)

var stepNames = [...]string{"idle", "wait", "start run", "plan", "open ledger", "look around", "open window", "lapse", "expire", "cancel", "finish"}

// String is the step's name in logs and tests.
func (s step) String() string { return stepNames[s] }

// view is what the activation knows beyond the journal: all of it may be lost.
type view struct {
	ledger   bool // the checker has the run
	counted  bool // the checker's figures are known
	looked   bool // asked where things stand since this activation
	totals   actors.Totals
	settled  map[uint32]uint32 // window → recipients settled
	channel  bool              // the channel's limits are known
	held     string            // why the channel doesn't send
	limits   actors.Limits
	runs     int // that share them
	now      time.Time
	done     map[uint32]bool // windows of which the checker said that nothing is unsettled
	waiting  string          // role that no node carries; empty: none is missed
	given    bool            // the checker was asked or told something, its answer is pending
	expired  bool            // the checker was told of everything that expired
	planning bool
	draining bool // the node stops: nothing is opened
}

// next is the only place that decides what a campaign does; it changes nothing. The time is when to look again (wait only).
func (s *Intent) next(v view) (step, time.Time) {
	switch {
	case s.Accepted == nil || s.Finished != nil:
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
	case v.totals[actors.Pending] == 0:
		return finish, time.Time{}
	case !v.looked:
		return lookAround, time.Time{}
	case v.given:
		return idle, time.Time{}
	case !s.CancelAt.IsZero():
		return s.nextOfCancel(v)
	}
	return s.nextWindow(v)
}

// planAt is when planning begins: at once for a cancelled campaign, so that even that is accounted for by recipient.
func (s *Intent) planAt() time.Time {
	if !s.CancelAt.IsZero() {
		return time.Time{}
	}
	return s.Accepted.Due.Add(-PlanAhead)
}

func (s *Intent) nextOfCancel(v view) (step, time.Time) {
	if at := s.CancelAt.Add(actors.CancelPatience); len(s.Open) > 0 && v.now.Before(at) {
		return wait, at
	}
	return cancelRest, time.Time{}
}

func (s *Intent) nextWindow(v view) (step, time.Time) {
	switch {
	case !s.LapsedAt.IsZero():
		return s.nextOfLapsed(v)
	case s.tooLate(v.now):
		return lapse, time.Time{}
	case !s.Unopened() || s.Paused || v.draining || v.waiting != "" || v.held != "" || !v.channel:
		return idle, time.Time{}
	case v.now.Before(s.Accepted.Due):
		return wait, s.Accepted.Due
	case len(s.Open) == 0:
		return openWindow, time.Time{}
	case s.unsettledWindows(v) >= actors.MaxOpenWindows:
		return idle, time.Time{}
	}
	newest := s.Open[len(s.Open)-1]
	if back := uint32(newest.Closed.Len()); (v.settledOf(newest)+back)*2 < newest.Size+back { // what came back has left it, too
		return idle, time.Time{}
	}
	return openWindow, time.Time{}
}

// nextOfLapsed gives what is untried in open windows time to come back; what is in doubt is still resolved.
func (s *Intent) nextOfLapsed(v view) (step, time.Time) {
	switch at := s.LapsedAt.Add(actors.CancelPatience); {
	case len(s.Open) > 0 && v.now.Before(at):
		return wait, at
	case s.Unopened() && !v.expired:
		return expire, time.Time{}
	}
	return idle, time.Time{}
}

// settledOf is how many recipients of a window are settled.
func (v *view) settledOf(w *Window) uint32 {
	if v.done[w.Number] {
		return w.Size
	}
	return min(v.settled[w.Number], w.Size)
}

func (s *Intent) tooLate(now time.Time) bool {
	after := s.Accepted.Definition.ExpireAfter
	return after > 0 && now.After(s.Accepted.Due.Add(after))
}

func (s *Intent) unsettledWindows(v view) int { return len(s.Open) - len(s.settledWindows(v)) }
