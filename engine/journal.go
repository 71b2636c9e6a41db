package engine

import (
	"context"
	"iter"
	"time"

	"hayauma.example/engine/journal"
)

// Mark is a reminder that an append sets, or forgets.
type Mark struct {
	Name    string
	Due     time.Time
	Payload []byte
	Forget  bool
}

// Unit is what one turn stores: some events of a grain, its reminders, or both. Key is the affinity key, by which a grain finds its
// shard.
type Unit struct {
	Grain     journal.Grain
	Role, Key string
	First     uint64 // number of the first event
	Count     uint32 // of events
	Data      []byte // theirs
	Marks     []Mark
	Tenure    uint64 // under which the activation was replayed, where the journal is Tenured; 0: not known
}

// Tenured is a Journal whose shards come and go. An activation appends under the tenure in which it was replayed, and the journal
// refuses it as fenced in any other: a handler that is stuck while its shard goes to another member and comes back would append what it
// has numbered before.
type Tenured interface {
	Journal
	// Tenure names the present claim of the key's shard: never 0 but where there is none, and another one for each claim.
	Tenure(role, key string) uint64
}

// Journal keeps the events and reminders of durable grains.
type Journal interface {
	// Append stores the unit atomically, in the order of calls per grain; done runs once, when an fsync covers it or it failed.
	Append(u Unit, done func(error))
	// Replay yields the grain's records in order, from its newest snapshot on.
	Replay(ctx context.Context, role, key string, g journal.Grain) iter.Seq2[journal.Record, error]
	// Snapshot stores the state after event number after, and then purges what is below.
	Snapshot(role, key string, g journal.Grain, after uint64, data []byte, done func(error))
	// Payload reads what a near reminder carries, or ErrNoReminder.
	Payload(ctx context.Context, role, key string, g journal.Grain, name string, due time.Time) ([]byte, error)
	// OnReminder sets the callback for due reminders; it is called once, before anything is served. A payload of more than InlinePayload
	// bytes is not given.
	OnReminder(fire func(kind, id, name string, due time.Time, payload []byte))
}
