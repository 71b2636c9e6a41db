package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine/journal"
)

// Durable actors have events E, a closed set whose concrete types are registered in Config.Messages.
type Durable[M, E any] interface {
	Actor[M]
	Apply(e E) // pure: replay and live alike
}

// Snapshotter is a durable actor whose state can be stored instead of its events. The snapshot's type is registered in
// Config.Messages.
type Snapshotter interface {
	Snapshot() any
	Restore(snapshot any)
}

// ServeDurable lets this system host a durable kind. produce is called at each activation, off the workers, before the replay.
// Without Config.Journal it panics.
func ServeDurable[M, E any](s *System, k *Kind[M], produce func(id string) Durable[M, E], before ...Middleware[M]) {
	if s.journal == nil {
		panic(fmt.Sprintf("engine: kind %q is durable and needs Config.Journal", k.cfg.Name))
	}
	s.kinds.serve(k.core(s), func(c *core) {
		c.behaviour, c.produce = newServing(k, before), func(id string) any { return produce(id) }
		c.isEvent = func(e any) error {
			if _, ok := e.(E); !ok {
				return fmt.Errorf("engine: %T is no event of kind %q, whose events are %v", e, c.name, reflect.TypeFor[E]())
			}
			return nil
		}
		c.apply = func(a, e any) error {
			if err := c.isEvent(e); err != nil {
				return err
			}
			a.(Durable[M, E]).Apply(e.(E))
			return nil
		}
		topic := Events[E](k)
		c.publish = func(id string, e numbered) {
			if topic.followed(s) {
				topic.Publish(s, Event[E]{ID: id, Number: e.number, At: e.at, Event: e.event.(E)})
			}
		}
	})
}

// intent is what one Persist stores, and what comes after.
type intent struct {
	events []any
	at     time.Time
	data   []byte
	then   func()
}

// persisted carries the journal's answer to an intent; one that stores nothing needs none.
type persisted struct {
	intent *intent
	asked  bool
	err    error
}

// Persist stores events, and the reminders set in this turn, in one atomic batch. Once they are durable each event is applied and
// then runs, in which the Ask in hand may be answered and Persist may be called again. In between only system messages are handled.
//
// When the append fails no event is applied and then never runs: the Ask in hand is answered with a PersistError, and the
// activation ends. Its mailbox is kept; it is activated again after a pause. After journal.ErrFenced the mailbox becomes dead
// letters instead.
//
// Persist is called once per turn; a second call, an event that is not of the kind's E or has no name, and an actor that is not durable
// panic.
func Persist[E, M any](c *Context[M], events []E, then func()) {
	k := c.cell.kind
	switch {
	case k.apply == nil:
		panic(fmt.Sprintf("engine: Persist in kind %q, which is not served by ServeDurable", k.name))
	case c.persist != nil:
		panic("engine: Persist twice in one turn")
	case c.cell.stage == closing:
		panic("engine: Persist in Stopping or Restarting: the activation is over")
	}
	now := time.Now()
	u := &intent{events: make([]any, len(events)), at: time.UnixMilli(now.UnixMilli()), then: then}
	for i, e := range events {
		u.events[i] = e
		data, err := appendEvent(u.data, k.sys.messages, e, now)
		if err = errors.Join(k.isEvent(e), err); err != nil {
			panic(err)
		}
		u.data = data
	}
	c.persist = u
}

// Remind sets a durable reminder, and Forget takes one back, with this turn's Persist; a turn that ends without one panics. A
// reminder fires at its due time and every 30 s until it is forgotten. To move one, forget it under its old due time and set it anew:
// reminders are kept by the hour, and only within one hour does a name replace itself. In a kind without OnReminder it panics. A payload may be
// as long as a record; see InlinePayload.
func (c *Context[M]) Remind(name string, due time.Time, payload []byte) {
	if !c.behaviour.reminds() {
		panic(fmt.Sprintf("engine: Remind in kind %q, which no reminder reaches: call OnReminder before it is served", c.cell.kind.name))
	}
	c.marks = append(c.marks, Mark{Name: name, Due: due, Payload: payload})
}

