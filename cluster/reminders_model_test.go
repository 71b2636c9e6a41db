package cluster_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"hayauma.example/cluster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// act is one step of a plan, drawn before the bubble is entered.
type act struct {
	What  string // set, forget, wait, crash, lose
	Grain int
	After time.Duration // of the due time, or to wait; may be negative for a due time
}

func drawActs(r *rapid.T) []act {
	var acts []act
	for range rapid.IntRange(1, 40).Draw(r, "steps") {
		acts = append(acts, act{
			What:  rapid.SampledFrom([]string{"set", "set", "set", "forget", "wait", "wait", "crash", "lose"}).Draw(r, "what"),
			Grain: rapid.IntRange(0, 4).Draw(r, "grain"),
			After: time.Duration(rapid.Int64Range(-int64(time.Hour), int64(5*time.Hour)).Draw(r, "after")),
		})
	}
	return acts
}

// TestRemindersMatchModel: through crashes and lost answers every reminder that was acknowledged fires, not before it is due and
// at its due time to the nanosecond where the process runs, and none fires after it was forgotten.
func TestRemindersMatchModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		acts := drawActs(r)
		var problems []string
		synctest.Test(t, func(t *testing.T) {
			m := &reminderModel{
				t: t, store: journal.NewMemory(uuid.New()), due: map[string]time.Time{}, first: map[string]time.Time{},
				ready: map[string]time.Time{}, changed: map[string]time.Time{}, number: map[string]uint64{},
			}
			problems = m.run(acts)
		})
		if len(problems) > 0 {
			r.Fatal(strings.Join(problems, "\n"))
		}
	})
}

type reminderModel struct {
	t     *testing.T
	store *journal.Memory
	began time.Time // of this process
	*cluster.Ledgers

	mu       sync.Mutex
	losing   bool
	due      map[string]time.Time // acknowledged reminders
	first    map[string]time.Time // when each of them fired first
	ready    map[string]time.Time // when each of them was known to the process
	changed  map[string]time.Time // when it was set or forgotten: what was being told at that instant may be the old one
	unclear  string               // the grain whose change may be stored already, or not yet
	number   map[string]uint64
	problems []string
}

func (m *reminderModel) complain(format string, v ...any) {
	m.problems = append(m.problems, fmt.Sprintf(format, v...))
}

func (m *reminderModel) run(acts []act) []string {
	m.store.Fault = func(c journal.Call) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if c.Op == "append" && c.Done && m.losing {
			return fmt.Errorf("lost")
		}
		return nil
	}
	m.open()
	for _, a := range acts {
		m.step(a)
	}
	time.Sleep(12 * time.Hour)
	synctest.Wait()
	m.mu.Lock()
	for id, due := range m.due {
		if m.first[id].IsZero() {
			m.complain("%s, due %v, never fired", id, due)
		}
	}
	m.mu.Unlock()
	m.Kill()
	return m.problems
}

func (m *reminderModel) open() {
	m.Ledgers = cluster.NewLedgers(m.t.Context(), m.store, cluster.Config{Writer: journal.WriterOptions{UnclearFor: time.Second}})
	m.began = time.Now()
	m.OnReminder(m.fired)
	m.take(shardsOf("r")...)
	synctest.Wait()
}

// take claims shards, as their owner does at its start and after an unclear answer.
func (m *reminderModel) take(shards ...journal.Shard) {
	claims, err := m.store.Claim(m.t.Context(), "owner", shards)
	if err = errors.Join(err, m.Open(m.t.Context(), claims), m.Fire(m.t.Context(), shards)); err != nil {
		m.t.Fatal(err)
	}
}

func (m *reminderModel) fired(_, id, _ string, due time.Time, _ []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	want, ok := m.due[id]
	switch {
	case id == m.unclear, now.Equal(m.changed[id]):
	case !ok:
		m.complain("%s fired after it was forgotten", id)
	case !due.Equal(want) || now.Before(due):
		m.complain("%s fired for %v at %v, due %v", id, due, now, want)
	case m.first[id].IsZero():
		m.first[id] = now
		if due.After(m.began) && due.After(m.ready[id]) && !now.Equal(due) {
			m.complain("%s fired %v late", id, now.Sub(due))
		}
	}
}

func (m *reminderModel) step(a act) {
	id := fmt.Sprint("g", a.Grain)
	switch a.What {
	case "wait":
		time.Sleep(a.After.Abs())
	case "crash":
		m.Kill()
		time.Sleep(a.After.Abs())
		m.open()
	case "set":
		m.change(id, time.Now().Add(a.After), false)
	case "forget":
		m.change(id, time.Time{}, true)
	case "lose":
		m.mu.Lock()
		m.losing = true
		m.mu.Unlock()
		m.change(id, time.Now().Add(a.After), false)
		m.mu.Lock()
		m.losing = false
		m.mu.Unlock()
		m.take(cluster.ShardOf("r", id))
		synctest.Wait()
		m.mu.Lock()
		for id := range m.due { // the whole shard was away
			m.ready[id] = time.Now()
		}
		m.mu.Unlock()
	}
	synctest.Wait()
}

// change replaces or forgets a reminder. After an unclear answer the owner looks what is stored, which is always the change here.
func (m *reminderModel) change(id string, due time.Time, forget bool) {
	m.mu.Lock()
	old, had := m.due[id]
	m.number[id]++
	number := m.number[id]
	m.unclear = id
	m.mu.Unlock()
	var marks []engine.Mark
	if had {
		marks = append(marks, engine.Mark{Name: "m", Due: old, Forget: true})
	}
	if !forget {
		marks = append(marks, engine.Mark{Name: "m", Due: due})
	}
	result := make(chan error, 1)
	u := unit(id, number, 1, marks...)
	u.Role, u.Data = "r", []byte("e")
	m.Append(u, func(err error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if err == nil || m.losing {
			m.changed[id] = time.Now()
			delete(m.first, id)
			delete(m.due, id)
			if !forget {
				m.due[id] = time.Unix(0, due.UnixNano()).UTC()
				m.ready[id] = time.Now()
			}
			m.unclear = ""
		}
		result <- err
	})
	if err := <-result; err != nil && !m.losing {
		m.t.Error(err)
	}
}
