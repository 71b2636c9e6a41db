package journal

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Fault is asked twice about each operation of a [Memory]: before it (Done false), where an error refuses it, and after it
// (Done true), where an error takes the place of the answer although all of it was done. It runs outside the store's lock.
type Fault func(Call) error

// Call describes an operation to a [Fault]. Op is one of claim, append, replay, page, purge, follow, put, get and drop.
type Call struct {
	Op      string
	Shard   Shard
	Grain   Grain
	ID      string // of a batch, or an object's name
	Records []Record
	Done    bool
}

// ErrStoreTwice, returned by a [Fault] before an append, makes Memory store the batch twice and answer nil, as a store does
// whose memory of batch ids ran out between an attempt and its repeat.
var ErrStoreTwice = errors.New("journal: store twice")

// Memory is a Store and Objects in memory. It starts no goroutine and reads the clock of the bubble that it is used in. It
// outlives its owners, so a test that drops a System and starts another on the same Memory has simulated a crash. Fields are set
// before use.
type Memory struct {
	Latency  time.Duration // of every append, claim and put
	MaxBytes uint64        // of Data; 0 is no limit
	Fault    Fault

	cluster uuid.UUID

	mu        sync.Mutex
	seq       uint64
	stats     Stats
	shards    map[Shard]*memoryShard
	objects   map[string][]byte
	followers map[*follower]bool
}

type memoryShard struct {
	fence   Fence
	stake   []byte // what its owner wrote
	lastID  string // one append in flight, so only the newest batch can be repeated
	records map[Grain][]Record
}

var (
	_ Store   = (*Memory)(nil)
	_ Objects = (*Memory)(nil)
)

// NewMemory makes an empty store.
func NewMemory(clusterID uuid.UUID) *Memory {
	return &Memory{cluster: clusterID, shards: map[Shard]*memoryShard{}, objects: map[string][]byte{}}
}

// ClusterID implements [Store].
func (m *Memory) ClusterID() uuid.UUID { return m.cluster }

// Claim implements [Store].
func (m *Memory) Claim(ctx context.Context, owner string, shards []Shard) ([]Claim, error) {
	if err := CheckClaim(owner, shards); err != nil {
		return nil, err
	}
	if err := m.before(ctx, Call{Op: "claim"}); err != nil {
		return nil, err
	}
	claims := m.claim(owner, shards)
	return claims, m.after(Call{Op: "claim"})
}

func (m *Memory) claim(owner string, shards []Shard) []Claim {
	m.mu.Lock()
	defer m.mu.Unlock()
	claims := make([]Claim, len(shards))
	for i, s := range shards {
		claims[i] = Claim{Shard: s, Fence: m.stake(s, ownerStake(owner))}
	}
	return claims
}

// Append implements [Store].
func (m *Memory) Append(ctx context.Context, c Claim, id string, records []Record) error {
	if err := CheckBatch(records); err != nil {
		return err
	}
	call := Call{Op: "append", Shard: c.Shard, ID: id, Records: records}
	err := m.before(ctx, call)
	twice := errors.Is(err, ErrStoreTwice)
	if err != nil && !twice {
		return err
	}
	if err := m.append(c, id, records, twice); err != nil {
		return err
	}
	return m.after(call)
}

func (m *Memory) append(c Claim, id string, records []Record, twice bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	sh, err := m.fenced(c)
	if err != nil {
		return err
	}
	if id != "" && sh.lastID == id {
		return nil
	}
	size := Size(records)
	if twice {
		size *= 2
	}
	if m.MaxBytes > 0 && m.stats.Bytes+size > m.MaxBytes {
		return ErrFull
	}
	sh.lastID = id
	m.store(c.Shard.Role, sh, records)
	if twice {
		m.store(c.Shard.Role, sh, records)
	}
	return nil
}

func (m *Memory) store(role string, sh *memoryShard, records []Record) {
	now := time.Now()
	for _, r := range records {
		m.seq++
		r.Data, r.Stored, r.Position = bytes.Clone(r.Data), now, m.seq
		sh.records[r.Grain] = append(sh.records[r.Grain], r)
		m.show(role, r)
		m.stats.Records++
		m.stats.Bytes += uint64(len(r.Data))
	}
}

// fenced returns the claim's shard; m.mu is held.
func (m *Memory) fenced(c Claim) (*memoryShard, error) {
	sh := m.shards[c.Shard]
	if sh == nil || sh.fence != c.Fence {
		return nil, ErrFenced
	}
	return sh, nil
}

// Replay implements [Store]. It yields from a copy of the list: appends and purges in between don't show.
func (m *Memory) Replay(ctx context.Context, c Claim, g Grain) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		records, err := m.records(ctx, "replay", c, g)
		if err != nil {
			yield(Record{}, err)
			return
		}
		replay(records, yield)
	}
}

