package campaign

import (
	"fmt"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/calendar"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/template"
)

// Lots divide the recipients of a run: by variant, and by the moment at which their time comes.
type Lots struct {
	Definition actors.Definition
	Due        time.Time
	Seed       string                                             // of the variants: the campaign's id, or that of its series
	Settings   func(user string) (actors.RecipientSettings, bool) // nil: nobody has any
}

// Fill has a plan divide its run, where there is anything to divide it by.
func (l Lots) Fill(in *plan.Input) error {
	d := &l.Definition
	for i, messages := range d.TemplatesOf() {
		t, err := template.Parse(messages, template.Options{})
		if err != nil {
			return fmt.Errorf("template %d: %w", i, err)
		}
		in.Templates = append(in.Templates, t)
	}
	in.Template = in.Templates[0]
	if l.Settings != nil {
		in.Apart = func(user string) bool {
			_, own := l.Settings(user)
			return own
		}
	}
	if len(d.Variants) == 0 && !d.LocalTime {
		return nil
	}
	if d.ZoneColumn != "" {
		in.LotColumns = []string{d.ZoneColumn}
	}
	clock := clocks{local: calendar.LocalAt(d.At, calendar.Foremost), due: l.Due, lots: map[string]plan.Lot{}}
	in.Lot = func(user string, values []string) plan.Lot {
		var lot plan.Lot
		if d.LocalTime {
			lot = clock.in(l.zones(user, values))
		}
		if len(d.Variants) > 0 {
			lot.Variant = actors.VariantOf(l.Seed, user, d.Variants)
		}
		return lot
	}
	return nil
}

// zones are the names of a recipient's zone, the first that is one rules: his row's, that of his settings, the campaign's.
func (l *Lots) zones(user string, values []string) [3]string {
	names := [3]string{2: l.Definition.Zone}
	if len(values) > 0 {
		names[0] = values[0]
	}
	if names[0] == "" && l.Settings != nil {
		settings, _ := l.Settings(user)
		names[1] = settings.Zone
	}
	return names
}

// clocks find the lots of zones.
type clocks struct {
	local calendar.Local
	due   time.Time
	zones calendar.Zones
	lots  map[string]plan.Lot // by zone
}

func (c *clocks) in(names [3]string) plan.Lot {
	for _, name := range names {
		if lot, known := c.lots[name]; known {
			return lot
		}
		if zone, err := c.zones.Zone(name); err == nil {
			c.lots[name] = c.lot(zone)
			return c.lots[name]
		}
	}
	return c.lot(time.UTC)
}

// lot is that of a zone: what came before the run is due comes then. Where clocks have seconds it comes at the next minute.
func (c *clocks) lot(zone *time.Location) plan.Lot {
	delay := max(0, c.local.In(zone).Sub(c.due))
	if rest := delay % time.Minute; rest > 0 {
		delay += time.Minute - rest
	}
	_, offset := c.due.Add(delay).In(zone).Zone()
	return plan.Lot{Local: true, Delay: delay, Offset: int32(offset)}
}

// LocalDue is when a campaign is due whose recipients get it at a local time: when that comes first anywhere.
func LocalDue(local calendar.Local) time.Time { return local.In(calendar.Foremost) }

// ready are the recipients whose time has come once the run is due: those before it.
func (s *Intent) ready(now time.Time) uint32 {
	if len(s.Table.Lots) == 0 {
		return s.Table.Recipients
	}
	since := now.Sub(s.due())
	if since < 0 {
		return 0
	}
	return s.Table.Ready(since)
}

// late are the recipients for whom it was recorded that it is too late: those before it.
func (s *Intent) late() uint32 {
	switch {
	case s.LapsedAt.IsZero():
		return 0
	case s.Late == 0:
		return s.Table.Recipients
	}
	return s.Late
}

// lateBy are the recipients for whom it is too late by now.
func (s *Intent) lateBy(now time.Time) uint32 {
	after := s.Accepted.Definition.ExpireAfter
	if since := now.Sub(s.due()) - after; after > 0 && since > 0 {
		return s.Table.Ready(since - 1)
	}
	return 0
}

