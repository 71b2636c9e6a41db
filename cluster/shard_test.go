package cluster_test

import (
	"testing"

	"hayauma.example/cluster"
	"hayauma.example/engine/journal"
)

// These values are in every store that was ever written.
func TestShardOfNeverChanges(t *testing.T) {
	for key, want := range map[string]int{
		"": 17, "a": 34, "U4af4980629": 63, "ユーザー": 22, "01JD3Y6Z9V0000000000000000": 25, "0194f0c2-7d4b-7000-8000-000000000000": 53,
	} {
		if got := cluster.ShardOf("poster", key); got != (journal.Shard{Role: "poster", Number: want}) {
			t.Errorf("ShardOf(poster, %q) = %+v, want %d", key, got, want)
		}
	}
}

func TestShardOfSpreads(t *testing.T) {
	var counts [cluster.Shards]int
	const n = 64_000
	for i := range n {
		id := [8]byte{'U', byte('0' + i%10), byte('0' + i/10%10), byte('0' + i/100%10), byte('0' + i/1000%10), byte('0' + i/10000)}
		counts[cluster.ShardOf("r", string(id[:])).Number]++
	}
	for shard, c := range counts {
		if c < 850 || c > 1150 {
			t.Errorf("shard %d has %d of %d keys", shard, c, n)
		}
	}
}
