package webhook

import "time"

// item is one delivery that waits.
type item struct {
	fact
	source int    // whose cursor moves when it is done; sources: nobody's
	cursor Cursor // where to
	body   []byte // made by the first try
}

// queue is what waits, in order, and how far each source was delivered.
type queue struct {
	items  []*item
	bytes  int
	newest [sources]*item // of each source, of those that wait
	at     [sources]Cursor
}

func (q *queue) add(x *item) {
	q.items = append(q.items, x)
	q.bytes += x.size()
	if x.source < sources {
		q.newest[x.source] = x
	}
}

// through says that all records of a source up to a position are in the queue, or needn't be.
func (q *queue) through(source int, position uint64) {
	end := Cursor{Position: position}
	if x := q.newest[source]; x != nil {
		x.cursor = end
		return
	}
	q.at[source] = end
}

// head is the next one; nil: nothing waits.
func (q *queue) head() *item {
	if len(q.items) == 0 {
		return nil
	}
	return q.items[0]
}

// pop takes the head out: it is done.
func (q *queue) pop() {
	x := q.items[0]
	q.items[0] = nil
	q.items = q.items[1:]
	q.bytes -= x.size()
	if x.source == sources {
		return
	}
	q.at[x.source] = x.cursor
	if q.newest[x.source] == x {
		q.newest[x.source] = nil
	}
}

// progressEvery is the least time between two CampaignProgress of one campaign.
const progressEvery = 10 * time.Second

// pace is when the figures of a run may be told again.
type pace struct {
	newest fact      // that they have changed
	told   uint64    // number of the event up to which they were told
	after  time.Time // not before
	queued bool
	timed  bool // a look is under way in time
}

// ready tells whether to tell now, and if not, how long to wait; below 0: there is nothing to wait for.
func (p *pace) ready(now time.Time) (bool, time.Duration) {
	switch {
	case p.queued:
		return false, -1
	case now.Before(p.after):
		return false, p.after.Sub(now)
	case p.newest.number <= p.told:
		return false, -1
	}
	return true, 0
}
