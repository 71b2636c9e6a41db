package jetstream

import (
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Config sizes the streams. The zero value is one replica without limits.
type Config struct {
	Replicas       int    // 0 is 1
	MaxBytes       uint64 // of events; 0 is no limit
	MaxObjectBytes uint64 // of objects; 0 is no limit

	// RecordFor is how long a member's record stays that nobody renews: those of dead incarnations go by it. 0 is 1 h; a second is the
	// server's least, and it has to be far above the times of the membership. Members of one cluster may differ.
	RecordFor time.Duration

	Request time.Duration // deadline of each request of a [Membership], beside the caller's own; 0 is 1 s
}

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	if c.Replicas < 0 || c.Replicas > 5 {
		return errors.New("jetstream: replicas: want 1, 3 or 5")
	}
	if c.MaxBytes > 0 && c.MaxBytes < minBytes || c.MaxObjectBytes > 0 && c.MaxObjectBytes < minBytes {
		return errors.New("jetstream: a store below 1 MiB can't hold one batch: raise --store-max-bytes")
	}
	if c.RecordFor != 0 && c.RecordFor < time.Second {
		return errors.New("jetstream: records of members stay for less than 1 s: give more than a minute, or 0 for 1 h")
	}
	if c.Request < 0 {
		return errors.New("jetstream: a request's deadline is negative: give a positive time, or 0 for 1 s")
	}
	return nil
}

const (
	events  = "EV"
	uploads = "UP"
	members = "KV_members"
	cluster = "KV_cluster"

	minBytes = 1 << 20
	headroom = 1 << 20 // what claims and tombstones may use above MaxBytes

	// repeats is how long the server remembers a batch's id. A repeat that comes later is stored as a copy, which replay skips.
	repeats = 10 * time.Second
)

func (c Config) request() time.Duration {
	if c.Request == 0 {
		return time.Second
	}
	return c.Request
}

func (c Config) recordFor() time.Duration {
	if c.RecordFor == 0 {
		return time.Hour
	}
	return c.RecordFor
}

func (c Config) direct() bool { return c.Replicas <= 1 }

func (c Config) events(extra int64) jetstream.StreamConfig {
	s := c.stream(events, "ev.>", c.MaxBytes)
	if s.MaxBytes > 0 {
		s.MaxBytes += extra
	}
	s.AllowAtomicPublish = true
	s.AllowRollup = true
	return s
}

func (c Config) uploads() jetstream.StreamConfig {
	s := c.stream(uploads, "up.>", c.MaxObjectBytes)
	s.MaxMsgsPerSubject = 1
	return s
}

// members is a bucket in memory, as a KV client sees it. Its records have a time to live of their own: the stream's would end the floor too.
func (c Config) members() jetstream.StreamConfig {
	s := c.stream(members, membersKeys+">", 0)
	s.Storage, s.MaxMsgsPerSubject = jetstream.MemoryStorage, 1
	s.AllowAtomicPublish, s.AllowRollup, s.AllowMsgTTL = true, true, true
	return s
}

// cluster keeps the newest views, for an operator to look at.
func (c Config) cluster() jetstream.StreamConfig {
	s := c.stream(cluster, clusterKeys+">", 0)
	s.MaxMsgsPerSubject, s.AllowRollup = 16, true
	return s
}

// stream has no MaxAge, which would delete fences, and refuses what is too much instead of deleting the oldest.
func (c Config) stream(name, subjects string, maxBytes uint64) jetstream.StreamConfig {
	limit := int64(-1)
	if maxBytes > 0 {
		limit = int64(maxBytes)
	}
	return jetstream.StreamConfig{
		Name: name, Subjects: []string{subjects},
		Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew, MaxBytes: limit,
		Storage: jetstream.FileStorage, Replicas: max(c.Replicas, 1),
		Duplicates: repeats, AllowDirect: c.direct(),
	}
}
