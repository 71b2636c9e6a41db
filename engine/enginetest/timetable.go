package enginetest

import (
	"container/heap"
	"slices"
	"sync"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// again is how long a fired reminder waits before it fires once more.
const again = 30 * time.Second

// reminder is one entry of the timetable.
type reminder struct {
	grain journal.Grain
	mark  engine.Mark
	at    time.Time // when it fires next
	index int       // in the heap
}

// reminderKey: within an hour a name replaces itself, as in a cluster.
type reminderKey struct {
	grain journal.Grain
	name  string
	hour  int64
}

// timetable fires reminders in order of time, with one timer. Its owner's mutex guards it.
type timetable struct {
	mu     *sync.Mutex
	byName map[reminderKey]*reminder
	queue  queue
	fire   func(kind, id, name string, due time.Time, payload []byte)
	timer  *time.Timer
	closed bool
}

func (t *timetable) init(mu *sync.Mutex) {
	t.mu, t.byName = mu, map[reminderKey]*reminder{}
}

func (t *timetable) start(fire func(kind, id, name string, due time.Time, payload []byte)) {
	t.fire = fire
	t.arm()
}

// mark sets or forgets a reminder. Forgetting names the due time too: a reminder that was replaced meanwhile stays.
func (t *timetable) mark(g journal.Grain, m engine.Mark) {
	key := keyOf(g, m.Name, m.Due)
	old := t.byName[key]
	if m.Forget && (old == nil || !old.mark.Due.Equal(m.Due)) {
		return
	}
	if old != nil {
		heap.Remove(&t.queue, old.index)
		delete(t.byName, key)
	}
	if !m.Forget {
		r := &reminder{grain: g, mark: m, at: m.Due}
		t.byName[key] = r
		heap.Push(&t.queue, r)
	}
	t.arm()
}

func keyOf(g journal.Grain, name string, due time.Time) reminderKey {
	return reminderKey{g, name, due.Unix() / 3600}
}

func (t *timetable) payload(g journal.Grain, name string, due time.Time) ([]byte, error) {
	r := t.byName[keyOf(g, name, due)]
	if t.closed || r == nil || !r.mark.Due.Equal(due) {
		return nil, engine.ErrNoReminder
	}
	return slices.Clone(r.mark.Payload), nil
}

// arm sets the timer to the first reminder.
func (t *timetable) arm() {
	if t.fire == nil || t.closed || len(t.queue) == 0 {
		return
	}
	d := max(1, time.Until(t.queue[0].at)) // not at once: see package bubble
	if t.timer == nil {
		t.timer = time.AfterFunc(d, t.run)
		return
	}
	t.timer.Reset(d)
}

func (t *timetable) run() {
	for _, r := range t.due(time.Now()) {
		payload := r.mark.Payload
		if len(payload) > engine.InlinePayload {
			payload = nil
		}
		t.fire(r.grain.Kind, r.grain.ID, r.mark.Name, r.mark.Due, payload)
	}
}

func (t *timetable) due(now time.Time) []reminder {
	t.mu.Lock()
	defer t.mu.Unlock()
	var due []reminder
	for !t.closed && len(t.queue) > 0 && !t.queue[0].at.After(now) {
		r := t.queue[0]
		due = append(due, *r)
		r.at = now.Add(again)
		heap.Fix(&t.queue, 0)
	}
	t.arm()
	return due
}

func (t *timetable) close() {
	t.closed = true
	if t.timer != nil {
		t.timer.Stop()
	}
}

// queue is a heap by time.
type queue []*reminder

// Len implements heap.Interface.
func (q queue) Len() int { return len(q) }

// Less implements heap.Interface.
func (q queue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }

// Swap implements heap.Interface.
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	r := x.(*reminder)
	r.index = len(*q)
	*q = append(*q, r)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	last := len(*q) - 1
	r := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return r
}
