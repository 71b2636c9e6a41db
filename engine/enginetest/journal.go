package enginetest

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// shard is the only one: every role and key falls into it.
var shard = journal.Shard{Role: "all", Number: 0}

// reminderKind names the records that hold a grain's reminders; the id is "kind/id".
const reminderKind = "reminder"

// Journal is an engine.Journal over one shard of a store. It is safe for concurrent use.
type Journal struct {
	store  journal.Store
	claim  journal.Claim
	writer *journal.Writer
	ctx    context.Context
	stop   context.CancelFunc
	unread func(id string) error // Options.Payload

	mu        sync.Mutex
	numbers   map[journal.Grain]uint64 // last stored number of a grain's reminder records; guarded by mu
	timetable timetable                // guarded by mu
}

var _ engine.Journal = (*Journal)(nil)

// NewJournal claims the shard and reads its reminders back. Who held it before is fenced.
func NewJournal(ctx context.Context, store journal.Store, owner string) (*Journal, error) {
	claims, err := store.Claim(ctx, owner, []journal.Shard{shard})
	if err != nil {
		return nil, err
	}
	j := &Journal{store: store, claim: claims[0], numbers: map[journal.Grain]uint64{}}
	j.writer = journal.NewWriter(store, j.claim, journal.WriterOptions{})
	j.ctx, j.stop = context.WithCancel(context.WithoutCancel(ctx))
	j.timetable.init(&j.mu)
	return j, j.recover(ctx)
}

// Close fires no reminder any more and takes no append; it does not wait.
func (j *Journal) Close() {
	j.stop()
	j.mu.Lock()
	j.timetable.close()
	j.mu.Unlock()
	gone, cancel := context.WithCancel(j.ctx)
	cancel()
	_ = j.writer.Close(gone) // what is queued fails; nobody waits for it
}

// Append implements engine.Journal.
func (j *Journal) Append(u engine.Unit, done func(error)) {
	events := journal.Record{Grain: u.Grain, First: u.First, Count: u.Count, Data: u.Data}
	if len(u.Marks) == 0 {
		j.writer.Append(events, nil, done)
		return
	}
	reminders := j.record(u.Grain, u.Marks)
	stored := func(err error) {
		if err == nil {
			j.set(u.Grain, reminders, u.Marks)
		}
		done(err)
	}
	if u.Count == 0 {
		j.writer.Append(reminders, nil, stored)
		return
	}
	j.writer.Append(events, []journal.Record{reminders}, stored)
}

// record makes the record of a unit's reminders. A grain has one unit in flight, so its next number is known.
func (j *Journal) record(g journal.Grain, marks []engine.Mark) journal.Record {
	r := journal.Record{Grain: journal.Grain{Kind: reminderKind, ID: g.Kind + "/" + g.ID}, Count: uint32(len(marks))}
	for _, m := range marks {
		b, err := msgpack.Marshal(m)
		if err == nil {
			r.Data, err = codec.AppendFrame(r.Data, b)
		}
		if err != nil {
			panic(fmt.Sprintf("enginetest: reminder %s of %v: %v", m.Name, g, err))
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	r.First = j.numbers[r.Grain] + 1
	return r
}

func (j *Journal) set(g journal.Grain, r journal.Record, marks []engine.Mark) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.numbers[r.Grain] = r.First + uint64(r.Count) - 1
	for _, m := range marks {
		j.timetable.mark(g, m)
	}
}

// Replay implements engine.Journal.
func (j *Journal) Replay(ctx context.Context, _, _ string, g journal.Grain) iter.Seq2[journal.Record, error] {
	return j.store.Replay(ctx, j.claim, g)
}

// Snapshot implements engine.Journal.
func (j *Journal) Snapshot(_, _ string, g journal.Grain, after uint64, data []byte, done func(error)) {
	j.writer.Append(journal.Record{Grain: g, First: after, Snapshot: true, Data: data}, nil, func(err error) {
		if err != nil {
			done(err)
			return
		}
		j.writer.Do(func(ctx context.Context, failed error) {
			if failed == nil {
				failed = j.purge(ctx, g)
			}
			done(failed)
		})
	})
}

// purge drops what is below the newest snapshot, with which every replay starts.
func (j *Journal) purge(ctx context.Context, g journal.Grain) error {
	for r, err := range j.store.Replay(ctx, j.claim, g) {
		if err != nil || !r.Snapshot {
			return err
		}
		return j.store.Purge(ctx, j.claim, g, r.Position)
	}
	return nil
}

// Payload implements engine.Journal.
func (j *Journal) Payload(_ context.Context, _, _ string, g journal.Grain, name string, due time.Time) ([]byte, error) {
	if j.unread != nil {
		if err := j.unread(g.ID); err != nil {
			return nil, err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.timetable.payload(g, name, due)
}

// OnReminder implements engine.Journal.
func (j *Journal) OnReminder(fire func(kind, id, name string, due time.Time, payload []byte)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.timetable.start(fire)
}

func (j *Journal) recover(ctx context.Context) error {
	for id, err := range j.store.Grains(ctx, shard.Role, reminderKind) {
		if err != nil {
			return err
		}
		if err := j.recoverGrain(ctx, id); err != nil {
			return fmt.Errorf("enginetest: reminders of %s: %w", id, err)
		}
	}
	return nil
}

func (j *Journal) recoverGrain(ctx context.Context, id string) error {
	kind, name, _ := strings.Cut(id, "/")
	g, reminders := journal.Grain{Kind: kind, ID: name}, journal.Grain{Kind: reminderKind, ID: id}
	for r, err := range j.store.Replay(ctx, j.claim, reminders) {
		if err != nil {
			return err
		}
		marks, err := decodeMarks(r.Data)
		if err != nil {
			return err
		}
		j.set(g, journal.Record{Grain: reminders, First: r.First, Count: r.Count}, marks)
	}
	return nil
}

func decodeMarks(data []byte) ([]engine.Mark, error) {
	var marks []engine.Mark
	for len(data) > 0 {
		b, rest, err := codec.CutFrame(data)
		if err != nil {
			return nil, err
		}
		var m engine.Mark
		if err := msgpack.Unmarshal(b, &m); err != nil {
			return nil, err
		}
		marks, data = append(marks, m), rest
	}
	return marks, nil
}
