package app

import (
	"fmt"
	"testing"

	"hayauma.example/actors"
	"hayauma.example/actors/recipient"
	"hayauma.example/cluster"
)

// By the cluster's own shards: a user's settings and his posters are always of one owner.
func TestSettingsLiveWithTheirPosters(t *testing.T) {
	a := recipient.NewAddresses(shardNumber)
	for i := range 100_000 {
		user := fmt.Sprintf("U%016x%016x", uint64(i)*0x9e3779b97f4a7c15, i)
		book, poster := a.Of("shop", user), actors.PushPoster("shop", user)
		got, want := cluster.ShardOf(actors.Recipients.Role(), actors.PosterKey(book)), cluster.ShardOf(actors.Posters.Role(), actors.PosterKey(poster))
		if got != want {
			t.Fatalf("the settings of %s are in %v, his poster is in %v", user, got, want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { a.Number("U0000000000000000000000000000000a") }); n != 0 {
		t.Errorf("%v allocations for the number of a book", n)
	}
}
