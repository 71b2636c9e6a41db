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

	Run     string
	Planned bool
	Chunks  string // prefix of the stored chunks' names
	Table   plan.Table
	Cursor  uint32        // the first recipient that no window had yet
	Back    []actors.Span // returned paths that wait for a new window
	Anew    actors.Set    // recipients whose bytes differed from the plan's: each window freezes its own
	Open    []*Window     // windows that are not known to be settled, oldest first
	Last    uint32        // number of the newest window
	Started time.Time     // first window

	Paused   bool
	CancelAt time.Time // zero: no cancel
	LapsedAt time.Time // zero: it came in time
	Parted   *Parted   // the newest event; nil: it is another
	Finished *Finished
}

// Window is a group of paths that were announced on disk before their first call.
type Window struct {
	Number uint32
	Paths  []actors.Span
	At     time.Time
	Size   uint32     // recipients, without those that were returned
	Closed actors.Set // recipients that were returned from it
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
		s.Accepted = &e
	case RunStarted:
		s.Run = e.Run
	case Planned:
		s.Planned, s.Chunks, s.Table = true, e.Chunks, e.Table
	case WindowOpened:
		s.windowOpened(e)
	case WindowClosed:
		s.windowClosed(e)
	case Paused:
		s.Paused = true
	case Resumed:
		s.Paused = false
	case CancelAsked:
		s.CancelAt = e.At
	case Lapsed:
		s.LapsedAt = e.At
	case Parted:
		s.Parted = &e
	case Finished:
		s.Finished, s.Open, s.Back = &e, nil, nil
	}
}

func (s *Intent) windowOpened(e WindowOpened) {
	if s.Started.IsZero() {
		s.Started = e.At
	}
	s.Open = slices.DeleteFunc(s.Open, func(w *Window) bool { return slices.Contains(e.Settled, w.Number) })
	s.Open = append(s.Open, &Window{Number: e.Number, Paths: e.Paths, At: e.At, Size: uint32(actors.Total(e.Paths))})
	s.Last, s.Cursor = e.Number, e.Cursor
	s.Back = without(s.Back, e.Paths)
}

func (s *Intent) windowClosed(e WindowClosed) {
	w := s.Window(e.Number)
	if w == nil {
		return
	}
	for _, p := range e.Paths {
		w.Closed.Add(p)
		w.Size -= uint32(p.Len())
		s.Back = append(s.Back, p)
		if e.Anew {
			s.Anew.Add(p)
		}
	}
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

// Unopened tells whether recipients wait for a window.
func (s *Intent) Unopened() bool { return s.Cursor < s.Table.Recipients || len(s.Back) > 0 }

// without takes paths out of a list of spans; a span of pushes may be taken in part.
func without(list, paths []actors.Span) []actors.Span {
	gone := actors.SetOf(paths...)
	var out []actors.Span
	for _, p := range list {
		rest := actors.SetOf(p)
		for q := range gone.Within(p) {
			rest.Remove(q)
		}
		out = append(out, rest.Spans()...)
	}
	return out
}
