package roster

import "time"

// Fate is what is known of a member for certain.
type Fate uint8

// Fates.
const (
	Unknown  Fate = iota
	Dead          // its connection closed and its port refuses
	Gone          // it has released its record
	Forsaken      // another member has barred its record: no renewal follows, but its lease may still stand
)

// Verdict is the opinion about one member.
type Verdict uint8

// Verdicts.
const (
	Alive  Verdict = iota
	Silent         // for longer than two renewals, but it stays
	Evict          // bar its record, then remove it from the view
)

// Why names the ground of a verdict.
type Why string

// Grounds.
const (
	Heard     Why = "heard"            // Alive: renewed lately, or seen first lately
	Ourselves Why = "ourselves"        // Alive: nobody judges itself
	Waiting   Why = "waiting"          // Silent: not for long enough
	InCrowd   Why = "crowd_silent"     // Silent: so are half of the members, which may be our own fault
	NotSteady Why = "judge_not_steady" // Silent: our own renewals had a gap lately
	Deaf      Why = "judge_deaf"       // Silent: our watch doesn't bring our own renewals, so it may keep back others'
	NotLeased Why = "judge_suspended"  // Silent: we are suspended ourselves
	Unheard   Why = "silent"           // Evict
	Death     Why = "dead"             // Evict
	Departed  Why = "released"         // Evict
	BarredYet Why = "barred"           // Evict: finish what another began a take-over ago
)

// Judgment is the verdict about one member. To carry out Evict: with a view at hand that was read before, bar the record by a
// compare-and-set that expects Revision; once that is stored, change that very view. Refused at either step, nothing happened:
// judge again.
type Judgment struct {
	Incarnation string
	Verdict     Verdict
	Why         Why
	For         time.Duration // of silence
	Revision    uint64        // newest seen of its record; 0: none since the watch began
	Number      uint64        // for the bar
}

// Bar is the record that bars the member's lease.
func (j Judgment) Bar(by string) Record {
	return Record{Incarnation: j.Incarnation, Number: j.Number, State: Barred, By: by}
}

// Watch is a member's observation of the others, on its own clock; see Lease for what times are.
type Watch struct {
	timers Timers
	me     string
	order  []string // members of the view, by incarnation
	sights map[string]*sight
}

type sight struct {
	heard    time.Duration
	revision uint64
	number   uint64 // in the record of that revision
	proven   uint64 // by the view: records with smaller numbers say nothing
	fate     Fate
	barred   time.Duration // since when it is seen Forsaken
}

// certain is the member's fate where its lease is known to be over. A record from before the store lost them says nothing, and a bar
// only that no renewal follows: one that was late may have hit a record that the store had just lost, so it is waited for as if the
// last renewal had been seen together with it.
func (s *sight) certain(now, takeOver time.Duration) Fate {
	switch {
	case s.fate == Dead:
		return Dead
	case s.number < s.proven, s.fate == Forsaken && now-s.barred < takeOver:
		return Unknown
	default:
		return s.fate
	}
}

// NewWatch knows nobody.
func NewWatch(me string, timers Timers) *Watch {
	return &Watch{timers: timers.filled(), me: me, sights: map[string]*sight{}}
}

// See takes a view: silence of who came, and of who proved its record anew, is measured from now on, and who went is forgotten.
func (w *Watch) See(v View, now time.Duration) {
	sights := make(map[string]*sight, len(v.Members))
	w.order = w.order[:0]
	for _, m := range v.Members {
		s, ok := w.sights[m.Incarnation]
		if !ok {
			s = &sight{heard: now, proven: m.Proven}
		}
		if s.proven != m.Proven {
			s.heard, s.proven = now, m.Proven
		}
		sights[m.Incarnation] = s
		w.order = append(w.order, m.Incarnation)
	}
	w.sights = sights
}

// Observe takes a member's record as the store's watch delivered it. Only a revision that rises counts. A live one takes back that
// the member is dead.
func (w *Watch) Observe(r Record, revision uint64, now time.Duration) {
	s, ok := w.sights[r.Incarnation]
	if !ok || revision <= s.revision {
		return
	}
	s.revision, s.number = revision, r.Number
	switch r.State {
	case Barred:
		if s.fate != Forsaken {
			s.fate, s.barred = Forsaken, now
		}
	case Let:
		s.fate = Gone
	default:
		s.fate, s.heard = Unknown, now
	}
}

