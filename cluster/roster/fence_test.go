package roster_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"hayauma.example/cluster/roster"
)

func TestFenceValues(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want roster.Fence
		ok   bool
	}{
		"from before members": {`{"owner":"01JD"}`, roster.Fence{Owner: "01JD", State: roster.FenceOwned}, true},
		"owned":               {`{"owner":"a","epoch":7,"state":"owned"}`, roster.Fence{Owner: "a", Epoch: 7, State: roster.FenceOwned}, true},
		"released": {`{"owner":"a","epoch":7,"state":"released","to":"b"}`, roster.Fence{Owner: "a", Epoch: 7, State: roster.FenceReleased, To: "b"},
			true},
		"from a later one": {`{"owner":"a","epoch":7,"colour":"red"}`, roster.Fence{Owner: "a", Epoch: 7, State: roster.FenceOwned}, true},
		"a later state":    {`{"owner":"a","state":"lent"}`, roster.Fence{}, false},
		"nobody's":         {`{"epoch":7}`, roster.Fence{}, false},
		"no object":        {`[]`, roster.Fence{}, false},
		"nothing":          {``, roster.Fence{}, false},
		"too long":         {`{"owner":"` + strings.Repeat("a", 5000) + `"}`, roster.Fence{}, false},
	} {
		got, err := roster.DecodeFence([]byte(c.data))
		if (err == nil) != c.ok || c.ok && got != c.want || !c.ok && !errors.Is(err, roster.ErrFence) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// What the version before members reads of ours.
func TestOldVersionsReadTheOwner(t *testing.T) {
	data, err := roster.EncodeFence(roster.ReleaseFence(roster.View{Epoch: 3}, "a", "b"))
	var old struct {
		Owner string `json:"owner"`
	}
	if err != nil || json.Unmarshal(data, &old) != nil || old.Owner != "a" {
		t.Errorf("%s: %+v, %v", data, old, err)
	}
	if string(data) != `{"owner":"a","epoch":3,"state":"released","to":"b"}` {
		t.Errorf("%s", data)
	}
}

func TestWhoMayClaim(t *testing.T) {
	v := naming(5, "a", "b", "me")
	owned := func(who string, epoch uint64) roster.Fence {
		return roster.Fence{Owner: who, Epoch: epoch, State: roster.FenceOwned}
	}
	released := func(who string, epoch uint64, to string) roster.Fence {
		return roster.Fence{Owner: who, Epoch: epoch, State: roster.FenceReleased, To: to}
	}
	for name, c := range map[string]struct {
		owner string
		fence roster.Fence
		want  roster.Claimable
	}{
		"nobody had it":                  {"me", roster.Fence{}, roster.ClaimUnowned},
		"it is another's":                {"a", roster.Fence{}, roster.ClaimNotOurs},
		"it is nobody's":                 {"", roster.Fence{}, roster.ClaimNotOurs},
		"our own":                        {"me", owned("me", 4), roster.ClaimOurs},
		"our own of a higher epoch":      {"me", owned("me", 6), roster.ClaimOutrun},
		"released to us":                 {"me", released("a", 5, "me"), roster.ClaimReleased},
		"released to one that was":       {"me", released("a", 4, "b"), roster.ClaimReleased},
		"released in a higher epoch":     {"me", released("a", 6, "me"), roster.ClaimOutrun},
		"held":                           {"me", owned("a", 4), roster.ClaimHeld},
		"held since this epoch":          {"me", owned("a", 5), roster.ClaimHeld},
		"the owner is gone":              {"me", owned("x", 4), roster.ClaimEvicted},
		"the owner is gone, same epoch":  {"me", owned("x", 5), roster.ClaimEvicted},
		"the owner may not yet be known": {"me", owned("x", 6), roster.ClaimOutrun},
		"from before members":            {"me", owned("solo", 0), roster.ClaimEvicted},
	} {
		got := roster.MayClaim(v, "me", c.owner, c.fence)
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		may := map[roster.Claimable]bool{roster.ClaimUnowned: true, roster.ClaimOurs: true, roster.ClaimReleased: true, roster.ClaimEvicted: true}
		if got.May() != may[got] {
			t.Errorf("%s may: %v", got, got.May())
		}
	}
}

func TestRecords(t *testing.T) {
	for _, r := range []roster.Record{{Incarnation: me, Number: 4}, {Incarnation: me, State: roster.Let},
		{Incarnation: me, Number: 1, State: roster.Barred, By: ids[1]}} {
		data, err := roster.EncodeRecord(r)
		if got, decodeErr := roster.DecodeRecord(data); err != nil || decodeErr != nil || got != r {
			t.Errorf("%s: %+v, %v, %v", data, got, err, decodeErr)
		}
	}
	for _, data := range []string{``, `{}`, `{"incarnation":"x"}`, `{"incarnation":"` + me + `","state":"odd"}`, strings.Repeat(" ", 5000)} {
		if _, err := roster.DecodeRecord([]byte(data)); !errors.Is(err, roster.ErrRecord) {
			t.Errorf("%.40s: %v", data, err)
		}
	}
}

// again: what was decoded can be encoded, and is the same when decoded.
func again[T any](t *testing.T, data []byte, from func([]byte) (T, error), to func(T) ([]byte, error), same func(T, T) bool) {
	v, err := from(data)
	if err != nil {
		return
	}
	out, err := to(v)
	if err != nil {
		t.Fatalf("%q gives %+v, which can't be encoded: %v", data, v, err)
	}
	if back, err := from(out); err != nil || !same(v, back) {
		t.Fatalf("%q gives %+v, then %+v, %v", data, v, back, err)
	}
}

func equal[T comparable](a, b T) bool { return a == b }

func FuzzDecode(f *testing.F) {
	v, _ := roster.EncodeView(viewOf(map[string]roster.State{"01": "active", "02": "joining"}))
	for _, seed := range []string{`{"owner":"a","epoch":7,"state":"released","to":"b"}`, `{"owner":"a"}`, `{"incarnation":"` + me + `","number":3}`, string(v),
		`{}`, `null`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, roster.DecodeFence, roster.EncodeFence, equal)
		again(t, data, roster.DecodeRecord, roster.EncodeRecord, equal)
		again(t, data, roster.DecodeView, roster.EncodeView, roster.View.Equal)
	})
}
