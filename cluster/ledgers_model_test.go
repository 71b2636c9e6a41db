package cluster_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cluster"
	"hayauma.example/engine/journal"
)

const (
	modelMembers = 3
	modelGrains  = 8 // in about as many shards
	modelMoves   = 40
)

// TestShardsChangeHands: members on one store take shards from each other in every way there is, at random times, while their grains
// append, answers get lost and members are suspended. The seed is in the name of the subtest.
func TestShardsChangeHands(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 15
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newHandsModel(t, seed).run() })
		})
	}
}

// handsModel knows what was promised to whom.
type handsModel struct {
	t       *testing.T
	seed    uint64
	memory  *journal.Memory
	members []*hand

	mu      sync.Mutex // guards what follows
	random  *rand.Rand
	faulty  bool
	units   []*modelUnit
	stored  map[string]*modelUnit // acknowledged, by grain and number
	fired   map[string]bool       // reminders, by name
	outcome map[string]int
}

// modelUnit is one append of an event and its reminder.
type modelUnit struct {
	grain, data string
	number      uint64
	due         time.Time
	outcomes    int
	err         error
}

func newHandsModel(t *testing.T, seed uint64) *handsModel {
	m := &handsModel{
		t: t, seed: seed, memory: journal.NewMemory(uuid.New()), random: rand.New(rand.NewPCG(seed, 1)), faulty: true,
		stored: map[string]*modelUnit{}, fired: map[string]bool{}, outcome: map[string]int{},
	}
	m.memory.Latency = 3 * time.Millisecond
	m.memory.Fault = m.fault
	for i := range modelMembers {
		m.members = append(m.members, m.join(fmt.Sprint("member", i)))
	}
	return m
}

func (m *handsModel) below(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.random.IntN(n)
}

func (m *handsModel) pause(most time.Duration) { time.Sleep(time.Duration(m.below(int(most)))) }

// fault loses one answer in 15 before the append or after it, and refuses one in 30.
func (m *handsModel) fault(c journal.Call) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.Op != "append" || !m.faulty {
		return nil
	}
	switch m.random.IntN(30) {
	case 0:
		return errors.New("no answer")
	case 1:
		if !c.Done {
			return journal.ErrBusy
		}
	}
	return nil
}

func (m *handsModel) unit(grain string, number uint64) *modelUnit {
	due := time.Now().Add(time.Duration(m.below(int(2 * time.Second))))
	m.mu.Lock()
	defer m.mu.Unlock()
	u := &modelUnit{grain: grain, number: number, data: fmt.Sprintf("%08d", len(m.units)), due: due}
	m.units = append(m.units, u)
	return u
}

func (m *handsModel) report(u *modelUnit, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u.outcomes++
	u.err = err
	switch {
	case err == nil:
		key := fmt.Sprint(u.grain, "/", u.number)
		if m.stored[key] != nil {
			m.t.Errorf("%s was acknowledged twice", key)
		}
		m.stored[key] = u
		m.outcome["stored"]++
	case errors.Is(err, journal.ErrLost):
		m.outcome["unclear"]++
	case errors.Is(err, cluster.ErrNotOpen), errors.Is(err, journal.ErrFenced), errors.Is(err, journal.ErrBusy):
		m.outcome["refused"]++
	default:
		m.t.Errorf("%s %d: %v", u.grain, u.number, err)
	}
}

// shards are those in which the grains are.
func modelShards() []journal.Shard {
	var out []journal.Shard
	seen := map[journal.Shard]bool{}
	for i := range modelGrains {
		if s := cluster.ShardOf("r", modelGrain(i)); !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

func (m *handsModel) run() {
	var wg sync.WaitGroup
	for _, shard := range modelShards() {
		wg.Go(func() { m.move(shard) })
	}
	wg.Wait()
	m.mu.Lock()
	m.faulty = false
	m.mu.Unlock()
	for _, h := range m.members {
		if err := h.Stop(m.t.Context()); err != nil {
			m.t.Error(err)
		}
	}
	m.check()
}

// move has one shard change hands until it has had enough; other shards do meanwhile.
func (m *handsModel) move(shard journal.Shard) {
	owner := m.members[0]
	owner.take(shard)
	for range modelMoves {
		m.pause(100 * time.Millisecond)
		next := m.members[m.below(modelMembers)]
		switch what := m.below(10); what {
		case 0: // stolen: the owner finds out by itself, or not before it gives up
			next.take(shard)
			m.pause(50 * time.Millisecond)
			if owner != next {
				owner.give(shard, "drop")
			}
		case 1: // claimed over while it closes
			var wg sync.WaitGroup
			if owner != next {
				wg.Go(func() { owner.give(shard, "close in time") })
				next.take(shard)
			}
			wg.Wait()
		case 2, 3:
			owner.Suspend()
			m.pause(100 * time.Millisecond)
			owner.Resume()
			continue
		default:
			owner.give(shard, []string{"close", "close in time", "close and drop", "drop"}[what%4])
			next.take(shard)
		}
		owner = next
	}
	for _, h := range m.members {
		h.Resume()
		h.give(shard, "close in time")
	}
}

// check reads everything back as a new member.
func (m *handsModel) check() {
	h := m.join("reader")
	defer h.Kill()
	claims, err := m.memory.Claim(m.t.Context(), h.name, modelShards())
	if err != nil {
		m.t.Fatal(err)
	}
	for i, shard := range modelShards() {
		h.has[shard] = &tenure{claim: claims[i]}
	}
	if err := errors.Join(h.Open(m.t.Context(), claims), h.Fire(m.t.Context(), modelShards())); err != nil {
		m.t.Fatal(err)
	}
	time.Sleep(5 * time.Second)
	there := map[string]string{}
	for i := range modelGrains {
		m.read(h, modelGrain(i), there)
	}
	m.compare(there)
}

func (m *handsModel) read(h *hand, grain string, there map[string]string) {
	var last uint64
	for r, err := range h.Replay(m.t.Context(), "r", grain, journal.Grain{Kind: "k", ID: grain}) {
		if err != nil {
			m.t.Fatal(err)
		}
		for ; len(r.Data) > 0; r.Data = r.Data[8:] {
			if last++; r.First > last {
				m.t.Errorf("%s: event %d is missing", grain, last)
			}
			there[string(r.Data[:8])] = fmt.Sprint(grain, "/", last)
		}
	}
}

func (m *handsModel) compare(there map[string]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, u := range m.units {
		at, stored := there[u.data]
		switch {
		case u.outcomes != 1:
			m.t.Errorf("%s %d was reported %d times", u.grain, u.number, u.outcomes)
		case u.err == nil && at != fmt.Sprint(u.grain, "/", u.number):
			m.t.Errorf("%s %d was acknowledged, and is at %q", u.grain, u.number, at)
		case u.err == nil && !m.fired[u.data]:
			m.t.Errorf("the reminder of %s %d never fired", u.grain, u.number)
		case u.err != nil && !errors.Is(u.err, journal.ErrLost) && stored:
			m.t.Errorf("%s %d was refused by %v, and is at %q", u.grain, u.number, u.err, at)
		}
	}
	m.t.Logf("%d units: %v", len(m.units), m.outcome)
}