// Died takes the fact that the member's connection closed and its port refuses.
func (w *Watch) Died(incarnation string) {
	if s, ok := w.sights[incarnation]; ok && s.fate == Unknown {
		s.fate = Dead
	}
}

// Restarted says that the store's watch was interrupted and begins again, with records that may count from 1 anew. Everybody's silence
// starts anew, and what was certain has to be told again.
func (w *Watch) Restarted(now time.Duration) {
	for _, s := range w.sights {
		*s = sight{heard: now, proven: s.proven}
	}
}

// Judge gives a judgment of every member of the view, in its order. Its cost is two passes over them.
func (w *Watch) Judge(own Standing, now time.Duration) []Judgment {
	p := w.patience(now)
	out := make([]Judgment, len(w.order))
	for i, incarnation := range w.order {
		s := w.sights[incarnation]
		j := Judgment{Incarnation: incarnation, For: now - s.heard, Revision: s.revision, Number: max(s.number, s.proven)}
		switch {
		case incarnation == w.me:
			j.Verdict, j.Why = Alive, Ourselves
		case s.certain(now, w.timers.TakeOver) != Unknown:
			j.Verdict, j.Why = certain(s.fate, own)
		default:
			j.Verdict, j.Why = w.uncertain(j.For, p, own)
		}
		out[i] = j
	}
	return out
}

// Next is how long after now silence alone may change a judgment for the first time; an hour where it never does. What else changes
// one is an event, or our own standing.
func (w *Watch) Next(now time.Duration) time.Duration {
	next := time.Hour
	for _, s := range w.sights {
		for _, at := range [...]time.Duration{
			s.heard + w.timers.gap(), s.heard + w.timers.TakeOver, s.heard + w.timers.Crowd, s.barred + w.timers.TakeOver,
		} {
			if at > now {
				next = min(next, at-now)
			}
		}
	}
	return next
}

// patience is how long silence is borne, and why.
type patience struct {
	limit, gap time.Duration
	why        Why
	deaf       bool
}

// patience is the silence that leads to eviction. Who misses two renewals counts as silent here, so that members that fell silent
// together are counted together, though the first of them reaches the take-over up to one renewal before the last.
func (w *Watch) patience(now time.Duration) patience {
	silent := 0
	for incarnation, s := range w.sights {
		if incarnation != w.me && s.certain(now, w.timers.TakeOver) == Unknown && now-s.heard >= w.timers.gap() {
			silent++
		}
	}
	p := patience{limit: w.timers.TakeOver, gap: w.timers.gap(), why: Waiting, deaf: w.deaf(now)}
	if 2*silent >= len(w.order) {
		p.limit, p.why = w.timers.Crowd, InCrowd
	}
	return p
}

// deaf: our own renewals, which the store has, don't come back to us. Those from before the store lost them don't count.
func (w *Watch) deaf(now time.Duration) bool {
	s, ok := w.sights[w.me]
	return !ok || s.revision == 0 || s.number < s.proven || now-s.heard > w.timers.gap()
}

// certain needs a lease and no more: what is known for certain doesn't hang on how well we hear.
func certain(f Fate, own Standing) (Verdict, Why) {
	if own != Leased && own != Steady {
		return Silent, NotLeased
	}
	switch f {
	case Dead:
		return Evict, Death
	case Gone:
		return Evict, Departed
	default:
		return Evict, BarredYet
	}
}

func (w *Watch) uncertain(silence time.Duration, p patience, own Standing) (Verdict, Why) {
	switch {
	case silence < p.gap:
		return Alive, Heard
	case silence < p.limit:
		return Silent, p.why
	case own == Leased:
		return Silent, NotSteady
	case own != Steady:
		return Silent, NotLeased
	case p.deaf:
		return Silent, Deaf
	default:
		return Evict, Unheard
	}
}
