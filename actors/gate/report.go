package gate

import (
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

// window names a window of a run.
type window struct {
	run    string
	number uint32
}

// reports is what the channel is to be told with the next question, apart from the lots.
type reports struct {
	due   time.Time // when the next question is sent for them alone; zero: there are none
	freed map[window]int
	bytes int
	worry []actors.Trouble // one per endpoint and verdict
	tried []actors.Tried

	// Calls by endpoint and what became of them: told with the next question, no reason for one but where they failed.
	fine, failed, other [2]int
}

func newReports() reports { return reports{freed: make(map[window]int)} }

// begin notes that there is something to report.
func (r *reports) begin(now time.Time) {
	if at := now.Add(flushAfter); r.due.IsZero() || at.Before(r.due) {
		r.due = at
	}
}

// beginNow notes that there is something to report that others wait for.
func (r *reports) beginNow() { r.due = time.Unix(0, 1) }

func (r *reports) free(m Freed, now time.Time) {
	if m.Bytes <= 0 {
		return
	}
	r.freed[window{m.Run, m.Window}] += m.Bytes
	if r.bytes += m.Bytes; r.bytes >= flushBytes {
		r.beginNow()
		return
	}
	r.begin(now)
}

// trouble counts an answer that concerns the channel; the first of its kind is told at once.
func (r *reports) trouble(m Ended, now time.Time) {
	for i := range r.worry {
		if t := &r.worry[i]; t.Endpoint == m.Endpoint && t.Verdict == m.Verdict {
			t.Count++
			r.begin(now)
			return
		}
	}
	r.worry = append(r.worry, actors.Trouble{Endpoint: m.Endpoint, Verdict: m.Verdict, Reason: m.Reason, Count: 1})
	r.beginNow()
}

// tell notes what came of a trial, for which everybody waits.
func (r *reports) tell(t actors.Tried) {
	r.tried = append(r.tried, t)
	r.beginNow()
}

// worries tells whether trouble that the channel was not told of makes tokens of an endpoint void.
func (r *reports) worries(e provider.Endpoint) bool {
	return slices.ContainsFunc(r.worry, func(t actors.Trouble) bool {
		return t.Verdict != provider.Throttled || t.Endpoint == e
	})
}

// take moves everything into a question.
func (r *reports) take(q *actors.WantTokens) {
	for w, n := range r.freed {
		q.Freed = append(q.Freed, actors.Freed{Run: w.run, Window: w.number, Bytes: n})
	}
	clear(r.freed)
	q.Trouble, r.worry = r.worry, nil
	q.Tried, r.tried = r.tried, nil
	q.Fine, q.Failed, q.Other = r.fine, r.failed, r.other
	r.fine, r.failed, r.other = [2]int{}, [2]int{}, [2]int{}
	r.bytes, r.due = 0, time.Time{}
}
