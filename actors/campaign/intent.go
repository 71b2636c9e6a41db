package campaign

import (
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// Intent is a campaign's durable state, a fold of its events.
type Intent struct {
	Upload   string // the upload that may be accepted; empty: none
	UploadAt time.Time
	Accepted *Accepted
	Released time.Time // the campaign that is to be over first is; zero: not yet
	Series   Series
	hours    *hours // the definition's

	Run     string
	Planned bool
	Chunks  string // prefix of the stored chunks' names
	Table   plan.Table
	Cursor  uint32            // the first recipient that no window had yet
	Back    []actors.Span     // returned paths that wait for a new window
	Later   []actors.Deferral // pushes that wait for the end of quiet hours, the earliest first
	Spared  actors.Set        // recipients of multicasts whom a window has left out: so does any later one of the generation
	Anew    actors.Set        // recipients whose bytes differed from the plan's: each window freezes its own
	Open    []*Window         // windows that are not known to be settled, oldest first
	Last    uint32            // number of the newest window
	Front   uint32            // number of the newest window with recipients who were in none before
	Started time.Time         // first window
	WorkAt  time.Time         // of the reminder that wakes it

	Generation uint32        // so many times the operator had recipients sent to again
	Redrive    *RedriveAsked // the newest, until all of it is in the plan; nil: none
	Looked     uint32        // of the newest redrive: recipients before it are in the plan again, if they had to be
	Again      uint32        // of the newest redrive: recipients that are

	Ranked         *Ranked // nil: as the definition says
	Waived         bool    // the quota is no reason to wait
	Paused         bool
	PausedBySeries bool      // … and a series did so
	CancelAt       time.Time // zero: no cancel
	LapsedAt       time.Time // zero: it came in time
	Late           uint32    // … for recipients from it on; 0: it came too late for all
	Parted         *Parted   // the newest event; nil: it is another
	Finished       *Finished
	Forgotten      time.Time // when its recipients were forgotten; zero: they are known
	mode           string    // of a campaign that is forgotten
}

// Window is a group of paths that were announced on disk before their first call.
type Window struct {
	Number uint32
	Paths  []actors.Span
	At     time.Time
	Size   uint32     // recipients, without those that were returned and those whom an earlier window has left out
	Closed actors.Set // recipients that were returned from it

	Suppressed []Spared   // recipients who don't want the message
	Except     actors.Set // those of them who are in multicasts

	Generation uint32 // when it was opened
}

// Apply changes the state by one fact.
func (s *Intent) Apply(e Event) {
	s.Parted = nil
	switch e := e.(type) {
	case Uploading:
		s.Upload, s.UploadAt = e.Upload, e.At
	case UploadDropped:
		if s.Upload == e.Upload {
			s.Upload = ""
		}
	case Accepted:
		s.Accepted, s.hours, s.WorkAt = &e, hoursOf(e.Definition), wakeOf(&e)
	case Released:
		s.Released = e.At
	case RunStarted:
		s.Run = e.Run
	case Planned:
		s.Planned, s.Chunks, s.Table = true, e.Chunks, e.Table
	case WindowOpened:
		s.windowOpened(e)
	case Deferred:
		s.deferred(e)
	case WindowClosed:
		s.windowClosed(e)
	case Paused:
		s.Paused, s.PausedBySeries = true, e.BySeries
	case Resumed:
		s.Paused, s.PausedBySeries = false, false
	case CancelAsked:
		s.CancelAt = e.At
	case Ranked:
		s.Ranked = &e
	case QuotaWaived:
		s.Waived = true
	case Lapsed:
		s.LapsedAt, s.Late = e.At, e.Late
	case Parted:
		s.Parted = &e
	case RedriveAsked:
		s.redriveAsked(e)
	case Replanned:
		s.Back = append(s.Back, e.Paths...)
		for _, p := range e.Paths {
			s.Spared.Remove(p)
		}
		s.Looked, s.Again = e.Next, s.Again+uint32(actors.Total(e.Paths))
		if !e.More {
			s.Redrive = nil
		}
	case Finished:
		s.Finished, s.Open, s.Back, s.Later = &e, nil, nil, nil
	case Forgotten:
		s.forget(e)
	case Occurred:
		s.Series.occurred(e)
	case Skipped:
		s.Series.skipped(e)
	case OccurrenceEnded:
		s.Series.ended(e)
	case OccurrenceAmended:
		s.Series.amended(e)
	}
}

func (s *Intent) windowOpened(e WindowOpened) {
	if s.Started.IsZero() {
		s.Started = e.At
	}
	s.Open = slices.DeleteFunc(s.Open, func(w *Window) bool { return slices.Contains(e.Settled, w.Number) })
	w := &Window{Number: e.Number, Paths: e.Paths, At: e.At, Size: uint32(actors.Total(e.Paths)), Generation: s.Generation}
	s.Open = append(s.Open, w)
	s.leaveOut(w, e.Suppressed)
	if e.Cursor > s.Cursor {
		s.Front = e.Number
	}
	s.Last, s.Cursor = e.Number, e.Cursor
	s.Back, s.Later = without(s.Back, e.Paths), sooner(s.Later, e.Paths)
}

func (s *Intent) windowClosed(e WindowClosed) {
	w := s.Window(e.Number)
	if w == nil {
		return
	}
	for _, p := range e.Paths {
		w.Closed.Add(p)
		w.Size -= uint32(p.Len() - s.spared(p))
		s.Back = append(s.Back, p)
		if e.Anew {
			s.Anew.Add(p)
		}
	}
}

// redriveAsked has a run that had ended go on. Where it was paused at its end, it still is.
func (s *Intent) redriveAsked(e RedriveAsked) {
	if s.Finished != nil {
		s.Finished, s.WorkAt = nil, e.At
	}
	s.Generation, s.Redrive, s.Looked, s.Again = e.Generation, &e, 0, 0
}

// Window is the open window of that number, or nil.
func (s *Intent) Window(number uint32) *Window {
	for _, w := range s.Open {
		if w.Number == number {
			return w
		}
	}
	return nil
}

// Recipients is the number that the campaign accounts for.
func (s *Intent) Recipients() uint32 {
	if s.Accepted == nil {
		return 0
	}
	return uint32(s.Accepted.Audience.Rows - s.Accepted.Audience.Duplicates)
}

// due is when the run is due: not before the campaign that is to be over first is. The times of recipients are whole minutes behind it.
func (s *Intent) due() time.Time {
	if s.Released.After(s.Accepted.Due) {
		if s.Accepted.Definition.LocalTime {
			return s.Released.Truncate(time.Minute)
		}
		return s.Released
	}
	return s.Accepted.Due
}

// Rank is how the run stands beside others of its channel.
func (s *Intent) Rank() (p actors.Priority, weight int) {
	switch {
	case s.Ranked != nil:
		p, weight = s.Ranked.Priority, s.Ranked.Weight
	case s.Accepted != nil:
		p, weight = s.Accepted.Definition.Priority, s.Accepted.Definition.Weight
	}
	return p.Or(), actors.WeightOf(weight)
}

// Unopened tells whether recipients wait for a window.
func (s *Intent) Unopened() bool {
	return s.Cursor < s.Table.Recipients || len(s.Back) > 0 || len(s.Later) > 0
}

// without takes paths out of a list of spans; a span of pushes may be taken in part.
func without(list, paths []actors.Span) []actors.Span {
	gone := actors.SetOf(paths...)
	var out []actors.Span
	for _, p := range list {
		if !gone.Touches(p) { // nearly all of what a redrive has put back
			out = append(out, p)
			continue
		}
		rest := actors.SetOf(p)
		for q := range gone.Within(p) {
			rest.Remove(q)
		}
		out = append(out, rest.Spans()...)
	}
	return out
}
