package actors_test

import (
	"testing"

	"github.com/google/uuid"

	"hayauma.example/actors"
)

var cluster = uuid.MustParse("6f0c8f3a-1c57-4f1e-9a53-0d6f8a1f7c11")

// TestRetryKeysNeverChange: a cluster of two versions, or one that was upgraded, must derive the same key for the same path.
// The values were computed by another implementation of UUIDv5.
func TestRetryKeysNeverChange(t *testing.T) {
	for _, c := range []struct {
		run           string
		window, chunk uint32
		path          actors.Span
		want          string
	}{
		{"01ARZ3NDEKTSV4RRFFQ69G5FAV", 1, 0, actors.Span{Lo: 0, Hi: 1}, "d10c6aee-e49f-50f4-adad-ccbcb89385b4"},
		{"01ARZ3NDEKTSV4RRFFQ69G5FAV", 2, 0, actors.Span{Lo: 0, Hi: 1}, "2aee7c75-33de-5617-bd3c-88a332bafdca"},
		{"01ARZ3NDEKTSV4RRFFQ69G5FAV", 1, 7, actors.Span{Lo: 3500, Hi: 4000}, "b7c2ddc1-5476-583f-a322-6ca9bfe26c84"},
		{"01ARZ3NDEKTSV4RRFFQ69G5FAV", 1, 7, actors.Span{Lo: 3500, Hi: 3750}, "d071c286-e445-53af-9229-640234f0d6a0"},
		{"01BX5ZZKBKACTAV9WEVGEMMVRZ", 1, 0, actors.Span{Lo: 0, Hi: 1}, "1f2de5e7-e2f2-5e3b-ad97-3d5408b4fc6f"},
	} {
		if got := actors.RetryKey(cluster, c.run, c.window, c.chunk, c.path); got.String() != c.want {
			t.Errorf("%s window %d chunk %d path %v: %s, want %s", c.run, c.window, c.chunk, c.path, got, c.want)
		}
	}
	other := uuid.MustParse("00000000-0000-4000-8000-000000000001")
	if actors.RetryKey(other, "r", 1, 0, actors.Span{Hi: 1}) == actors.RetryKey(cluster, "r", 1, 0, actors.Span{Hi: 1}) {
		t.Error("two clusters share a key")
	}
}

func TestIdentitiesNeverChange(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{actors.CampaignID("token", "key"), "6d8b6a16-e960-5316-ab51-2de55f8195ca"},
		{actors.CampaignID("toke", "nkey"), "0adbac51-2e40-52ea-b86a-bb9ed932ed99"},
		{actors.ComposerID("R", 12), "R/12"},
		{actors.PushPoster("shop", "U1"), "shop/U1"},
		{actors.MulticastPoster("shop", "R", actors.Span{Lo: 500, Hi: 750}), "shop/R/500-750"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}
