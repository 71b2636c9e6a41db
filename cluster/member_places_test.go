package cluster

import (
	"testing"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// TestALostShardIsNotHereFromTheCallbackOn: whatever the loop publishes before it has heard of the loss.
func TestALostShardIsNotHereFromTheCallbackOn(t *testing.T) {
	m := &Member{}
	m.places.wake = make(chan struct{}, 1)
	key := "g"
	shard := ShardOf("checker", key)
	draw := func(fence journal.Fence) {
		line := new([Shards]engine.Place) // all here
		m.places.publish(1, table{"checker": line}, map[journal.Shard]journal.Fence{shard: fence})
	}
	is := func(want engine.Answer, when string) {
		t.Helper()
		if p := m.Locate("checker", key); p.Answer != want {
			t.Errorf("%s: %v, want %v", when, p.Answer, want)
		}
	}
	is(engine.Soon, "before any view")
	draw(5)
	is(engine.Here, "owned")
	m.places.lose(journal.Claim{Shard: shard, Fence: 5})
	is(engine.Soon, "lost")
	draw(5)
	is(engine.Soon, "published by a loop that doesn't know it yet")
	draw(6)
	is(engine.Here, "claimed anew")
	m.places.found(journal.Claim{Shard: shard, Fence: 5})
	draw(5)
	is(engine.Here, "a loss that was dealt with")
	if p := m.Locate("poster", key); p.Answer != engine.Nowhere {
		t.Error("a role that nobody carries:", p)
	}
}
