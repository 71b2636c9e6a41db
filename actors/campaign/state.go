package campaign

import (
	"time"

	"hayauma.example/actors"
)

// state is the word that the API shows.
func (s *Intent) state(v view, now time.Time) actors.State {
	switch {
	case s.Finished != nil:
		return s.Finished.State
	case s.series():
		return s.Series.state(s.CancelAt.IsZero() && s.Paused)
	case s.CancelAt.IsZero() && (s.Paused || s.Run != "" && (v.held != "" || v.shut && !now.Before(s.due()))):
		return actors.StatePaused
	case s.CancelAt.IsZero() && (now.Before(s.due()) || s.waitsForAnother()):
		return actors.StateScheduled // also while it is planned ahead
	case s.Run != "":
		return actors.StateRunning
	}
	return actors.StateAccepted
}

// finalState names how the run ended.
func (s *Intent) finalState(t actors.Totals) actors.State {
	switch {
	case !s.CancelAt.IsZero():
		return actors.StateCancelled
	case t[actors.Expired] > 0 && s.Started.IsZero():
		return actors.StateExpired
	}
	return actors.StateFinished
}

// standing is what the run may do, for its channel.
func (s *Intent) standing(now time.Time, draining bool) actors.Standing {
	switch {
	case s.Finished != nil:
		return actors.RunOver
	case s.Paused || draining || !s.CancelAt.IsZero():
		return actors.RunHeld
	case s.isShut(now):
		return actors.RunHeld
	case !s.LapsedAt.IsZero() && now.Before(s.LapsedAt.Add(actors.CancelPatience)):
		return actors.RunHeld
	}
	return actors.RunActive
}

func (s *Intent) isShut(now time.Time) bool {
	_, shut := s.hours.shut(now)
	return shut
}

// closedBy turns the checker's returned paths into events, without those that are closed already or whose window is not open.
func (s *Intent) closedBy(returned []actors.Returned) []Event {
	var out []Event
	for _, r := range returned {
		w := s.Window(r.Window)
		if w == nil {
			continue
		}
		var fresh []actors.Span
		for _, p := range r.Paths {
			fresh = append(fresh, without([]actors.Span{p}, w.Closed.Spans())...)
		}
		if len(fresh) > 0 {
			out = append(out, WindowClosed{Number: r.Window, Paths: fresh, Anew: r.Anew})
		}
	}
	return out
}