// Forget takes a reminder back; see Remind.
func (c *Context[M]) Forget(name string, due time.Time) {
	c.marks = append(c.marks, Mark{Name: name, Due: due, Forget: true})
}

// InlinePayload is the size in bytes up to which a reminder's payload waits in memory and comes with the reminder. A longer one stays in the
// store: what fires brings nil, and Payload reads it when it is wanted.
const InlinePayload = 256

// ErrNoReminder: there is no such reminder any more, or it isn't due within the next hour.
var ErrNoReminder = errors.New("engine: no such reminder is near: ask again when it has fired")

// Payload reads what a reminder carries that a durable grain has set, of any size, where it has fired or soon does. It waits for the store, so a
// grain calls it off its turn; once the reminder was forgotten it is ErrNoReminder.
func Payload[M any](ctx context.Context, s *System, k *Kind[M], id, name string, due time.Time) ([]byte, error) {
	if s.journal == nil {
		return nil, fmt.Errorf("engine: Payload of kind %q needs Config.Journal", k.cfg.Name)
	}
	return s.journal.Payload(ctx, k.cfg.Role, k.cfg.Affinity(id), journal.Grain{Kind: k.cfg.Name, ID: id}, name, due)
}

// begin starts the append of a turn that ended with Persist. The frame stays with the cell until the answer.
func (c *cell) begin(f *frame) {
	if c.kind.sys.dead.Load() {
		return // Kill didn't wait for this handler
	}
	u, marks := f.persist, f.marks
	x := c.extension()
	x.frame = f
	x.mode = persisting
	if len(u.events) == 0 && len(marks) == 0 {
		c.pushSystem(persisted{intent: u})
		return
	}
	sys := c.kind.sys
	if !c.reach(".persist.before") {
		return
	}
	sys.journal.Append(Unit{
		Grain: c.grain(), Role: c.kind.role, Key: c.kind.affinity(c.id),
		First: x.seq + 1, Count: uint32(len(u.events)), Data: u.data, Marks: marks, Tenure: x.tenure,
	}, func(err error) {
		if !sys.dead.Load() {
			c.pushSystem(persisted{u, true, err})
		}
	})
}

// reach is a crash point named after the kind; false when the system was killed there.
func (c *cell) reach(moment string) bool {
	sys := c.kind.sys
	if sys.crash == nil {
		return !sys.dead.Load() // no name is made
	}
	return sys.reach(c.kind.name + moment)
}

// persisted goes on where the answer of the journal lets it.
func (c *cell) persisted(f *frame, m persisted) (hasLeft bool) {
	x := c.ext
	if x == nil || x.mode != persisting || x.frame == nil || x.frame.persist != m.intent {
		return false
	}
	x.mode = open
	if m.asked && !c.reach(".persist.after") {
		return false
	}
	if m.err != nil {
		return c.refused(x.frame, m.err)
	}
	return c.proceed(x.frame)
}

// proceed applies what is durable and runs the continuation, which may begin another append.
func (c *cell) proceed(f *frame) (hasLeft bool) {
	u, x := f.persist, c.ext
	for _, e := range u.events {
		if err := c.kind.apply(c.actor, e); err != nil {
			panic(err)
		}
		x.seq++
		c.kind.publish(c.id, numbered{x.seq, u.at, e})
	}
	x.unsaved += len(u.data)
	f.persist, f.marks = nil, nil
	c.maybeSnapshot()
	if u.then != nil {
		u.then()
	}
	if c.settle(f); f.persist != nil {
		return false
	}
	x.frame = nil
	switch err := x.failing; {
	case x.ending != "":
		return c.terminate(f, x.ending)
	case err != nil:
		x.failing = nil
		return c.escalated(f, err)
	case x.farewell:
		return c.terminate(f, ReasonMoved)
	}
	return false
}

// refused ends an activation whose append failed.
func (c *cell) refused(f *frame, err error) (hasLeft bool) {
	sys, x := c.kind.sys, c.ext
	cause := &PersistError{Kind: c.kind.name, ID: c.shownID(), Err: err}
	f.traced().Log(sys.log).Error("events not stored", "kind", c.kind.name, "id", c.shownID(), "error", err)
	f.fail(cause)
	x.frame, x.failing = nil, nil
	c.kind.stats.failed.Add(1)
	switch {
	case errors.Is(err, journal.ErrFenced):
		return c.terminate(f, ReasonLost)
	case x.ending != "":
		return c.terminate(f, x.ending)
	case x.farewell:
		return c.terminate(f, ReasonMoved)
	}
	return c.retryLater(f, cause)
}

