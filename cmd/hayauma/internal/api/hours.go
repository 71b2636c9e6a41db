package api

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/calendar"
)

// hours are a campaign's sending hours; nil: always.
type hours struct {
	open calendar.Hours
	zone *time.Location
}

// hoursOf reads those of a definition that was checked.
func hoursOf(d actors.Definition) *hours {
	open, err := calendar.ParseHours(d.Hours)
	if d.Hours == "" || err != nil {
		return nil
	}
	return &hours{open, calendar.Clock(time.Time{}, d.Zone).Location()}
}

// mostStretches bounds the work for a channel that is slow and hours that are few; what is longer ends later than is told.
const mostStretches = 1000

// end is when work that begins at t or later is over, if it goes on in the hours only.
func (h *hours) end(t time.Time, work time.Duration) time.Time {
	if h == nil || work <= 0 {
		return t.Add(work)
	}
	for range mostStretches {
		opens, ok := h.open.Opens(t, h.zone)
		if !ok {
			break
		}
		closes, ok := h.open.Closes(opens, h.zone)
		if !ok || closes.Sub(opens) >= work {
			return opens.Add(work)
		}
		t, work = closes, work-closes.Sub(opens)
	}
	return t.Add(work)
}
