package campaign

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/calendar"
	"hayauma.example/engine"
)

// hours are a definition's sending hours; nil: always.
type hours struct {
	open calendar.Hours
	zone *time.Location
}

// hoursOf reads a definition that was accepted.
func hoursOf(d actors.Definition) *hours {
	if d.Hours == "" {
		return nil
	}
	open, err := calendar.ParseHours(d.Hours)
	zone := time.UTC
	if err == nil && d.Zone != "" {
		zone, err = calendar.Zone(d.Zone)
	}
	if err != nil {
		return &hours{zone: time.UTC} // it was checked before it was accepted: rather never than at night
	}
	return &hours{open, zone}
}

// shut tells whether no call may start now because of the hour, and from when on one may; zero: never.
func (h *hours) shut(now time.Time) (opens time.Time, shut bool) {
	if h == nil || h.open.Open(now, h.zone) {
		return time.Time{}, false
	}
	opens, _ = h.open.Opens(now, h.zone)
	return opens, true
}

// change is when that is another; zero: never.
func (h *hours) change(now time.Time) time.Time {
	if h == nil {
		return time.Time{}
	}
	if opens, shut := h.shut(now); shut {
		return opens
	}
	closes, _ := h.open.Closes(now, h.zone)
	return closes
}

// goByTheClock holds the run when its hours end, and lets it go on when they begin.
func (a *Campaign) goByTheClock(c *engine.Context[actors.CampaignMsg]) {
	if !a.intent.Planned || a.intent.hours == nil || !a.intent.CancelAt.IsZero() {
		return
	}
	now := c.Now()
	_, shut := a.intent.hours.shut(now)
	if at := a.intent.hours.change(now); !at.IsZero() && at.Sub(now) < tickEvery {
		a.tickIn(c, at.Sub(now))
	}
	if shut == a.view.shut {
		return
	}
	a.view.shut = shut
	if shut {
		a.hold(c)
		return
	}
	a.view.looked = false // what was returned meanwhile
	a.outcomeAt = now
	a.lookAtQuota(c) // a run that is held reserves nothing
}