// retryLater restarts the grain after a pause; there is one at the first time too, because the store needs it.
func (c *cell) retryLater(f *frame, cause error) (hasLeft bool) {
	c.announce(PhaseFailed, cause)
	s, failures := &c.kind.supervision, &c.extension().failures
	_, pause := failures.add(s, c.now())
	if pause == 0 {
		_, pause = failures.add(s, c.now())
	}
	return c.begins(f, verdict{pause: pause, err: cause})
}

func (k *core) wantsSnapshot(events uint64, bytes int) bool {
	return k.snapshotEvery > 0 && events >= uint64(k.snapshotEvery) || k.snapshotBytes > 0 && bytes >= k.snapshotBytes
}

// Compact stores the state instead of the events that led to it, now, whatever the kind's SnapshotEvery says. The actor is a Snapshotter. It may
// fail, which is logged: an activation that finds itself not Compacted tries again. It is not called between Persist and its continuation.
func (c *Context[M]) Compact() {
	s, ok := c.cell.actor.(Snapshotter)
	if !ok {
		panic(fmt.Sprintf("engine: Compact in kind %q, whose actor is no Snapshotter", c.cell.kind.name))
	}
	if !c.Compacted() {
		c.cell.snapshot(s)
	}
}

// Compacted tells whether nothing stands behind the newest snapshot that this activation has begun with or stored.
func (c *Context[M]) Compacted() bool {
	x := c.cell.extension()
	return x.snapshot == x.seq
}

func (c *cell) maybeSnapshot() {
	x := c.ext
	if s, ok := c.actor.(Snapshotter); ok && c.kind.wantsSnapshot(x.seq-x.snapshot, x.unsaved) {
		c.snapshot(s)
	}
}

func (c *cell) snapshot(s Snapshotter) {
	x := c.ext
	sys, kind, id := c.kind.sys, c.kind.name, c.shownID()
	x.snapshot, x.unsaved = x.seq, 0
	data, err := sys.messages.Append(nil, s.Snapshot())
	if err != nil { // the events are stored, and the next replay is only longer
		sys.log.Error("snapshot not stored", "kind", kind, "id", id, "error", err)
		return
	}
	sys.journal.Snapshot(c.kind.role, c.kind.affinity(c.id), c.grain(), x.seq, data, func(err error) {
		if err != nil && !sys.dead.Load() {
			sys.log.Warn("snapshot not stored", "kind", kind, "id", id, "error", err)
		}
	})
}

// An event is a frame: flags (0), the time in Unix milliseconds as a varint, and the message. Records are joined by joining data.

func appendEvent(dst []byte, r *codec.Registry, e any, at time.Time) ([]byte, error) {
	var room [256]byte
	payload := binary.AppendVarint(append(room[:0], 0), at.UnixMilli())
	payload, err := r.Append(payload, e)
	if err != nil {
		return dst, err
	}
	return codec.AppendFrame(dst, payload)
}

// cutEvent decodes the event at the start of b.
func cutEvent(b []byte, r *codec.Registry) (e any, at time.Time, rest []byte, err error) {
	payload, rest, err := codec.CutFrame(b)
	if err != nil {
		return nil, at, nil, err
	}
	if len(payload) == 0 || payload[0] != 0 {
		return nil, at, nil, fmt.Errorf("%w: event of an unknown layout", codec.ErrMalformed)
	}
	milliseconds, n := binary.Varint(payload[1:])
	if n <= 0 {
		return nil, at, nil, codec.ErrMalformed
	}
	e, tail, err := r.Decode(payload[1+n:])
	if err == nil && len(tail) > 0 {
		err = fmt.Errorf("%w: bytes behind an event", codec.ErrMalformed)
	}
	return e, time.UnixMilli(milliseconds), rest, err
}
