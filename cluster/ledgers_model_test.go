package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cluster"
	"hayauma.example/engine"
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

// hand is a member; tenures are the shards that it has.
type hand struct {
	*cluster.Ledgers
	m    *handsModel
	name string

	mu   sync.Mutex // guards what follows
	over map[journal.Fence]bool
	has  map[journal.Shard]*tenure
	hurt map[journal.Fence]bool // OnLost was called
}

// tenure is a shard from its opening until it is given up, and the grains that live meanwhile.
type tenure struct {
	claim journal.Claim
	end   context.CancelFunc
	work  sync.WaitGroup
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

func (m *handsModel) join(name string) *hand {
	h := &hand{m: m, name: name, over: map[journal.Fence]bool{}, has: map[journal.Shard]*tenure{}, hurt: map[journal.Fence]bool{}}
	h.Ledgers = cluster.NewLedgers(m.t.Context(), &tap{m.memory, h}, cluster.Config{
		Writer: journal.WriterOptions{AttemptFor: 50 * time.Millisecond, UnclearFor: 100 * time.Millisecond, BusyFor: 300 * time.Millisecond},
		OnLost: h.lost,
	})
	h.OnReminder(h.reminded)
	return h
}

// tap is a member's store: it sees who appends.
type tap struct {
	*journal.Memory
	h *hand
}

// Append implements journal.Store.
func (s *tap) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	s.h.mu.Lock()
	over := s.h.over[c.Fence]
	s.h.mu.Unlock()
	if over {
		s.h.m.t.Errorf("%s appends under fence %d, which it has given up", s.h.name, c.Fence)
	}
	return s.Memory.Append(ctx, c, id, records)
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

func (h *hand) lost(c journal.Claim, _ error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.hurt[c.Fence]:
		h.m.t.Errorf("%s is told twice that it lost fence %d", h.name, c.Fence)
	case h.over[c.Fence]:
		h.m.t.Errorf("%s is told that it lost fence %d, which it has given up", h.name, c.Fence)
	}
	h.hurt[c.Fence] = true
}

func (h *hand) reminded(_, id, name string, due time.Time, _ []byte) {
	shard := cluster.ShardOf("r", id)
	h.mu.Lock()
	tenure := h.has[shard]
	h.mu.Unlock()
	if tenure == nil {
		h.m.t.Errorf("%s fires %s of a shard that it doesn't have", h.name, name)
	}
	if time.Now().Before(due) {
		h.m.t.Errorf("%s fires %v early", name, time.Until(due))
	}
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	h.m.fired[name] = true
}

func modelGrain(i int) string { return fmt.Sprint("grain", i) }

// take claims a shard, whoever has it, and lets its grains live.
func (h *hand) take(shard journal.Shard) {
	claims, err := h.m.memory.Claim(h.m.t.Context(), h.name, []journal.Shard{shard})
	if err != nil {
		h.m.t.Error(err)
		return
	}
	ctx, cancel := context.WithCancel(h.m.t.Context())
	te := &tenure{claim: claims[0], end: cancel}
	h.mu.Lock()
	old := h.has[shard]
	h.has[shard] = te
	h.mu.Unlock()
	if old != nil { // opened over: its grains have left by then
		old.end()
		old.work.Wait()
	}
	if err := h.Open(ctx, claims); err != nil {
		h.m.t.Error(err)
	}
	if err := h.Fire(ctx, []journal.Shard{shard}); err != nil && !errors.Is(err, journal.ErrFenced) {
		h.m.t.Error(err)
	}
	for i := range modelGrains {
		if cluster.ShardOf("r", modelGrain(i)) == shard {
			te.work.Go(func() { h.live(ctx, modelGrain(i)) })
		}
	}
}

// give lets a shard go, by Close or by Drop, after its grains were told to leave, as Vacate does.
func (h *hand) give(shard journal.Shard, how string) {
	h.mu.Lock()
	te := h.has[shard]
	h.mu.Unlock()
	if te == nil {
		return
	}
	te.end()
	ctx, cancel := context.WithTimeout(h.m.t.Context(), time.Duration(h.m.below(int(30*time.Millisecond))))
	defer cancel()
	switch how {
	case "close":
		if err := h.Close(h.m.t.Context(), []journal.Shard{shard}); err != nil {
			h.m.t.Error(err)
		}
	case "close in time":
		_ = h.Close(ctx, []journal.Shard{shard}) // some of it may be refused
	case "close and drop":
		var wg sync.WaitGroup
		wg.Go(func() { _ = h.Close(ctx, []journal.Shard{shard}) })
		h.m.pause(5 * time.Millisecond)
		h.Drop([]journal.Shard{shard})
		wg.Wait()
	case "drop":
		h.Drop([]journal.Shard{shard})
		time.Sleep(time.Nanosecond) // what is just being told is told
	}
	h.mu.Lock()
	h.over[te.claim.Fence] = true
	delete(h.has, shard)
	h.mu.Unlock()
	te.work.Wait()
}

// live is a grain's activations under one claim: each replays, and appends some units until one fails.
func (h *hand) live(ctx context.Context, grain string) {
	for ctx.Err() == nil {
		if number, err := h.replay(ctx, grain); err == nil {
			h.activation(ctx, grain, number)
		}
		h.m.pause(20 * time.Millisecond)
	}
}

func (h *hand) replay(ctx context.Context, grain string) (last uint64, err error) {
	for r, err := range h.Replay(ctx, "r", grain, journal.Grain{Kind: "k", ID: grain}) {
		if err != nil {
			return 0, err
		}
		if r.First != last+1 {
			h.m.t.Errorf("%s: event %d follows %d", grain, r.First, last)
		}
		last = r.First + uint64(r.Count) - 1
	}
	return last, nil
}

func (h *hand) activation(ctx context.Context, grain string, last uint64) {
	failed := make(chan struct{})
	var once sync.Once
	for ctx.Err() == nil {
		select {
		case <-failed:
			return
		default:
		}
		last++
		u := h.m.unit(grain, last)
		h.Append(engine.Unit{
			Grain: journal.Grain{Kind: "k", ID: grain}, Role: "r", Key: grain, First: last, Count: 1, Data: []byte(u.data),
			Marks: []engine.Mark{{Name: u.data, Due: u.due}},
		}, func(err error) {
			h.m.report(u, err)
			if err != nil {
				once.Do(func() { close(failed) })
			}
		})
		h.m.pause(6 * time.Millisecond)
	}
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
