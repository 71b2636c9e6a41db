package checker

import (
	"hayauma.example/actors"
	"hayauma.example/actors/plan"
)

// lives are what is known of a run's generations: each redrive by the operator begins one, for the recipients that it reopens. Windows are
// numbered over all generations, so a window tells which of a recipient's generations it is of. The zero value is a run without redrives.
type lives struct {
	newest     Reopened   // the last stretch of the newest generation; its number is 0 where there is none
	after      []uint32   // by generation: the newest window of those before it
	generation []uint8    // by recipient
	prior      outcomes   // of recipients that were reopened: the greatest of their older generations
	redriven   actors.Set // recipients of paths that were re-driven in an older generation
}

// mostGenerations is how many there may be besides the first.
const mostGenerations = 255

// outcomes are those of all recipients, with the numbers of their reasons. The zero value has none.
type outcomes struct {
	outcome []actors.Outcome
	why     []uint8
}

func (s *outcomes) of(i uint32) (actors.Outcome, uint8) {
	if s.outcome == nil {
		return actors.Pending, 0
	}
	return s.outcome[i], s.why[i]
}

// keep replaces an outcome only by a greater one.
func (s *outcomes) keep(i uint32, o actors.Outcome, why uint8) {
	if o > s.outcome[i] {
		s.outcome[i], s.why[i] = o, why
	}
}

// reopen begins a generation of recipients. That a path of theirs was re-driven, or in doubt, tells nothing of the new generation: it has another key.
func (l *Ledger) reopen(e Reopened) {
	v, n := &l.lives, len(l.outcome)
	if v.generation == nil {
		v.generation, v.prior = make([]uint8, n), outcomes{make([]actors.Outcome, n), make([]uint8, n)}
	}
	for len(v.after) <= int(e.Generation) {
		v.after = append(v.after, 0)
	}
	v.after[e.Generation], v.newest = e.After, e
	for _, p := range e.Paths {
		for q := range l.redriven.Within(p) {
			v.redriven.Add(q)
		}
		l.redriven.Remove(p)
		for i := p.Lo; i < p.Hi; i++ {
			v.generation[i] = uint8(e.Generation)
			v.prior.keep(i, l.outcome[i], l.why(i))
			l.put(i, actors.Pending, 0)
		}
	}
}

// older tells whether a window is of an older generation of a recipient than its newest one.
func (l *Ledger) older(window, i uint32) bool {
	return window > 0 && l.lives.generation != nil && window <= l.lives.after[l.lives.generation[i]]
}

// olderPath tells it of a path: all recipients of a leaf are of one generation.
func (l *Ledger) olderPath(window uint32, p actors.Span) bool {
	for i := p.Lo; i < p.Hi && l.lives.generation != nil; i++ {
		if l.older(window, i) {
			return true
		}
	}
	return false
}

// stretchOfReopened is how many stretches and leaves one record names, and those of one chunk more.
const stretchOfReopened = 1000

// reopenable finds what has an outcome from a recipient on, and where it has stopped looking. Who can't be rendered has failed for ever.
func (l *Ledger) reopenable(o actors.Outcome, from uint32) (paths []actors.Span, next uint32) {
	n, _, ok := plan.Find(l.Table, from)
	for ok && n < len(l.Table.Chunks) && len(paths) < stretchOfReopened {
		e := l.Table.Chunks[n]
		chunk := chunkSpan(e)
		switch e.Mode {
		case plan.Multicast:
			paths = l.leavesWith(o, chunk, paths)
		case plan.Push:
			paths = l.stretchesWith(o, chunk, paths)
		case plan.Failed:
		}
		from = chunk.Hi
		n++
	}
	return paths, from
}

func (l *Ledger) leavesWith(o actors.Outcome, p actors.Span, out []actors.Span) []actors.Span {
	if l.split[p] {
		a, b := p.Halves()
		return l.leavesWith(o, b, l.leavesWith(o, a, out))
	}
	some := false
	for _, have := range l.outcome[p.Lo:p.Hi] {
		if have != o && have != actors.Suppressed { // who was left out goes along, and the new window says again what becomes of him
			return out
		}
		some = some || have == o
	}
	if !some {
		return out
	}
	return append(out, p)
}

func (l *Ledger) stretchesWith(o actors.Outcome, p actors.Span, out []actors.Span) []actors.Span {
	for i := p.Lo; i < p.Hi; i++ {
		switch last := len(out) - 1; {
		case l.outcome[i] != o:
		case i > p.Lo && l.outcome[i-1] == o:
			out[last].Hi = i + 1
		default:
			out = append(out, actors.Span{Lo: i, Hi: i + 1})
		}
	}
	return out
}
