package calendar

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // for machines that have none
)

// Zone returns the location of an IANA zone name, such as Asia/Tokyo. Names that mean something else on each machine are refused, and so are
// those of other trees in a machine's database, whose clocks count leap seconds.
func Zone(name string) (*time.Location, error) {
	if !portable(name) {
		return nil, fmt.Errorf("calendar: %q is not a time zone: give an IANA name such as Asia/Tokyo", clip(name))
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("calendar: %q is not a time zone: give an IANA name such as Asia/Tokyo", clip(name))
	}
	return zone, nil
}

// portable tells whether a name can be one of the IANA database itself, rather than of a file that some machines have beside it.
func portable(name string) bool {
	switch name {
	case "", "Local", "localtime", "posixrules":
		return false
	}
	tree, _, _ := strings.Cut(name, "/")
	return tree != "right" && tree != "posix"
}

// Clock is an instant by a zone's clock; without a zone by UTC, so that every node sees the same.
func Clock(t time.Time, name string) time.Time {
	zone, err := Zone(name)
	if err != nil {
		zone = time.UTC
	}
	return t.In(zone)
}

// Foremost is the clock that is ahead of those of all zones.
var Foremost = time.FixedZone("UTC+14", 14*60*60)

// Spread is how long a local time takes to come in all zones, from Foremost to UTC-12.
const Spread = 26 * time.Hour

// Zones remembers zones by name. It is not safe for concurrent use. The zero value is empty.
type Zones struct{ known map[string]*time.Location }

// maxZones is more than there are; names in other spellings don't add up.
const maxZones = 1000

// Zone is as the function, and reads a zone's file once.
func (z *Zones) Zone(name string) (*time.Location, error) {
	if zone := z.known[name]; zone != nil {
		return zone, nil
	}
	zone, err := Zone(name)
	if err != nil || len(z.known) == maxZones {
		return zone, err
	}
	if z.known == nil {
		z.known = map[string]*time.Location{}
	}
	z.known[name] = zone
	return zone, nil
}

// clip keeps what is shown of an input short.
func clip(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// Local is a date and a time of day without a zone.
type Local struct {
	Year   int
	Month  time.Month
	Day    int
	Minute int // of the day, from 0
}

const localLayout = "2006-01-02T15:04"

// ParseLocal reads a local time such as 2026-01-31T09:00, with or without seconds of 00.
func ParseLocal(text string) (Local, error) {
	t, err := time.Parse(localLayout, text)
	if err != nil {
		t, err = time.Parse(localLayout+":00", text)
	}
	if err != nil {
		return Local{}, fmt.Errorf("calendar: %q is not a local time such as 2026-01-31T09:00", clip(text))
	}
	return localOf(t), nil
}

// LocalAt is the local time in a zone at an instant, its minute begun.
func LocalAt(t time.Time, zone *time.Location) Local { return localOf(t.In(zone)) }

func localOf(t time.Time) Local {
	return Local{t.Year(), t.Month(), t.Day(), t.Hour()*60 + t.Minute()}
}

// String is the local time as ParseLocal reads it.
func (l Local) String() string { return l.utc().Format(localLayout) }

// utc is the instant at which the local time is in UTC: a carrier for arithmetic.
func (l Local) utc() time.Time { return time.Date(l.Year, l.Month, l.Day, 0, l.Minute, 0, 0, time.UTC) }

// In is the instant of a local time in a zone: the first of two, and where the zone skips it the instant at which it skips.
func (l Local) In(zone *time.Location) time.Time {
	first, _ := l.instants(zone)
	return first
}

// instants are those of a local time: the first, and the last, which is another where the zone repeats it.
func (l Local) instants(zone *time.Location) (first, last time.Time) {
	utc := l.utc()
	one := utc.Add(-offset(utc.Add(-day), zone)).In(zone) // by the offset that holds a day before, and by that a day later
	two := utc.Add(-offset(utc.Add(day), zone)).In(zone)
	if two.Before(one) {
		one, two = two, one
	}
	switch here, there := localOf(one) == l, localOf(two) == l; {
	case here && there:
		return one, two
	case here:
		return one, one
	case there:
		return two, two
	}
	skip, _ := two.ZoneBounds()
	return skip, skip
}

const day = 24 * time.Hour

func offset(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}