// lapses tells whether it is too late for some by now of whom that isn't recorded, and how many stand before the first for whom it is not. Of a
// part of a run it is only recorded where something of it has no outcome.
func (s *Intent) lapses(v view) (late uint32, yes bool) {
	late, known := s.lateBy(v.now), s.late()
	isNews := func(p actors.Span) bool { return known <= p.Lo && p.Lo < late }
	switch {
	case late <= known:
		return late, false
	case late == s.Table.Recipients || s.front() < late || slices.ContainsFunc(s.Back, isNews) ||
		slices.ContainsFunc(s.Later, func(d actors.Deferral) bool { return slices.ContainsFunc(d.Paths, isNews) }):
		return late, true
	}
	return late, slices.ContainsFunc(s.Open, func(w *Window) bool { return v.settledOf(w) < w.Size && slices.ContainsFunc(w.Paths, isNews) })
}

// lapsed is the event for that.
func (s *Intent) lapsed(v view) Lapsed {
	e := Lapsed{At: v.now}
	if late, _ := s.lapses(v); late < s.Table.Recipients {
		e.Late = late
	}
	return e
}

// isLate tells whether a window has recipients for whom it was recorded that it is too late.
func (s *Intent) isLate(w *Window) bool {
	late := s.late()
	return slices.ContainsFunc(w.Paths, func(p actors.Span) bool { return p.Lo < late })
}

// expired are the recipients in no window for whom it is too late.
func (s *Intent) expired() (out []actors.Span) {
	for _, p := range s.unopened() {
		if p.Hi = min(p.Hi, s.late()); p.Lo < p.Hi {
			out = append(out, p)
		}
	}
	return out
}

// back is what was returned and may still be sent.
func (s *Intent) back() []actors.Span { return since(s.Back, s.late()) }

// since is what of paths stands behind those that came too late, of which lots are late as wholes.
func since(paths []actors.Span, late uint32) []actors.Span {
	if late == 0 {
		return paths
	}
	var out []actors.Span
	for _, p := range paths {
		if p.Lo = max(p.Lo, late); p.Lo < p.Hi {
			out = append(out, p)
		}
	}
	return out
}

// front is the first recipient who was in no window and may still be sent to.
func (s *Intent) front() uint32 { return max(s.Cursor, s.late()) }

// leftToOpen tells whether anybody who is in no window may still be sent to, now or later.
func (s *Intent) leftToOpen() bool {
	_, quiet := s.quietUntil()
	return s.front() < s.Table.Recipients || quiet || len(s.back()) > 0
}

// rests tells whether all whose time has come have been in a window, and when that of the next ones comes: that of their lot, or the end of their
// quiet hours.
func (s *Intent) rests(now time.Time) (until time.Time, yes bool) {
	front := s.front()
	if s.anyDueAgain(now) || front < min(s.ready(now), s.Table.Recipients) {
		return time.Time{}, false
	}
	until, yes = s.quietUntil()
	if front < s.Table.Recipients {
		lot, _ := plan.LotOf(s.Table, front)
		if at := s.due().Add(lot.Delay); !yes || at.Before(until) {
			return at, true
		}
	}
	return until, yes
}

// variants are what has come of each of the definition's, where totals by variant are known.
func variants(d *actors.Definition, totals []actors.Totals) []actors.VariantTotals {
	var out []actors.VariantTotals
	for i, v := range d.Variants {
		t := actors.VariantTotals{Name: v.Name, Weight: v.Weight}
		if i < len(totals) {
			t.Totals = totals[i]
		}
		out = append(out, t)
	}
	return out
}

func variantNames(d *actors.Definition) (names []string) {
	for _, v := range d.Variants {
		names = append(names, v.Name)
	}
	return names
}

// addTotals adds to sums by variant.
func addTotals(sums [][actors.Delivered + 1]uint64, totals []actors.Totals) [][actors.Delivered + 1]uint64 {
	for i, t := range totals {
		if i == len(sums) {
			sums = append(sums, [actors.Delivered + 1]uint64{})
		}
		for k, n := range t {
			sums[i][k] += uint64(n)
		}
	}
	return sums
}

// totalsOf are those of variants without their names; nil: there are none.
func totalsOf(list []actors.VariantTotals) (out []actors.Totals) {
	for _, v := range list {
		out = append(out, v.Totals)
	}
	return out
}
