package cluster

import (
	"hash/fnv"

	"hayauma.example/engine/journal"
)

// Shards is the number of shards of each role. It never changes: stored records are found by it.
const Shards = 64

// ShardOf returns the shard of a key: a grain's affinity key, which is its id unless its kind says otherwise. It is FNV-1a of
// 64 bits, folded so that every bit of it counts. Its values are stored with the records and so never change.
func ShardOf(role, key string) journal.Shard {
	h := fnv.New64a()
	h.Write([]byte(key)) // never fails
	sum := h.Sum64()
	sum ^= sum >> 32
	sum ^= sum >> 16
	return journal.Shard{Role: role, Number: int(sum % Shards)}
}
