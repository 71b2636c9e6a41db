package cluster

import (
	"encoding/json"
	"log/slog"
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

// TestAHeraldHasMessagesWaitForItsView: for the shards that it names, until the loop has seen that view or a newer one.
func TestAHeraldHasMessagesWaitForItsView(t *testing.T) {
	m := &Member{log: slog.New(slog.DiscardHandler)}
	m.places.wake = make(chan struct{}, 1)
	here, other := ShardOf("checker", "g"), ShardOf("checker", "h")
	draw := func(epoch uint64, owner string) {
		line := new([Shards]engine.Place)
		for n := range line {
			line[n] = engine.Place{Answer: engine.Elsewhere, Member: owner}
		}
		m.places.publish(epoch, table{"checker": line}, nil)
	}
	is := func(key string, want engine.Answer, when string) {
		t.Helper()
		if p := m.Locate("checker", key); p.Answer != want {
			t.Errorf("%s %s: %v, want %v", key, when, p.Answer, want)
		}
	}
	word := func(epoch uint64) []byte {
		w, err := json.Marshal(mark{What: herald, Epoch: epoch, Shards: shardSet{"checker": 1 << here.Number}})
		if err != nil || here == other {
			t.Fatal(err, here, other)
		}
		return w
	}
	draw(4, "A")
	m.Marked("A", word(4))
	is("g", engine.Elsewhere, "after an old herald")
	m.Marked("A", word(6))
	is("g", engine.Soon, "after a herald")
	is("h", engine.Elsewhere, "after a herald of another")
	draw(5, "A")
	is("g", engine.Soon, "with an older view")
	draw(6, "B")
	is("g", engine.Elsewhere, "with that view")
	draw(5, "A")
	is("g", engine.Elsewhere, "forgotten")
	m.Marked("A", []byte("{"))
}
