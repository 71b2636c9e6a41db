package simulation

import (
	"bytes"
	"context"
	"errors"
	"time"

	"hayauma.example/actors/plan"
	"hayauma.example/actors/provider"
	"hayauma.example/engine/enginetest/bubble"
	"hayauma.example/engine/journal"
)

var (
	errDead = errors.New("simulation: the process is dead")
	errLost = errors.New("simulation: the answer is lost")

	errTrouble = errors.New("simulation: the store is in trouble")
)

// store is the journal as one incarnation sees it.
type store struct {
	journal.Store
	in *incarnation
}

// Append implements journal.Store. One that is under way when its process dies is lost, stored, or arrives when its fence is stale.
func (s *store) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	in := s.in
	if in.reach("journal.append.before"); in.dead.Load() {
		return errDead
	}
	select {
	case <-in.died:
		return s.orphan(c, id, records)
	case <-ctx.Done():
		return ctx.Err()
	case <-bubble.After(in.w.within(max(0, in.w.sc.latency))):
	}
	if err := in.during(ctx); err != nil {
		return err
	}
	if in.dead.Load() {
		return s.orphan(c, id, records)
	}
	err := s.Store.Append(context.WithoutCancel(ctx), c, id, records)
	if err == nil || errors.Is(err, errLost) {
		in.w.stored(in.number, records)
	}
	if in.reach("journal.append.after"); in.dead.Load() {
		return errDead
	}
	return err
}

// orphan is an append whose process died while it was under way.
func (s *store) orphan(c journal.Claim, id string, records []journal.Record) error {
	w, number := s.in.w, s.in.number
	switch {
	case w.chance(0.4):
	case w.chance(0.5):
		if err := s.Store.Append(context.Background(), c, id, records); err == nil || errors.Is(err, errLost) {
			w.stored(number, records)
		}
	default:
		time.AfterFunc(w.sc.downtime+time.Second, func() {
			taken := w.taken(number, c)
			if err := s.Store.Append(context.Background(), c, id, records); err == nil || errors.Is(err, errLost) {
				w.stored(number, records)
				if taken {
					w.wrong("an append of a dead incarnation was stored after the next one's claim")
				}
			}
		})
	}
	return errDead
}

// taken tells whether a later incarnation has claimed the shard, or joined a second ago and lives: it has claimed every shard by then. One that
// dies as it starts has claimed nothing.
func (w *world) taken(number int, c journal.Claim) bool {
	if w.memory.Stakes([]journal.Shard{c.Shard})[0].Fence != c.Fence {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	in := w.live
	return in != nil && in.number > number && in.joined > 0 && w.now()-in.joined >= time.Second
}

func (w *world) stored(by int, records []journal.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range records {
		w.appended = append(w.appended, appended{r.Grain, r.First, r.Count, by})
		l := entryOf(w, "stored", "", by)
		l.record = r
		w.lines = append(w.lines, l)
	}
}

// objects are the stored bytes as one incarnation sees them.
type objects struct {
	journal.Objects
	in *incarnation
}

// Put implements journal.Objects.
func (o *objects) Put(ctx context.Context, name string, data []byte) error {
	if o.in.reach("objects.put.before"); o.in.dead.Load() {
		return errDead
	}
	if o.in.w.sc.altered > 0 {
		data = o.in.w.alter(data)
	}
	if err := o.in.during(ctx); err != nil {
		return err
	}
	if err := o.Objects.Put(ctx, name, data); err != nil {
		return err
	}
	if o.in.reach("objects.put.after"); o.in.dead.Load() {
		return errDead
	}
	return nil
}

// alter changes hashes of a frozen chunk, always the same ones.
func (w *world) alter(data []byte) []byte {
	chunk, err := plan.DecodeChunk(data)
	if err != nil {
		return data // something else
	}
	out := bytes.Clone(data)
	change := func(h plan.Hash) {
		if i := bytes.Index(out, h[:]); i >= 0 && float64(h[0])/256 < w.sc.altered {
			out[i+1] ^= 0xff
		}
	}
	change(chunk.Hash)
	for _, r := range chunk.Recipients {
		change(r.Hash)
	}
	return out
}

// Get implements journal.Objects.
func (o *objects) Get(ctx context.Context, name string) ([]byte, error) {
	if o.in.dead.Load() {
		return nil, errDead
	}
	if err := o.in.during(ctx); err != nil {
		return nil, err
	}
	return o.Objects.Get(ctx, name)
}

// Drop implements journal.Objects.
func (o *objects) Drop(ctx context.Context, prefix string) error {
	if o.in.dead.Load() {
		return errDead
	}
	return o.Objects.Drop(ctx, prefix)
}

// caller is the provider as one incarnation sees it.
type caller struct {
	provider.Provider
	in      *incarnation
	channel string
}

// Send implements provider.Provider. A dead process starts no call; one that is under way may be accepted.
func (p *caller) Send(ctx context.Context, c provider.Call) provider.Answer {
	w := p.in.w
	if p.in.dead.Load() {
		return provider.Answer{Verdict: provider.Unsent, Reason: errDead.Error()}
	}
	w.mu.Lock()
	w.calls = append(w.calls, call{at: w.now(), endpoint: int(c.Endpoint), user: c.To[0], n: len(c.To), key: c.Key.String(), channel: p.channel})
	l := entryOf(w, "call", c.Key.String(), p.in.number)
	l.user, l.n = c.To[0], len(c.To)
	w.lines = append(w.lines, l)
	w.mu.Unlock()
	a := p.Provider.Send(ctx, c)
	w.mu.Lock()
	l = entryOf(w, "answer", c.Key.String(), p.in.number)
	l.user, l.n, l.status, l.verdict = c.To[0], len(c.To), a.Status, int(a.Verdict)
	w.lines = append(w.lines, l)
	w.mu.Unlock()
	return a
}
