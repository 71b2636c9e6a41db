package campaign

import (
	"slices"
	"time"

	"hayauma.example/actors"
)

// leaveOut notes whom a window leaves out. Of those in multicasts an earlier window may have done so: they have their outcome.
func (s *Intent) leaveOut(w *Window, spared []Spared) {
	w.Suppressed = spared
	for _, x := range spared {
		for _, p := range byChunk(s.Table, x.Paths) {
			if p.Multicast {
				w.Size -= uint32(s.spared(p.Span))
				w.Except.Add(p.Span)
				s.Spared.Add(p.Span)
			}
		}
	}
}

// spared is how many of a path an earlier window has left out.
func (s *Intent) spared(p actors.Span) (n int) {
	if s.Spared.Empty() {
		return 0
	}
	for q := range s.Spared.Within(p) {
		n += q.Len()
	}
	return n
}

func (s *Intent) deferred(e Deferred) {
	s.Cursor = max(s.Cursor, e.Cursor)
	for _, x := range e.Entries {
		s.Back, s.Later = without(s.Back, x.Paths), sooner(s.Later, x.Paths)
		i, found := slices.BinarySearchFunc(s.Later, x.Until, func(d actors.Deferral, t time.Time) int { return d.Until.Compare(t) })
		if found {
			s.Later[i].Paths = slices.Concat(s.Later[i].Paths, x.Paths)
		} else {
			s.Later = slices.Insert(s.Later, i, x)
		}
	}
}

// sooner takes paths out of those that wait.
func sooner(later []actors.Deferral, paths []actors.Span) (out []actors.Deferral) {
	for _, d := range later {
		if d.Paths = without(d.Paths, paths); len(d.Paths) > 0 {
			out = append(out, d)
		}
	}
	return out
}

// dueAgain is what came back, and whose quiet hours are over, of what may still be sent.
func (s *Intent) dueAgain(now time.Time) []actors.Span {
	out := s.back()
	for _, d := range s.Later {
		if d.Until.After(now) {
			break
		}
		out = slices.Concat(out, since(d.Paths, s.late()))
	}
	return out
}

// anyDueAgain tells whether that is anything.
func (s *Intent) anyDueAgain(now time.Time) bool {
	return len(s.back()) > 0 || slices.ContainsFunc(s.Later, func(d actors.Deferral) bool { return !d.Until.After(now) && len(since(d.Paths, s.late())) > 0 })
}

// quietUntil is when the first quiet hours end of those who may still be sent to; false: nobody waits for that.
func (s *Intent) quietUntil() (until time.Time, waits bool) {
	for _, d := range s.Later {
		if len(since(d.Paths, s.late())) > 0 {
			return d.Until, true
		}
	}
	return time.Time{}, false
}

// untoldOf is the oldest open window that leaves somebody out of whom the checker isn't known to know; nil: none. Nothing of it is sent before.
func (s *Intent) untoldOf(v view) *Window {
	for _, w := range s.Open {
		if v.owes(w) {
			return w
		}
	}
	return nil
}

func (v *view) owes(w *Window) bool { return len(w.Suppressed) > 0 && !v.spared[w.Number] }

// calls are the paths of a window that anything is sent for: pushes without who is left out, multicasts whole unless nobody is left.
func (s *Intent) calls(w *Window) []actors.Span {
	if len(w.Suppressed) == 0 {
		return w.Paths
	}
	var out, left actors.Set
	var multicasts []actors.Span
	for _, x := range w.Suppressed {
		for _, p := range x.Paths {
			left.Add(p)
		}
	}
	for _, p := range byChunk(s.Table, w.Paths) {
		switch {
		case !p.Multicast:
			out.Add(p.Span)
		case !w.Except.Covers(p.Span):
			multicasts = append(multicasts, p.Span)
		}
	}
	for _, p := range left.Spans() {
		out.Remove(p)
	}
	return append(slices.Clone(out.Spans()), multicasts...)
}

// opening is a window that could be opened, and what was found out about its recipients.
type opening struct {
	paths  []actors.Span
	cursor uint32
	findings
}

// findings say of some recipients why they get nothing, or when they may.
type findings struct {
	spared map[string]*actors.Set
	later  map[time.Time]*actors.Set
}

// opens turns an opening into events: who is deferred is left to a later window, who is suppressed is in this one and gets nothing.
func (s *Intent) opens(o opening, v view) []Event {
	var events []Event
	paths, all := o.paths, o.deferred()
	if !all.Empty() {
		paths = without(paths, all.Spans())
		e := Deferred{Entries: o.entries()}
		if len(paths) == 0 {
			e.Cursor = o.cursor
			return []Event{e}
		}
		events = append(events, e)
	}
	return append(events, WindowOpened{Number: s.Last + 1, Paths: paths, Cursor: o.cursor, At: v.now, Settled: s.settledWindows(v),
		Suppressed: s.suppressed(o, paths)})
}

func (f findings) deferred() (all actors.Set) {
	for _, paths := range f.later {
		for _, p := range paths.Spans() {
			all.Add(p)
		}
	}
	return all
}

// entries are in the order of time: what is stored follows from what was found, and nothing else.
func (f findings) entries() (out []actors.Deferral) {
	for until, paths := range f.later {
		out = append(out, actors.Deferral{Until: until, Paths: paths.Spans()})
	}
	slices.SortFunc(out, func(a, b actors.Deferral) int { return a.Until.Compare(b.Until) })
	return out
}

// leftOutBefore is why a recipient is left out whom an earlier window has left out of the same multicast.
const leftOutBefore = "left out before"

// suppressed are those of a window's paths who are left out, by reason. Who was left out once stays so: he has his outcome.
func (s *Intent) suppressed(o opening, paths []actors.Span) (out []Spared) {
	var told actors.Set
	for reason, found := range o.spared {
		for _, p := range found.Spans() {
			told.Add(p)
		}
		out = append(out, Spared{Reason: reason, Paths: found.Spans()})
	}
	var rest actors.Set
	if !s.Spared.Empty() {
		for _, p := range paths {
			for q := range s.Spared.Within(p) {
				rest.Add(q)
			}
		}
		for _, p := range told.Spans() {
			rest.Remove(p)
		}
	}
	if !rest.Empty() {
		out = append(out, Spared{Reason: leftOutBefore, Paths: rest.Spans()})
	}
	slices.SortFunc(out, func(a, b Spared) int { return int(a.Paths[0].Lo) - int(b.Paths[0].Lo) })
	return out
}
