package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hayauma.example/engine/journal"
)

// owned is one shard of ours.
type owned struct {
	index int // among all shards of the Solo; the timetable's name of it
	shard journal.Shard

	claiming sync.Mutex // held while the shard is claimed again
	unsure   bool       // a claim of ours got no clear answer, so a newer fence may be our own; guarded by claiming

	mu     sync.Mutex // guards what follows
	claim  journal.Claim
	writer *journal.Writer // nil until the first append
	next   uint64          // number of the next change in the timetable
	bucket bucketName      // of the newest change
	err    error           // why nothing can be appended, ErrFenced or ErrLost
}

// numbersPerFence leaves room for the changes under one fence. Fences are positions in the store, so each record that is stored
// moves the next fence up by as much: the room can't be used up by records, only by 16 million refused changes in a row.
const numbersPerFence = 1 << 24

// bucketName keeps a bucket's id, because most changes follow one of the same hour.
type bucketName struct {
	hour int64
	id   string // "": none yet
}

// bucketOf names the bucket of an hour; o.mu is held.
func (o *owned) bucketOf(hour int64) journal.Grain {
	if o.bucket.id == "" || o.bucket.hour != hour {
		o.bucket = bucketName{hour, bucketID(o.shard.Number, hour)}
	}
	return journal.Grain{Kind: timetableKind, ID: o.bucket.id}
}

// records numbers the changes and packs those of one bucket that stand together; o.mu is held.
func (o *owned) records(changes []change) []journal.Record {
	var out []journal.Record
	last := int64(-1)
	for _, c := range changes {
		hour := hourOf(c.entry.due)
		if hour != last {
			out = append(out, journal.Record{Grain: o.bucketOf(hour), First: o.next, Data: make([]byte, 0, c.size())})
			last = hour
		}
		r := &out[len(out)-1]
		r.Data = appendChange(r.Data, c)
		r.Count++
		o.next++
	}
	return out
}

// take makes a claim ours, with a writer of its own; o.mu is held.
func (o *owned) take(c journal.Claim) {
	o.claim, o.writer, o.err, o.next = c, nil, nil, uint64(c.Fence)*numbersPerFence
}

func (o *owned) state() (journal.Claim, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.claim, o.err
}

// append queues a unit, or says why it can't.
func (s *Solo) append(o *owned, r journal.Record, changes []change, done func(error)) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	w, err := s.writer(o)
	if err != nil {
		return err
	}
	w.Append(r, o.records(changes), done)
	return nil
}

// do runs f in order with the shard's appends.
func (s *Solo) do(o *owned, f func(ctx context.Context, failed error)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w, err := s.writer(o); err == nil {
		w.Do(f)
	}
}

// writer makes the shard's writer at its first use; o.mu is held.
func (s *Solo) writer(o *owned) (*journal.Writer, error) {
	if s.ctx.Err() != nil {
		return nil, journal.ErrClosed
	}
	if o.err != nil {
		return nil, o.err
	}
	if o.writer == nil {
		opts := s.cfg.Writer
		opts.Slots = s.slots
		claim := o.claim
		opts.OnLost = func(err error) { s.lost(o, claim, err) }
		o.writer = journal.NewWriter(s.store, claim, opts)
	}
	return o.writer, nil
}

// lost runs on the writer's goroutine.
func (s *Solo) lost(o *owned, c journal.Claim, err error) {
	o.mu.Lock()
	stale := o.claim != c
	if !stale {
		o.err = err
	}
	o.mu.Unlock()
	if stale {
		return
	}
	s.cfg.Log.Error("shard lost", "role", o.shard.Role, "shard", o.shard.Number, "error", err)
	s.reminders.leave(o.index)
	if errors.Is(err, journal.ErrFenced) {
		s.fenced(o)
		return
	}
	s.reminders.beside(func() { s.regain(o) })
}

func (s *Solo) fenced(o *owned) {
	if s.cfg.OnFenced != nil {
		s.cfg.OnFenced(o.shard)
	}
}

// regain claims a shard again after an unclear answer, so that its reminders come back though nobody replays.
func (s *Solo) regain(o *owned) {
	for {
		_, err := s.hold(s.ctx, o)
		if err == nil || errors.Is(err, journal.ErrFenced) {
			return
		}
		s.cfg.Log.Warn("shard not claimed again yet", "role", o.shard.Role, "shard", o.shard.Number, "error", err)
		if !s.pause(regainEvery) {
			return
		}
	}
}

const regainEvery = time.Second

// pause is false when the Solo ends meanwhile.
func (s *Solo) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// hold returns the shard's claim; where the store's last answer was unclear it claims the shard again first.
func (s *Solo) hold(ctx context.Context, o *owned) (journal.Claim, error) {
	c, err := o.state()
	if err == nil || errors.Is(err, journal.ErrFenced) {
		return c, err
	}
	o.claiming.Lock()
	defer o.claiming.Unlock()
	if c, err = o.state(); err == nil || errors.Is(err, journal.ErrFenced) {
		return c, err
	}
	return s.reclaim(ctx, o)
}

// reclaim makes a shard ours anew, unless another has claimed it meanwhile; o.claiming is held.
func (s *Solo) reclaim(ctx context.Context, o *owned) (journal.Claim, error) {
	if err := s.stillOurs(ctx, o); err != nil {
		return journal.Claim{}, err
	}
	o.unsure = true
	claims, err := s.store.Claim(ctx, s.owner, []journal.Shard{o.shard})
	if err != nil {
		return journal.Claim{}, fmt.Errorf("cluster: claim shard %s %d again: %w", o.shard.Role, o.shard.Number, err)
	}
	hours, err := s.list(ctx, o.shard.Role)
	if err != nil {
		return journal.Claim{}, err
	}
	o.unsure = false
	o.mu.Lock()
	o.take(claims[0])
	s.reminders.enter(o.index, hours[o.shard.Number])
	o.mu.Unlock()
	s.cfg.Log.Info("shard claimed again", "role", o.shard.Role, "shard", o.shard.Number)
	return claims[0], nil
}

// fenceProbe names a grain that has no records: purging it only asks the store whether the fence is still the newest.
var fenceProbe = journal.Grain{Kind: timetableKind + "-probe", ID: "fence"}

// stillOurs refuses to take a shard from another process, which has claimed it since its writer was lost: that one is to go on.
func (s *Solo) stillOurs(ctx context.Context, o *owned) error {
	if o.unsure {
		return nil
	}
	c, _ := o.state()
	err := s.store.Purge(ctx, c, fenceProbe, 0)
	switch {
	case errors.Is(err, journal.ErrFenced):
		o.mu.Lock()
		o.err = err
		o.mu.Unlock()
		s.fenced(o)
		return err
	case err != nil:
		return fmt.Errorf("cluster: look who owns shard %s %d: %w", o.shard.Role, o.shard.Number, err)
	}
	return nil
}
