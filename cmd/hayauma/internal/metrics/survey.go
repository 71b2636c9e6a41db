package metrics

import (
	"sync"
	"time"

	"hayauma.example/engine"
)

// surveyEvery is how old a survey may be before another is made.
const surveyEvery = 10 * time.Second

// survey is what a look at all cells found. Those that are busy are not counted in it: a scrape asks for them.
type survey struct {
	kinds   map[string]*depths
	deepest []engine.CellInfo
}

// surveys look at all cells where there are too many for each scrape. One is made beside a scrape, for the next; nobody makes any while
// nobody scrapes.
type surveys struct {
	mu    sync.Mutex
	done  *survey   // the last; guarded by mu
	began time.Time // the last; guarded by mu
	busy  bool      // one is being made; guarded by mu
}

// last returns the last survey, and begins another where it is old.
func (v *surveys) last(system System, now time.Time) *survey {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.done == nil: // only the first scrape waits
		v.done, v.began = newSurvey(system), now
	case !v.busy && now.Sub(v.began) >= surveyEvery:
		v.busy, v.began = true, now
		go v.make(system)
	}
	return v.done
}

func (v *surveys) make(system System) {
	done := newSurvey(system)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.done, v.busy = done, false
}

func newSurvey(system System) *survey {
	s := newScan(nil, 0)
	system.Cells(func(c engine.CellInfo) bool {
		if !c.Busy {
			s.count(c)
			s.rank(c)
		}
		return true
	})
	return &survey{kinds: s.kinds, deepest: s.deepest}
}
