package calendar

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Cron is a cron expression of five fields: minute, hour, day of the month, month, day of the week.
//
//	minute 0-59   hour 0-23   day 1-31 or L   month 1-12 or JAN-DEC   weekday 0-7 or SUN-SAT, 0 and 7 are Sunday
//
// A field is *, a number, a range (9-17), either with a step (*/15, 0-30/10), or several of them joined by commas.
type Cron struct {
	minutes, hours, days, months, weekdays uint64 // a bit for each
	lastDay                                bool
	passing                                bool // hours are counted as they pass
	anyDay, anyWeekday                     bool
	text                                   string
}

// field is one of the five.
type field struct {
	name     string
	low, top int
	names    []string // of low and what follows
}

var fields = [5]field{
	{name: "minute", low: 0, top: 59},
	{name: "hour", low: 0, top: 23},
	{name: "day of the month", low: 1, top: 31},
	{name: "month", low: 1, top: 12, names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
	{name: "day of the week", low: 0, top: 7, names: weekdays},
}

var weekdays = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}

const sunday = 7 // also 0

// ParseCron reads an expression.
func ParseCron(text string) (Cron, error) {
	parts := strings.Fields(text)
	if len(parts) != len(fields) {
		return Cron{}, fmt.Errorf("calendar: %q has %d fields, a cron expression has 5: minute, hour, day, month, weekday", clip(text), len(parts))
	}
	c := Cron{text: strings.Join(parts, " ")}
	sets := [5]*uint64{&c.minutes, &c.hours, &c.days, &c.months, &c.weekdays}
	for i, f := range fields {
		part := strings.ToUpper(parts[i])
		if f.name == fields[2].name {
			part, c.lastDay = cutLast(part)
		}
		if part == "" {
			continue // only the last day
		}
		set, err := f.parse(part)
		if err != nil {
			return Cron{}, err
		}
		*sets[i] = set
	}
	if c.weekdays>>sunday&1 == 1 {
		c.weekdays |= 1
	}
	c.passing = strings.HasPrefix(parts[1], "*")
	c.anyDay, c.anyWeekday = strings.HasPrefix(parts[2], "*"), strings.HasPrefix(parts[4], "*")
	if _, ok := c.Next(time.Unix(0, 0), time.UTC); !ok {
		return Cron{}, fmt.Errorf("calendar: %q never comes: no month has that day", clip(text))
	}
	return c, nil
}

// cutLast takes L out of a list.
func cutLast(list string) (rest string, last bool) {
	var kept []string
	for part := range strings.SplitSeq(list, ",") {
		if part == "L" {
			last = true
		} else {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, ","), last
}

func (f field) parse(list string) (set uint64, err error) {
	for part := range strings.SplitSeq(list, ",") {
		low, top, step, err := f.span(part)
		if err != nil {
			return 0, err
		}
		for v := low; v <= top; v += step {
			set |= 1 << v
		}
	}
	return set, nil
}

// span reads *, a number or a range, and its step.
func (f field) span(part string) (low, top, step int, err error) {
	reach, by, stepped := strings.Cut(part, "/")
	step = 1
	if stepped {
		if step, err = strconv.Atoi(by); err != nil || step < 1 || step > f.top {
			return 0, 0, 0, fmt.Errorf("calendar: %q is no step for the %s: give 1 to %d", clip(by), f.name, f.top)
		}
	}
	from, to, ranged := strings.Cut(reach, "-")
	switch {
	case reach == "*":
		return f.low, f.top, step, nil
	case !ranged && stepped:
		to = strconv.Itoa(f.top)
	case !ranged:
		to = from
	}
	if low, err = f.value(from); err != nil {
		return 0, 0, 0, err
	}
	if top, err = f.value(to); err != nil {
		return 0, 0, 0, err
	}
	if f.names != nil && top == 0 && low > 0 && f.top == sunday {
		top = sunday // SAT-SUN
	}
	if top < low {
		return 0, 0, 0, fmt.Errorf("calendar: the range %q of the %s ends before it begins", clip(reach), f.name)
	}
	return low, top, step, nil
}

func (f field) value(text string) (int, error) {
	for i, name := range f.names {
		if text == name {
			return f.low + i, nil
		}
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < f.low || v > f.top {
		return 0, fmt.Errorf("calendar: %q is no %s: give %d to %d", clip(text), f.name, f.low, f.top)
	}
	return v, nil
}

// String is the expression.
func (c Cron) String() string { return c.text }

// maxDays is how far ahead an occurrence may lie: a leap day comes after eight years where a century has none.
const maxDays = 9 * 366

// Next is the first occurrence after an instant; false: there is none.
func (c Cron) Next(after time.Time, zone *time.Location) (time.Time, bool) {
	date := LocalAt(after, zone)
	date.Day-- // what is skipped at the end of a day falls on the next one
	for range maxDays {
		if date = date.norm(); c.on(date) {
			if t, ok := c.in(date, after, zone); ok {
				return t, true
			}
		}
		date.Day++
	}
	return time.Time{}, false
}

// norm is a local date whose day may lie beyond its month.
func (l Local) norm() Local { return localOf(l.utc()) }

// on tells whether the expression comes on a date.
func (c Cron) on(l Local) bool {
	if c.months>>l.Month&1 == 0 {
		return false
	}
	last := time.Date(l.Year, l.Month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	day := c.days>>l.Day&1 == 1 || c.lastDay && l.Day == last
	weekday := c.weekdays>>l.utc().Weekday()&1 == 1
	if c.anyDay || c.anyWeekday {
		return day && weekday
	}
	return day || weekday
}

// in is the first occurrence of a date after an instant.
func (c Cron) in(date Local, after time.Time, zone *time.Location) (time.Time, bool) {
	if c.passing {
		return c.passes(date, after, zone)
	}
	for h := c.hours; h != 0; h &= h - 1 {
		for m := c.minutes; m != 0; m &= m - 1 {
			date.Minute = bits.TrailingZeros64(h)*60 + bits.TrailingZeros64(m)
			if t := date.In(zone); t.After(after) {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// passes is in for hours that are counted as they pass: it looks at each minute of the date that there is.
func (c Cron) passes(date Local, after time.Time, zone *time.Location) (time.Time, bool) {
	date.Minute = 0
	t := date.In(zone)
	if next := after.Truncate(time.Minute).Add(time.Minute); next.After(t) {
		t = next.In(zone)
	}
	for ; t.Day() == date.Day && t.Month() == date.Month; t = t.Add(time.Minute) {
		if c.hours>>t.Hour()&1 == 1 && c.minutes>>t.Minute()&1 == 1 {
			return t, true
		}
	}
	return time.Time{}, false
}
