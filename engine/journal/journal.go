package journal

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/google/uuid"
)

// Shard names one slice of a role's grains: the unit of ownership.
type Shard struct {
	Role   string
	Number int
}

// Grain names one durable aggregate.
type Grain struct{ Kind, ID string }

// Fence proves ownership of a shard: the store's sequence number of the claim. A later claim has a greater one.
type Fence uint64

// Record holds Count consecutive events of one grain, numbers First to First+Count-1. Data is opaque to the store, and two
// records that follow each other may be joined by joining their Data.
type Record struct {
	Grain    Grain
	First    uint64
	Count    uint32
	Snapshot bool // Data is the state after event First (Count 0); replay starts at the newest snapshot
	Data     []byte

	Stored   time.Time // set on replay: the store's time stamp
	Position uint64    // set on replay: the store's sequence number
}

// Sight is what a follower sees: a record, or the word that it has caught up.
type Sight struct {
	Record Record
	Caught bool // everything that was stored before Follow was called has been yielded
}

// Claim is a shard that was taken, with the fence to use from now on.
type Claim struct {
	Shard Shard
	Fence Fence
}

// Errors of a Store. Anything else (lost answer, time-out) leaves it open whether the append was stored.
var (
	// ErrFenced: another owner has claimed the shard; nothing was stored. The shard is lost for good.
	ErrFenced = errors.New("journal: shard is owned by another: the append carried an old fence")
	// ErrBusy: nothing was stored, the same append may be tried again at once.
	ErrBusy = errors.New("journal: busy, nothing was stored: try again")
	// ErrFull: the store is at its size limit; nothing was stored. Reads and purges still work.
	ErrFull = errors.New("journal: full, nothing was stored: raise --store-max-bytes or let old runs expire")
	// ErrTooLarge: a record is over MaxRecord, or a batch over MaxBatch; nothing was stored.
	ErrTooLarge = errors.New("journal: record or batch over its size limit")
	// ErrName: a role, kind, id or object name is empty, too long or holds what it may not; nothing was stored.
	ErrName = errors.New("journal: empty, overlong or malformed name")
	// ErrNotFound: no object of that name.
	ErrNotFound = errors.New("journal: no such object")
	// ErrOverlap: a record begins below and ends above the next expected number: its writer broke the rule of one Append at a time.
	ErrOverlap = errors.New("journal: records overlap")
)

// Limits that every implementation keeps.
const (
	MaxRecord = 768 << 10 // bytes of Data
	MaxBatch  = 500       // records in one append
	MaxObject = 768 << 10 // bytes of one object
	MaxName   = 1000      // bytes of a kind or an id; any bytes are allowed, none is not
	MaxClaim  = 1000      // shards in one claim
)

// Store keeps events. Implementations are safe for concurrent use.
type Store interface {
	// ClusterID is made once, with the store, and never changes; retry keys are derived from it.
	ClusterID() uuid.UUID
	// Claim takes all of the shards for owner (an incarnation's ULID) or none. The holder before is fenced from then on.
	Claim(ctx context.Context, owner string, shards []Shard) ([]Claim, error)
	// Append stores all records, in order, or none. id names this batch: a repeat of a stored batch under the same id, after a
	// lost answer, answers nil and stores nothing, or stores a second copy that replay skips by event number.
	// The caller keeps at most one Append per shard in flight.
	Append(ctx context.Context, c Claim, id string, records []Record) error
	// Replay yields the grain's records in order, starting with its newest snapshot where there is one. Numbers below the
	// expected one are copies and are already left out; a gap is passed on as it is. It sees everything that was stored before
	// the claim and everything acknowledged under it.
	Replay(ctx context.Context, c Claim, g Grain) iter.Seq2[Record, error]
	// Page reads the grain's records from a position on, most of them at the utmost and no more than a few MiB; none where there are none. They
	// are as they were stored: copies and what a snapshot has replaced are among them. It may answer under a claim that is over.
	Page(ctx context.Context, c Claim, g Grain, from uint64, most int) ([]Record, error)
	// Purge drops the grain's records below position; with position 0 all of them. It works on a full store.
	Purge(ctx context.Context, c Claim, g Grain, below uint64) error
	// Grains yields the ids of a kind that have records in the role's shards, in no order.
	Grains(ctx context.Context, role, kind string) iter.Seq2[string, error]
	// Follow yields the records of a kind in all of the role's shards, whoever stored them, in the order of their positions: those
	// beyond position after (0: from the beginning), once a Sight that is only Caught, and then what comes, until ctx ends. Where a
	// record was left twice both are seen; what was purged is not, and nobody is told of a purge. It needs no claim, and may lag behind the appends. An error
	// is the last thing that it yields; following again from the last position that was seen misses nothing.
	Follow(ctx context.Context, role, kind string, after uint64) iter.Seq2[Sight, error]
	// Skew is the store's clock minus ours, and an error where it can't be told.
	Skew(ctx context.Context) (time.Duration, error)
	// Stats counts what is stored.
	Stats(ctx context.Context) (Stats, error)
}

// Batcher is a Store whose atomic batches have a fixed price: a few records are stored sooner one Append after the other. The
// writer follows it for records that need not be stored together.
type Batcher interface {
	// BatchFrom is the number of records from which one batch is cheaper.
	BatchFrom() int
}

// Stats counts what a store holds.
type Stats struct{ Records, Bytes, Objects, ObjectBytes uint64 }

// Objects keeps immutable bytes under names: audience parts, frozen chunks. A name is one or more tokens joined by '.', each of
// letters, digits, '-' and '_'. Put returns when an fsync covers the object; putting a name again replaces it.
type Objects interface {
	Put(ctx context.Context, name string, data []byte) error
	Get(ctx context.Context, name string) ([]byte, error)
	// Drop removes every object whose name starts with prefix + ".".
	Drop(ctx context.Context, prefix string) error
}
