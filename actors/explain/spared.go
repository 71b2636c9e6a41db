package explain

import (
	"cmp"
	"maps"
	"slices"

	"hayauma.example/actors/plan"
)

// Spared are recipients to whom nothing would be sent when their time comes, because of how they want to be written to.
type Spared struct {
	Suppressed int      // never
	Reasons    []Reason // of those, the most frequent first
	Deferred   int      // not before their quiet hours end
}

// sparing counts them. It has a line for each reason: topics, and words of the provider about users.
type sparing struct {
	in       Input
	reasons  map[string]int
	deferred int
}

func newSparing(in Input) *sparing { return &sparing{in: in, reasons: map[string]int{}} }

// apart tells whom the plan sends to by push; nil: nobody in particular.
func (s *sparing) apart() func(user string) bool {
	if s.in.Settings == nil {
		return nil
	}
	return func(user string) bool {
		_, some := s.in.Settings(user)
		return some
	}
}

// look counts a user, at the time of his lot.
func (s *sparing) look(user string, lot plan.Lot) {
	if s.in.Settings == nil {
		return
	}
	settings, some := s.in.Settings(user)
	if !some {
		return
	}
	now := lot.Now(s.in.Now)
	if lot.Local {
		s.in.Screen.Local = now
	}
	switch v := s.in.Screen.Of(settings, now); {
	case v.Reason != "":
		s.reasons[v.Reason]++
	case !v.Until.IsZero():
		s.deferred++
	}
}

func (s *sparing) done() Spared {
	out := Spared{Deferred: s.deferred}
	for _, text := range slices.Sorted(maps.Keys(s.reasons)) {
		out.Reasons = append(out.Reasons, Reason{Text: text, Recipients: s.reasons[text]})
		out.Suppressed += s.reasons[text]
	}
	slices.SortStableFunc(out.Reasons, func(a, b Reason) int { return cmp.Compare(b.Recipients, a.Recipients) })
	return out
}
