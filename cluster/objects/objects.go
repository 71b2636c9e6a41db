package objects

import (
	"context"
	"iter"

	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// Store is what the members share. Implementations are safe for concurrent use, and give each request a deadline of their own.
type Store interface {
	Records
	Views
	Fences
}

// Records are the members' records, by incarnation. The store may lose all of them at once, and
// removes one that was not renewed for an hour.
type Records interface {
	// PutRecord replaces the record of revision expect, or creates it where expect is 0. Its refusal is a *Refused[roster.Found].
	PutRecord(ctx context.Context, r roster.Record, expect uint64) (revision uint64, err error)
	// Record reads one from the leader; the zero Found where there is none.
	Record(ctx context.Context, incarnation string) (roster.Found, error)
	// WatchRecords tells them; the key of a Sight is the incarnation.
	WatchRecords(ctx context.Context) iter.Seq[Sight[roster.Record]]
}

// Views hold the newest view.
type Views interface {
	// View reads it from the leader; the zero Viewed where there is none yet.
	View(ctx context.Context) (Viewed, error)
	// PutView replaces the view of revision expect, or writes the first one where expect is 0. Its refusal is a *Refused[Viewed].
	PutView(ctx context.Context, v roster.View, expect uint64) (revision uint64, err error)
	// WatchView tells it; the key of a Sight is empty.
	WatchView(ctx context.Context) iter.Seq[Sight[roster.View]]
}

// Fences hold the owner of each shard. Versions before members claim them blindly, by journal.Store.Claim.
type Fences interface {
	// Fences reads them from the leader, in the order of the shards; Sequence 0 and the zero Fence where there is none.
	Fences(ctx context.Context, shards []journal.Shard) ([]Fenced, error)
	// PutFences claims and releases: all changes are stored or none. It answers the new sequence of each. Its refusal is a
	// *Refused[[]Fenced] with all of the shards, in order.
	PutFences(ctx context.Context, changes []FenceChange) ([]journal.Fence, error)
}

// Viewed is the view that stands in the store. Revision 0: there is none.
type Viewed struct {
	View     roster.View
	Revision uint64
}

// Fenced is the fence that stands in the store. Sequence 0: there is none.
type Fenced struct {
	Shard    journal.Shard
	Fence    roster.Fence
	Sequence journal.Fence
}

// FenceChange replaces the fence of sequence Expect, 0 for none.
type FenceChange struct {
	Shard  journal.Shard
	Expect journal.Fence
	Fence  roster.Fence
}

// Event is what a watch tells.
type Event string

// Events.
const (
	Began      Event = "began"      // what was told before is void, all that stands follows
	Stored     Event = "stored"     // Value, at Revision
	Deleted    Event = "deleted"    // Key, at Revision: an operator's doing
	Unreadable Event = "unreadable" // Key, at Revision: Err says why
)

// Sight is one thing that a watch tells.
type Sight[T any] struct {
	Event    Event
	Key      string
	Value    T
	Revision uint64
	Err      error
}
