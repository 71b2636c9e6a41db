package calendar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours are the hours of a week that are open, by local time: ranges such as "09:00-21:00", with days before them where not every day has them
// ("mon-fri 09:00-18:00"), joined by commas. One that ends at or before its begin ends on the next day: "22:00-07:00", and "00:00-24:00" is
// all of a day. The zero value is never open.
type Hours struct{ stretches []stretch }

// stretch is one range, on days of the week on which it begins.
type stretch struct {
	days     uint8 // a bit for each, Sunday first
	from, to int   // minutes from the day's begin; to may lie on the next day
}

const (
	everyDay = 1<<7 - 1
	maxHours = 32 // ranges
)

// ParseHours reads a list of ranges.
func ParseHours(text string) (Hours, error) {
	var h Hours
	for part := range strings.SplitSeq(text, ",") {
		s, err := parseStretch(strings.ToUpper(strings.TrimSpace(part)))
		if err != nil {
			return Hours{}, err
		}
		h.stretches = append(h.stretches, s)
	}
	if len(h.stretches) > maxHours {
		return Hours{}, fmt.Errorf("calendar: there are %d ranges of hours, %d are allowed", len(h.stretches), maxHours)
	}
	return h, nil
}

func parseStretch(text string) (stretch, error) {
	s := stretch{days: everyDay}
	days, hours, some := strings.Cut(text, " ")
	if !some {
		days, hours = "", text
	}
	var err error
	if some {
		if s.days, err = parseDays(days); err != nil {
			return s, err
		}
	}
	from, to, ok := strings.Cut(strings.TrimSpace(hours), "-")
	if !ok {
		return s, fmt.Errorf("calendar: %q is no range of hours such as 09:00-21:00 or mon-fri 09:00-18:00", clip(text))
	}
	if s.from, err = parseMinute(from); err != nil {
		return s, err
	}
	if s.to, err = parseMinute(to); err != nil {
		return s, err
	}
	switch {
	case s.from == dayMinutes:
		return s, fmt.Errorf("calendar: %q begins at 24:00: write 00:00 of the next day", clip(text))
	case s.from == s.to:
		return s, fmt.Errorf("calendar: %q is empty: all of a day is 00:00-24:00", clip(text))
	case s.to < s.from:
		s.to += dayMinutes
	}
	return s, nil
}

func parseDays(text string) (set uint8, err error) {
	from, to, ranged := strings.Cut(text, "-")
	if !ranged {
		to = from
	}
	first, last := slices.Index(weekdays, from), slices.Index(weekdays, to)
	if first < 0 || last < 0 {
		return 0, fmt.Errorf("calendar: %q are no days: give one such as mon, or a range such as mon-fri", clip(text))
	}
	for d := first; ; d = (d + 1) % 7 {
		set |= 1 << d
		if d == last {
			return set, nil
		}
	}
}

const dayMinutes = 24 * 60

// parseMinute reads 09:00, to the minute of the day.
func parseMinute(text string) (int, error) {
	h, m, ok := strings.Cut(text, ":")
	hour, err := strconv.ParseUint(h, 10, 8)
	minute, wrong := strconv.ParseUint(m, 10, 8)
	total := int(hour)*60 + int(minute)
	if !ok || len(h) != 2 || len(m) != 2 || err != nil || wrong != nil || minute > 59 || total > dayMinutes {
		return 0, fmt.Errorf("calendar: %q is no time of day such as 09:00", clip(text))
	}
	return total, nil
}

// Open tells whether an instant is within the hours, by a zone's clock.
func (h Hours) Open(t time.Time, zone *time.Location) bool {
	local := LocalAt(t, zone)
	today := local.utc().Weekday()
	for _, s := range h.stretches {
		if s.on(today) && s.from <= local.Minute && local.Minute < s.to {
			return true
		}
		if s.on((today+6)%7) && local.Minute+dayMinutes < s.to {
			return true
		}
	}
	return false
}

func (s stretch) on(d time.Weekday) bool { return s.days>>d&1 == 1 }

// Opens is the first instant from t on that is within the hours; false: there is none.
func (h Hours) Opens(t time.Time, zone *time.Location) (time.Time, bool) {
	return h.edge(t, zone, true)
}

// Closes is the first instant from t on that is not within the hours; false: there is none.
func (h Hours) Closes(t time.Time, zone *time.Location) (time.Time, bool) {
	return h.edge(t, zone, false)
}

// edge is the first instant from t on that is open, or not. That changes where a range begins or ends, and where the zone sets its clock.
func (h Hours) edge(t time.Time, zone *time.Location, open bool) (time.Time, bool) {
	if h.Open(t, zone) == open {
		return t, true
	}
	var at time.Time
	for _, c := range h.changes(t, zone) {
		if !c.Before(t) && (at.IsZero() || c.Before(at)) && h.Open(c, zone) == open {
			at = c
		}
	}
	return at, !at.IsZero()
}

// changes are the instants of the next days at which the hours may begin or end.
func (h Hours) changes(t time.Time, zone *time.Location) []time.Time {
	var out []time.Time
	date := LocalAt(t, zone)
	date.Day--
	for range 10 { // yesterday's may end tomorrow, and the same day of next week may begin late
		for _, s := range h.stretches {
			for _, minute := range [2]int{s.from, s.to} {
				date.Minute = minute
				first, last := date.norm().instants(zone)
				out = append(out, first, last)
			}
		}
		date.Minute = 0
		if skip, _ := date.norm().In(zone).Add(day).ZoneBounds(); !skip.IsZero() {
			out = append(out, skip)
		}
		date.Day++
	}
	return out
}
