package recipient

import (
	"time"

	"hayauma.example/actors/calendar"
)

// Why users are not written to, in the ledger and wherever it is shown.
const (
	ReasonOptedOut   = "opted_out"
	ReasonAlways     = "quiet_hours: always"
	ReasonTopic      = "topic:"
	ReasonSuppressed = "suppressed: "
)

// Screen decides who may be written to at a moment. It is for one goroutine: it keeps the hours and zones that it has met.
type Screen struct {
	Topic string // of the message; empty: none that anybody can opt out of
	Zone  string // of users who have none of their own; empty: UTC

	// Local is when their time came, by the clock of those who have no zone of their own: it rules where Zone had another clock then. Zero: Zone
	// rules.
	Local time.Time

	hours map[string]calendar.Hours
	zones map[string]*time.Location
}

// Verdict is what a screen says of a user. The zero value: write to him.
type Verdict struct {
	Reason string    // why he is never written to; empty: he may be
	Until  time.Time // when his quiet hours end, in whole minutes; zero: there are none now
}

// Of decides by a user's settings. What can't be read was checked before it was stored: then nothing is sent rather than at night.
func (s *Screen) Of(settings Settings, now time.Time) Verdict {
	switch {
	case settings.Suppressed.Reason != "":
		return Verdict{Reason: ReasonSuppressed + settings.Suppressed.Reason}
	case settings.OptOut:
		return Verdict{Reason: ReasonOptedOut}
	case settings.Quiet == "" && s.Topic == "":
		return Verdict{}
	}
	for _, topic := range settings.Topics {
		if topic == s.Topic {
			return Verdict{Reason: ReasonTopic + topic}
		}
	}
	if settings.Quiet == "" {
		return Verdict{}
	}
	return s.quiet(settings, now)
}

func (s *Screen) quiet(settings Settings, now time.Time) Verdict {
	hours, err := keep(&s.hours, settings.Quiet, calendar.ParseHours)
	location, unknown := s.clock(settings.Zone)
	if err != nil || unknown != nil {
		return Verdict{Reason: ReasonAlways}
	}
	if !hours.Open(now, location) {
		return Verdict{}
	}
	end, ends := hours.Closes(now, location)
	if !ends {
		return Verdict{Reason: ReasonAlways}
	}
	if whole := end.Truncate(time.Minute); whole.Before(end) {
		end = whole.Add(time.Minute)
	}
	return Verdict{Until: end.UTC()}
}

// clock is that of a user, by the zone of his own.
func (s *Screen) clock(own string) (*time.Location, error) {
	if own != "" {
		return keep(&s.zones, own, zoneOf)
	}
	zone, err := keep(&s.zones, s.Zone, zoneOf)
	if err != nil || s.Local.IsZero() {
		return zone, err
	}
	_, has := s.Local.Zone()
	if _, had := s.Local.In(zone).Zone(); had != has {
		return s.Local.Location(), nil
	}
	return zone, nil
}

func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	return calendar.Zone(name)
}

// keep reads a text once. What can't be read is read again.
func keep[T any](known *map[string]T, text string, read func(string) (T, error)) (T, error) {
	if v, ok := (*known)[text]; ok {
		return v, nil
	}
	v, err := read(text)
	if err != nil {
		return v, err
	}
	if *known == nil {
		*known = map[string]T{}
	}
	(*known)[text] = v
	return v, nil
}