func (m *Memory) records(ctx context.Context, op string, c Claim, g Grain) ([]Record, error) {
	if err := CheckGrain(g); err != nil {
		return nil, err
	}
	if err := m.ask(ctx, Call{Op: op, Shard: c.Shard, Grain: g}); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	sh, err := m.fenced(c)
	if err != nil {
		return nil, err
	}
	records := sh.records[g]
	return slices.Clip(records), nil
}

func replay(records []Record, yield func(Record, error) bool) {
	var order Order
	for _, r := range records[NewestSnapshot(records):] {
		switch ok, err := order.Next(r); {
		case err != nil:
			yield(Record{}, err)
			return
		case ok && !yield(r, nil):
			return
		}
	}
}

// Page implements [Store].
func (m *Memory) Page(ctx context.Context, c Claim, g Grain, from uint64, most int) ([]Record, error) {
	records, err := m.records(ctx, "page", c, g)
	if err != nil {
		return nil, err
	}
	first, _ := slices.BinarySearchFunc(records, from, func(r Record, from uint64) int { return cmp.Compare(r.Position, from) })
	return records[first:min(len(records), first+most)], nil
}

// Purge implements [Store].
func (m *Memory) Purge(ctx context.Context, c Claim, g Grain, below uint64) error {
	if err := CheckGrain(g); err != nil {
		return err
	}
	call := Call{Op: "purge", Shard: c.Shard, Grain: g}
	if err := m.ask(ctx, call); err != nil {
		return err
	}
	if err := m.purge(c, g, below); err != nil {
		return err
	}
	return m.after(call)
}

func (m *Memory) purge(c Claim, g Grain, below uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	sh, err := m.fenced(c)
	if err != nil {
		return err
	}
	var kept []Record // a new list: a replay may be reading the old one
	for _, r := range sh.records[g] {
		if below > 0 && r.Position >= below {
			kept = append(kept, r)
			continue
		}
		m.stats.Records--
		m.stats.Bytes -= uint64(len(r.Data))
	}
	sh.records[g] = kept
	if kept == nil {
		delete(sh.records, g)
	}
	return nil
}

// Grains implements [Store].
func (m *Memory) Grains(ctx context.Context, role, kind string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, id := range m.ids(role, kind) {
			if !yield(id, ctx.Err()) {
				return
			}
		}
	}
}

func (m *Memory) ids(role, kind string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for s, sh := range m.shards {
		if s.Role != role {
			continue
		}
		for g := range sh.records {
			if g.Kind == kind {
				ids = append(ids, g.ID)
			}
		}
	}
	return ids
}

// Skew implements [Store]: there is one clock.
func (m *Memory) Skew(ctx context.Context) (time.Duration, error) { return 0, ctx.Err() }

// Stats implements [Store].
func (m *Memory) Stats(ctx context.Context) (Stats, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats, ctx.Err()
}

// Put implements [Objects].
func (m *Memory) Put(ctx context.Context, name string, data []byte) error {
	if err := CheckObject(name, data); err != nil {
		return err
	}
	call := Call{Op: "put", ID: name}
	if err := m.before(ctx, call); err != nil {
		return err
	}
	m.mu.Lock()
	m.remove(name)
	m.objects[name] = bytes.Clone(data)
	m.stats.Objects++
	m.stats.ObjectBytes += uint64(len(data))
	m.mu.Unlock()
	return m.after(call)
}

// Get implements [Objects].
func (m *Memory) Get(ctx context.Context, name string) ([]byte, error) {
	if err := CheckObject(name, nil); err != nil {
		return nil, err
	}
	if err := m.ask(ctx, Call{Op: "get", ID: name}); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.objects[name]
	if !ok {
		return nil, ErrNotFound
	}
	return bytes.Clone(data), nil
}

// Drop implements [Objects].
func (m *Memory) Drop(ctx context.Context, prefix string) error {
	if err := CheckObject(prefix, nil); err != nil {
		return err
	}
	call := Call{Op: "drop", ID: prefix}
	if err := m.ask(ctx, call); err != nil {
		return err
	}
	m.mu.Lock()
	for name := range m.objects {
		if strings.HasPrefix(name, prefix+".") {
			m.remove(name)
		}
	}
	m.mu.Unlock()
	return m.after(call)
}

// remove forgets an object; m.mu is held.
func (m *Memory) remove(name string) {
	if old, ok := m.objects[name]; ok {
		m.stats.Objects--
		m.stats.ObjectBytes -= uint64(len(old))
		delete(m.objects, name)
	}
}

// before takes the latency of a write and asks the fault.
func (m *Memory) before(ctx context.Context, c Call) error {
	if m.Latency > 0 {
		t := time.NewTimer(m.Latency)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return m.ask(ctx, c)
}

func (m *Memory) ask(ctx context.Context, c Call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.Fault == nil {
		return nil
	}
	return m.Fault(c)
}

func (m *Memory) after(c Call) error {
	if m.Fault == nil {
		return nil
	}
	c.Done = true
	return m.Fault(c)
}
