package campaign

import (
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/calendar"
)

// The facts of a series.
type (
	// Occurred names an occurrence before it is begun.
	Occurred struct {
		Campaign string
		Due      time.Time
		Step     uint32
	}
	// Skipped says that an occurrence is left out.
	Skipped struct {
		Due    time.Time
		Reason string
	}
	// OccurrenceEnded says that one is over.
	OccurrenceEnded struct {
		Campaign string
		State    actors.State
		Totals   actors.Totals
		Variants []actors.Totals `msgpack:",omitempty"` // by variant
	}
	// OccurrenceAmended says what has come of one after its end: its operator had it sent to again, or an unknown turned out to be delivered.
	OccurrenceAmended struct {
		Campaign string
		State    actors.State
		Totals   actors.Totals
		Variants []actors.Totals `msgpack:",omitempty"` // by variant
	}
)

func (Occurred) campaignEvent()          {}
func (Skipped) campaignEvent()           {}
func (OccurrenceEnded) campaignEvent()   {}
func (OccurrenceAmended) campaignEvent() {}

// Reasons of what is left out.
const (
	skippedBusy   = "an earlier occurrence was still sending"
	skippedMissed = "missed: a later one was due too when it was looked at"
	skippedLate   = "too late: expire_after had passed"
)

// newestShown is how many occurrences a series knows one by one beside those that are not over.
const newestShown = 50

// Series is what a series has begun, a fold of its events.
type Series struct {
	Last    time.Time           // due time of the newest occurrence, begun or skipped; zero: none
	Open    []actors.Occurrence // not known to be over, oldest first
	Newest  []actors.Occurrence // over, newest first
	Begun   uint32              // also the number of the next step
	Over    uint32
	Skipped uint32
	Sums    [actors.Delivered + 1]uint64 // of those that are over

	Variants [][actors.Delivered + 1]uint64 `msgpack:",omitempty"` // as Sums, by variant
}

func (s *Series) occurred(e Occurred) {
	s.Last = e.Due
	s.Begun++
	s.Open = append(s.Open, actors.Occurrence{Campaign: e.Campaign, Due: e.Due, Step: e.Step, State: actors.StateAccepted})
}

func (s *Series) skipped(e Skipped) {
	s.Last = e.Due
	s.Skipped++
}

func (s *Series) ended(e OccurrenceEnded) {
	i := slices.IndexFunc(s.Open, func(o actors.Occurrence) bool { return o.Campaign == e.Campaign })
	if i < 0 {
		return
	}
	o := s.Open[i]
	o.State, o.Totals, o.Variants = e.State, e.Totals, e.Variants
	s.Variants = addTotals(s.Variants, e.Variants)
	s.Open = slices.Delete(s.Open, i, i+1)
	s.Over++
	for k, n := range e.Totals {
		s.Sums[k] += uint64(n)
	}
	s.Newest = slices.Insert(s.Newest, 0, o)
	s.Newest = s.Newest[:min(len(s.Newest), newestShown)]
}

// amended is of those that are known one by one; of older ones the figures stay as they ended.
func (s *Series) amended(e OccurrenceAmended) {
	i := slices.IndexFunc(s.Newest, func(o actors.Occurrence) bool { return o.Campaign == e.Campaign })
	if i < 0 {
		return
	}
	s.Newest = slices.Clone(s.Newest)
	o := &s.Newest[i]
	for k, n := range e.Totals {
		s.Sums[k] = s.Sums[k] - uint64(o.Totals[k]) + uint64(n)
	}
	s.Variants = addTotals(s.Variants, e.Variants)
	for i, t := range o.Variants {
		for k, n := range t {
			s.Variants[i][k] -= uint64(n)
		}
	}
	o.State, o.Totals, o.Variants = e.State, e.Totals, e.Variants
}

// shown is the series with what is known of its open occurrences.
func (s *Series) shown(known func(actors.Occurrence) actors.Occurrence) *actors.Recurrence {
	out := &actors.Recurrence{Begun: s.Begun, Over: s.Over, Skipped: s.Skipped, Sums: s.Sums, Variants: slices.Clone(s.Variants)}
	for _, o := range slices.Backward(s.Open) {
		o = known(o)
		out.Variants = addTotals(out.Variants, o.Variants)
		for k, n := range o.Totals {
			out.Sums[k] += uint64(n)
		}
		out.Newest = append(out.Newest, o)
	}
	out.Newest = append(out.Newest, s.Newest...)
	return out
}

// state is the word for a series that is not over.
func (s *Series) state(paused bool) actors.State {
	switch {
	case paused:
		return actors.StatePaused
	case len(s.Open) > 0:
		return actors.StateRunning
	}
	return actors.StateScheduled
}

