package api

import (
	"strings"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/calendar"
)

// scheduleOf is a schedule as a campaign file has it; nil: there is none.
func scheduleOf(s *actors.Schedule) *Schedule {
	if s == nil {
		return nil
	}
	return &Schedule{
		At: momentIn(s, s.At), Until: momentIn(s, s.Until), Zone: s.Zone, Cron: s.Cron, Overlap: string(s.Overlap), Hours: s.Hours, After: s.After,
		ExpireAfter: shortDuration(s.ExpireAfter), LocalTime: s.LocalTime, ZoneColumn: s.ZoneColumn,
	}
}

// momentIn is an instant by the schedule's clock, or what the recipients' clocks show then.
func momentIn(s *actors.Schedule, t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case s.LocalTime:
		return t.In(calendar.Foremost).Format("2006-01-02T15:04")
	}
	return calendar.Clock(t, s.Zone).Format(time.RFC3339Nano)
}

// shortDuration leaves out the zeros that a duration's text ends with.
func shortDuration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	text := d.String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}
