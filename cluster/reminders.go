package cluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	"hayauma.example/engine/journal"
)

const (
	firings   = 1000        // told between two looks at the clock
	readAgain = time.Second // after a bucket could not be read

	// lookAgain bounds how late a reminder is after the wall's clock was set forward, or the machine has slept: timers don't notice.
	lookAgain = 10 * time.Second
)

// reminders runs a timetable: one timer, and a goroutine only while something fires or is read.
type reminders struct {
	solo *Solo
	fire func(kind, id, name string, due time.Time, payload []byte) // set before start

	now  func() int64 // the wall's clock
	work sync.WaitGroup

	mu      sync.Mutex // guards what follows
	table   *timetable
	timer   *time.Timer
	armed   int64 // when the timer rings; 0: it doesn't
	started bool
	stopped bool
	running bool  // a tick is
	retry   int64 // when to read again what failed, 0 if nothing did
}

func newReminders(s *Solo) *reminders {
	return &reminders{solo: s, table: newTimetable(), now: wall, fire: func(string, string, string, time.Time, []byte) {}}
}

func wall() int64 { return time.Now().UnixNano() }

// know tells of the hours that are stored.
func (r *reminders) know(shard int, hours []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range hours {
		r.table.know(bucketKey{shard, h})
	}
}

// start reads what is near and begins to fire.
func (r *reminders) start(ctx context.Context) error {
	r.mu.Lock()
	keys := r.table.approach(r.now())
	r.mu.Unlock()
	for i, k := range keys {
		if err := r.load(ctx, k); err != nil {
			r.giveBack(keys[i:])
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started = true
	r.arm()
	return nil
}

// apply takes changes that are stored, on the writer's goroutine.
func (r *reminders) apply(o *owned, changes []change) {
	if len(changes) == 0 {
		return
	}
	at := r.now()
	r.mu.Lock()
	var spent []bucketKey
	for _, c := range changes {
		r.table.apply(o.index, c, at)
		k := bucketKey{o.index, hourOf(c.entry.due)}
		if c.forget && over(k, at) && r.table.spent(k) {
			spent = append(spent, k)
		}
	}
	r.arm()
	r.mu.Unlock()
	r.purge(spent)
}

// over: the hour is past.
func over(k bucketKey, at int64) bool { return k.hour < hourOf(at) }

// leave forgets a shard that was lost.
func (r *reminders) leave(shard int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.table.leave(shard)
}

// enter takes a shard that was claimed again.
func (r *reminders) enter(shard int, hours []int64) {
	r.leave(shard)
	r.know(shard, hours)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retry = r.now() // they may be near
	r.arm()
}

// arm sets the timer to what comes first, or earlier: while there is anything to wait for it rings every 10 s. r.mu is held.
func (r *reminders) arm() {
	if !r.started || r.stopped || r.running {
		return
	}
	now := r.now()
	at, ok := r.table.wake(now)
	if r.retry > 0 && (!ok || r.retry < at) {
		at, ok = r.retry, true
	}
	switch {
	case !ok:
		if r.timer != nil {
			r.timer.Stop()
		}
		r.armed = 0
	case r.armed == 0 || at < r.armed:
		r.ring(now, min(time.Duration(at-now), lookAgain))
	}
}

func (r *reminders) ring(now int64, after time.Duration) {
	r.armed = now + int64(after)
	if r.timer == nil {
		r.timer = time.AfterFunc(after, r.tick)
		return
	}
	r.timer.Reset(after)
}

// beside runs f on a goroutine of its own that wait waits for.
func (r *reminders) beside(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopped {
		r.work.Go(f)
	}
}

// tick fires what is due, begins to read what comes near, purges what is over, and sets the timer.
func (r *reminders) tick() {
	if !r.begin() {
		return
	}
	defer r.work.Done()
	var batch []entry
	for {
		at := r.now()
		r.mu.Lock()
		keys, spent := r.near(at), r.table.overAndSpent(at)
		batch = r.table.take(at, firings, batch[:0])
		stopped := r.stopped
		if len(batch) == 0 || stopped {
			r.running, r.armed = false, 0
			r.arm()
		}
		r.mu.Unlock()
		r.read(keys)
		r.purge(spent)
		if len(batch) == 0 || stopped {
			return
		}
		r.tell(batch)
		clear(batch)
	}
}

func (r *reminders) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running || r.stopped {
		return false
	}
	r.running = true
	r.work.Add(1)
	return true
}

// near returns what is to be read now; r.mu is held.
func (r *reminders) near(at int64) []reading {
	if r.retry > at || r.stopped {
		return nil
	}
	r.retry = 0
	return r.table.approach(at)
}

func (r *reminders) tell(batch []entry) {
	for _, e := range batch {
		r.fire(e.kind, e.id, e.name, time.Unix(0, e.due).UTC(), e.payload)
	}
}

// read loads buckets beside the firing; r.work is counted by the caller's tick, so it can't be over.
func (r *reminders) read(keys []reading) {
	if len(keys) == 0 {
		return
	}
	r.work.Go(func() {
		for i, k := range keys {
			if err := r.load(r.solo.ctx, k); err != nil {
				r.solo.cfg.Log.Warn("timetable not read", "role", r.solo.shards[k.shard].shard.Role, "error", err)
				r.giveBack(keys[i:])
				return
			}
		}
	})
}

// giveBack makes buckets far again and has them read later.
func (r *reminders) giveBack(keys []reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range keys {
		r.table.failed(k)
	}
	r.retry = r.now() + int64(readAgain)
	r.arm()
}

// load reads one bucket.
func (r *reminders) load(ctx context.Context, k reading) error {
	o := r.solo.shards[k.shard]
	c, err := r.solo.hold(ctx, o)
	if err != nil {
		return err
	}
	g := journal.Grain{Kind: timetableKind, ID: bucketID(o.shard.Number, k.hour)}
	var list []change
	for rec, err := range r.solo.store.Replay(ctx, c, g) {
		if err != nil {
			return err
		}
		if list, err = decodeChanges(list, rec.Data); err != nil {
			return fmt.Errorf("%w: %s, record %d", err, g.ID, rec.First)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.table.loaded(k, list)
	r.arm()
	return nil
}

// purge drops buckets in order with their shard's appends, unless a reminder came meanwhile.
func (r *reminders) purge(keys []bucketKey) {
	for _, k := range keys {
		o := r.solo.shards[k.shard]
		r.solo.do(o, func(ctx context.Context, failed error) {
			if failed == nil && r.begone(k) {
				r.drop(ctx, o, k)
			}
		})
	}
}

func (r *reminders) begone(k bucketKey) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.table.spent(k)
}

// drop runs on the writer's goroutine: nothing is appended meanwhile, so nothing changes the bucket.
func (r *reminders) drop(ctx context.Context, o *owned, k bucketKey) {
	g := journal.Grain{Kind: timetableKind, ID: bucketID(o.shard.Number, k.hour)}
	c, err := o.state()
	if err == nil {
		err = r.solo.store.Purge(ctx, c, g, 0)
	}
	if err != nil {
		r.solo.cfg.Log.Warn("timetable not purged", "role", o.shard.Role, "shard", o.shard.Number, "error", err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.table.drop(k)
}

func (r *reminders) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	if r.timer != nil {
		r.timer.Stop()
	}
}

// wait returns when nothing fires or is read any more.
func (r *reminders) wait() { r.work.Wait() }
