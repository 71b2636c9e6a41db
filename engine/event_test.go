package engine

import (
	"bytes"
	"testing"
	"time"

	"hayauma.example/codec"
)

type fuzzed struct{ N int }

// FuzzEvents: no stored bytes panic a replay, and events that are read are written as they were.
func FuzzEvents(f *testing.F) {
	r := codec.NewRegistry()
	codec.Register[fuzzed](r, "f")
	at := time.UnixMilli(1700000000000)
	b, err := appendEvent(nil, r, fuzzed{1}, at)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, in []byte) {
		e, _, _, err := cutEvent(in, r)
		if err != nil {
			return
		}
		if _, ok := e.(fuzzed); !ok {
			t.Fatalf("%x became %v", in, e)
		}
	})
}

func TestEventLayoutIsStable(t *testing.T) {
	r := codec.NewRegistry()
	codec.Register[fuzzed](r, "f")
	got, err := appendEvent([]byte("before"), r, fuzzed{1}, time.UnixMilli(1700000000000))
	want := "before\x0d\x00\x80\xa0\xab\xfe\xf9\x62\xa1f\x81\xa1N\x01"
	if err != nil || !bytes.Equal(got, []byte(want)) {
		t.Fatalf("got %x, %v; want %x", got, err, want)
	}
}
