package pipeline

import (
	"slices"
	"time"

	"hayauma.example/benchmarks/percentile"
)

// arrivals is what the provider accepted, by recipient.
type arrivals struct {
	first     []int64 // Unix ns of each recipient's first acceptance; 0: none
	reached   int     // recipients with one
	twice     int     // acceptances beyond a recipient's first
	strangers int     // acceptances for nobody of the audience
	last      int64   // of first
	earliest  int64   // of first; 0: none
}

func newArrivals(recipients int) *arrivals { return &arrivals{first: make([]int64, recipients)} }

// add counts one acceptance. Those of one recipient come in the order in which they were accepted.
func (a *arrivals) add(userID string, at time.Time) {
	i, ok := number(userID, len(a.first))
	switch {
	case !ok:
		a.strangers++
	case a.first[i] != 0:
		a.twice++
	default:
		ns := at.UnixNano()
		a.first[i] = ns
		a.reached++
		a.last = max(a.last, ns)
		if a.earliest == 0 || ns < a.earliest {
			a.earliest = ns
		}
	}
}

// never is how many recipients nothing was accepted for.
func (a *arrivals) never() int { return len(a.first) - a.reached }

// lost is the count of a cell's result: above 0 recipients that were never reached, below 0 acceptances too many.
func (a *arrivals) lost() int64 {
	if never := a.never(); never > 0 {
		return int64(never)
	}
	return -int64(a.twice + a.strangers)
}

// lateness returns percentiles (0 to 100) of the time from due to each recipient's first acceptance, in ms.
func (a *arrivals) lateness(due time.Time, percentiles ...float64) []float64 {
	sorted := make([]int64, 0, a.reached)
	for _, at := range a.first {
		if at != 0 {
			sorted = append(sorted, at-due.UnixNano())
		}
	}
	slices.Sort(sorted)
	values := make([]float64, len(percentiles))
	for i, p := range percentiles {
		values[i] = float64(percentile.Of(sorted, p)) / float64(time.Millisecond)
	}
	return values
}

// span is how long after a moment the last recipient was reached.
func (a *arrivals) span(from time.Time) time.Duration { return time.Duration(a.last - from.UnixNano()) }
