package objects

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// Memory is the store of a simulation. Its clients fail as NATS's do. It blocks on channels and timers only and reads the clock of
// the bubble that it is used in. Its fences are those of a [journal.Memory], so that the journal's appends carry them. Fields are set
// before use.
type Memory struct {
	Faults  Faults        // nil: none
	Request time.Duration // deadline of each request, beside the caller's own; 0 is 1 s

	journal *journal.Memory

	mu       sync.Mutex
	records  map[string]roster.Found
	revision uint64 // of records
	view     Viewed
	clients  map[string]*Client
	absent   int // running Away
}

// NewMemory makes an empty store above the journal's fences.
func NewMemory(j *journal.Memory) *Memory {
	m := &Memory{journal: j, records: map[string]roster.Found{}, clients: map[string]*Client{}}
	m.revision = uint64(time.Now().UnixNano())
	return m
}

// Forget loses the records, as a restart of the servers does. Later revisions are above all earlier ones.
func (m *Memory) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.records)
	m.revision = max(m.revision+1, uint64(time.Now().UnixNano()))
	for _, c := range m.sorted() {
		c.records.restart(c.recordSights())
	}
}

// Away takes the store's leader away for a time: requests are not answered and not carried out. Watches are interrupted at its end.
func (m *Memory) Away(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.absent++
	time.AfterFunc(d, m.back)
}

func (m *Memory) back() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.absent--
	for _, c := range m.sorted() {
		c.restart()
	}
}

// sorted clients, so that one seed is one run; m.mu is held.
func (m *Memory) sorted() []*Client {
	return slices.SortedFunc(maps.Values(m.clients), func(a, b *Client) int { return cmp.Compare(a.name, b.name) })
}

func (m *Memory) request() time.Duration {
	if m.Request == 0 {
		return time.Second
	}
	return m.Request
}

// putRecord and those below it run under m.mu.
func (m *Memory) putRecord(r roster.Record, expect uint64) (uint64, error) {
	found := m.records[r.Incarnation]
	if found.Revision != expect {
		return 0, &Refused[roster.Found]{What: NameRecord(r.Incarnation), Known: true, Found: found}
	}
	m.revision++
	m.records[r.Incarnation] = roster.Found{Record: r, Revision: m.revision}
	for _, c := range m.sorted() {
		c.records.push(recordSight(m.records[r.Incarnation]))
	}
	return m.revision, nil
}

func (m *Memory) putView(v roster.View, expect uint64) (uint64, error) {
	if m.view.Revision != expect {
		return 0, &Refused[Viewed]{What: NameView, Known: true, Found: m.view}
	}
	m.view = Viewed{View: v, Revision: m.view.Revision + 1}
	for _, c := range m.sorted() {
		c.views.push(viewSight(m.view))
	}
	return m.view.Revision, nil
}

func (m *Memory) fences(shards []journal.Shard) ([]Fenced, error) {
	out := make([]Fenced, len(shards))
	for i, s := range m.journal.Stakes(shards) {
		out[i] = Fenced{Shard: s.Shard, Sequence: s.Fence}
		if s.Fence == 0 {
			continue
		}
		var err error
		if out[i].Fence, err = roster.DecodeFence(s.Data); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (m *Memory) putFences(changes []FenceChange, data [][]byte) ([]journal.Fence, error) {
	stakes := make([]journal.Stake, len(changes))
	for i, c := range changes {
		stakes[i] = journal.Stake{Shard: c.Shard, Fence: c.Expect, Data: data[i]}
	}
	fences, ok := m.journal.Exchange(stakes)
	if ok {
		return fences, nil
	}
	found, err := m.fences(shardsOf(changes))
	return nil, &Refused[[]Fenced]{What: NameFences(changes), Known: err == nil, Found: found}
}

func recordSight(f roster.Found) Sight[roster.Record] {
	return Sight[roster.Record]{Event: Stored, Key: f.Record.Incarnation, Value: f.Record, Revision: f.Revision}
}

func viewSight(v Viewed) Sight[roster.View] {
	return Sight[roster.View]{Event: Stored, Value: v.View, Revision: v.Revision}
}