// rhythm says when the occurrences of a definition are due.
type rhythm struct {
	def   *actors.Definition
	begin time.Time
	zone  *time.Location
	cron  calendar.Cron
}

// rhythm reads the definition that was accepted. What can't be read any more never recurs.
func (s *Intent) rhythm() (r rhythm, ok bool) {
	r = rhythm{def: &s.Accepted.Definition, begin: s.due(), zone: time.UTC}
	var err error
	if r.def.Zone != "" {
		if r.zone, err = calendar.Zone(r.def.Zone); err != nil {
			return r, false
		}
	}
	if r.def.LocalTime {
		r.zone = calendar.Foremost // an occurrence is due where its local time comes first
	}
	if r.def.Cron == "" {
		return r, true
	}
	r.cron, err = calendar.ParseCron(r.def.Cron)
	return r, err == nil
}

// after is when the next one is due behind the last; zero time: behind none. false: there is no more.
func (r rhythm) after(last time.Time, begun uint32) (due time.Time, ok bool) {
	if len(r.def.Steps) > 0 {
		if int(begun) >= len(r.def.Steps) {
			return due, false
		}
		return StepDue(r.begin, r.def.Steps[begun], r.zone), true
	}
	if last.IsZero() {
		last = r.begin.Add(-time.Nanosecond)
	}
	due, ok = r.cron.Next(last, r.zone)
	return due, ok && (r.def.Until.IsZero() || !due.After(r.def.Until))
}

// StepDue is when a step of a sequence is due that begins at a time.
func StepDue(begin time.Time, s actors.Step, zone *time.Location) time.Time {
	due := begin.Add(s.After)
	if s.At == "" {
		return due
	}
	date := calendar.LocalAt(due, zone)
	at, err := calendar.ParseLocal(date.String()[:len("2006-01-02")] + "T" + s.At)
	if err != nil {
		return due // it was checked before it was accepted
	}
	return at.In(zone)
}

// turn is what a series does next.
type turn struct {
	do  turnKind
	due time.Time // of what is begun or skipped
	why string    // skipped
	at  time.Time // look again then; zero: when something is told
}

type turnKind uint8

const (
	turnNone  turnKind = iota
	turnBegin          // an occurrence
	turnSkip           // leave one out
	turnOver           // all are over, and no more comes
)

// turn is the only place that decides what a series does; it changes nothing.
func (s *Intent) turn(r rhythm, now time.Time) turn {
	due, more := r.after(s.Series.Last, s.Series.Begun)
	switch {
	case !s.CancelAt.IsZero() || !more:
		if len(s.Series.Open) == 0 {
			return turn{do: turnOver}
		}
		return turn{}
	case s.Paused:
		return turn{}
	}
	if from := due.Add(-r.lead(s.Series.Last, due)); now.Before(from) {
		return turn{at: from}
	}
	if len(r.def.Steps) > 0 {
		if len(s.Series.Open) > 0 {
			return turn{}
		}
		return turn{do: turnBegin, due: due}
	}
	return s.turnOfCron(r, due, now)
}

// turnOfCron decides on an occurrence that may be planned by now.
func (s *Intent) turnOfCron(r rhythm, due, now time.Time) turn {
	busy := len(s.Series.Open) > 0 && r.def.Overlap != actors.OverlapAllow
	if later, more := r.after(due, 0); more && !later.After(now) {
		return turn{do: turnSkip, due: due, why: skippedMissed}
	}
	switch late := r.def.ExpireAfter > 0 && now.After(due.Add(r.spread()).Add(r.def.ExpireAfter)); {
	case late:
		return turn{do: turnSkip, due: due, why: skippedLate}
	case !busy:
		return turn{do: turnBegin, due: due}
	case now.Before(due):
		return turn{at: due}
	case r.def.Overlap == actors.OverlapSkip:
		return turn{do: turnSkip, due: due, why: skippedBusy}
	}
	return turn{}
}

// spread is how long after an occurrence is due the time of its last recipients may come.
func (r rhythm) spread() time.Duration {
	if r.def.LocalTime {
		return calendar.Spread
	}
	return 0
}

// lead is how long before its due time an occurrence is begun, so that it is planned by then: never before half of the way from the last one.
func (r rhythm) lead(last, due time.Time) time.Duration {
	if last.IsZero() || len(r.def.Steps) > 0 {
		return PlanAhead
	}
	return min(PlanAhead, due.Sub(last)/2)
}

// occurrence is the definition of one.
func (r rhythm) occurrence(due time.Time, step uint32) actors.Definition {
	d := *r.def
	d.At, d.After, d.Cron, d.Until, d.Overlap, d.Steps = due, "", "", time.Time{}, "", nil
	if len(r.def.Steps) > 0 {
		d.Messages = r.def.Steps[step].Messages
	}
	return d
}
