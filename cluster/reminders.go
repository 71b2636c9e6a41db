package cluster

import (
	"context"
	"errors"
	"sync"
	"time"

	"hayauma.example/engine/journal"
)

const (
	readAgain = time.Second // after a bucket could not be read

	// lookAgain bounds how late a reminder is after the wall's clock was set forward, or the machine has slept: timers don't notice.
	lookAgain = 10 * time.Second
)

// reminders runs a ledger's timetable: one timer, and a goroutine only while something fires or is read.
type reminders struct {
	ledger   *ledger
	work     sync.WaitGroup
	locating chan struct{} // one at a time looks for payloads

	mu      sync.Mutex // guards what follows
	table   *timetable
	timer   *time.Timer
	armed   int64 // when the timer rings; 0: it doesn't
	started bool
	stopped bool
	running bool  // a tick is
	retry   int64 // when to read again what failed, 0 if nothing did
	unread  bool  // something near couldn't be read, and wasn't since
}

func newReminders(l *ledger, hours []int64) *reminders {
	return &reminders{ledger: l, locating: make(chan struct{}, 1), table: newTimetable(hours)}
}

func (r *reminders) now() int64 { return r.ledger.of.now() }

// start begins to fire, and to read what is near; done tells how that went.
func (r *reminders) start(done func(error)) {
	at := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started = true
	r.arm()
	if !r.read(at, done) {
		done(nil)
	}
}

// resume sets the timer again after a suspension.
func (r *reminders) resume() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arm()
}

// silent: nothing fires now. r.mu is held.
func (r *reminders) silent() bool { return r.stopped || r.ledger.of.store.isShut() }

// apply takes changes that are stored, on the writer's goroutine.
func (r *reminders) apply(changes []change) {
	if len(changes) == 0 {
		return
	}
	r.purge(r.change(changes))
}

// change returns the buckets that are over and empty now.
func (r *reminders) change(changes []change) (spent []int64) {
	at := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return nil
	}
	for _, c := range changes {
		c.entry.slim(0)
		r.table.apply(c, at)
		hour := hourOf(c.entry.due)
		if c.forget && hour < hourOf(at) && r.table.spent(hour) {
			spent = append(spent, hour)
		}
	}
	r.arm()
	return spent
}

// arm sets the timer to what comes first, or earlier: while there is anything to wait for it rings every 10 s. r.mu is held.
func (r *reminders) arm() {
	if r.started && !r.running && !r.silent() {
		r.armFrom(r.now())
	}
}

func (r *reminders) armFrom(now int64) {
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
	if after <= 0 {
		go r.tick() // see atOnce
		return
	}
	if r.timer == nil {
		r.timer = time.AfterFunc(after, r.tick)
		return
	}
	r.timer.Reset(after)
}

// tick keeps up with the hours, fires what is due, and sets the timer.
func (r *reminders) tick() {
	if !r.begin() {
		return
	}
	defer r.work.Done()
	r.keepUp(r.now())
	for e, ok := r.next(); ok; e, ok = r.next() {
		r.ledger.of.fire(e.kind, e.id, e.name, time.Unix(0, e.due).UTC(), e.payload)
	}
}

func (r *reminders) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running {
		return false
	}
	r.armed = 0
	if r.silent() {
		return false
	}
	r.running = true
	r.work.Add(1)
	return true
}

// next takes one reminder that is due, and ends the tick where there is none.
func (r *reminders) next() (entry, bool) {
	at := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	silent := r.silent()
	if !silent {
		if e, ok := r.table.take(at); ok {
			return e, true
		}
	}
	r.running = false
	if !silent {
		r.armFrom(at)
	}
	return entry{}, false
}

// keepUp begins to read what comes near, and purges what is over and empty.
func (r *reminders) keepUp(at int64) {
	r.mu.Lock()
	r.read(at, r.log)
	spent := r.table.overAndSpent(at)
	r.mu.Unlock()
	r.purge(spent)
}

func (r *reminders) log(err error) {
	if err != nil && r.ledger.ctx.Err() == nil {
		shard := r.ledger.claim.Shard
		r.ledger.of.cfg.Log.Warn("timetable not read", "role", shard.Role, "shard", shard.Number, "error", err)
	}
}

// read begins to load what is near, beside the firing, unless there is nothing. r.mu is held.
func (r *reminders) read(at int64, done func(error)) bool {
	if r.stopped || r.retry > at {
		return false
	}
	r.retry = 0
	hours := r.table.approach(at)
	if len(hours) > 0 {
		r.work.Go(func() { done(r.loadAll(hours)) })
	}
	return len(hours) > 0
}

func (r *reminders) loadAll(hours []int64) error {
	for i, hour := range hours {
		if err := r.load(hour); err != nil {
			r.giveBack(hours[i:])
			r.ledger.found(err)
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unread = r.unread && r.retry > 0 // what waits to be read again isn't among these
	return nil
}

// late tells whether reminders come late because they couldn't be read yet.
func (r *reminders) late() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unread && !r.stopped
}

// giveBack makes buckets far again and has them read later.
func (r *reminders) giveBack(hours []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return
	}
	for _, hour := range hours {
		r.table.failed(hour)
	}
	r.retry, r.unread = r.now()+int64(readAgain), true
	r.arm()
}

// load reads one bucket.
func (r *reminders) load(hour int64) error {
	list, last, err := r.stored(hour)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.table.loaded(hour, list, last)
	r.arm()
	return nil
}

// stored reads the changes of one hour, when there is a place for it, and says how far it has read.
func (r *reminders) stored(hour int64) (list []change, last uint64, err error) {
	l := r.ledger
	if err := l.of.place(l.ctx); err != nil {
		return nil, 0, err
	}
	defer l.of.leave()
	for rec, err := range l.of.store.Replay(l.ctx, l.claim, r.bucket(hour)) {
		if err != nil {
			return nil, 0, err
		}
		if list, err = slimChanges(list, rec); err != nil {
			return nil, 0, err
		}
		last = rec.Position
	}
	return list, last, nil
}

func (r *reminders) bucket(hour int64) journal.Grain {
	return journal.Grain{Kind: timetableKind, ID: bucketID(r.ledger.claim.Shard.Number, hour)}
}

// purge drops buckets in order with their shard's appends, unless a reminder came meanwhile.
func (r *reminders) purge(hours []int64) {
	for _, hour := range hours {
		r.ledger.do(func(ctx context.Context) {
			if r.begone(hour) {
				r.drop(ctx, hour)
			}
		})
	}
}

func (r *reminders) begone(hour int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.stopped && r.table.spent(hour)
}

// drop runs on the writer's goroutine: nothing is appended meanwhile, so nothing changes the bucket.
func (r *reminders) drop(ctx context.Context, hour int64) {
	l := r.ledger
	if err := l.of.store.Purge(ctx, l.claim, r.bucket(hour), 0); err != nil {
		if !errors.Is(err, context.Canceled) {
			l.of.cfg.Log.Warn("timetable not purged", "role", l.claim.Shard.Role, "shard", l.claim.Shard.Number, "error", err)
		}
		l.found(err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.table.drop(hour)
}

// stop lets nothing fire or be read any more, and gives the memory back.
func (r *reminders) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped, r.table = true, newTimetable(nil)
	if r.timer != nil {
		r.timer.Stop()
	}
}

// wait returns when nothing fires or is read any more.
func (r *reminders) wait() { r.work.Wait() }
