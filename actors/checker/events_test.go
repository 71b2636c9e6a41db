package checker

import (
	"testing"

	"hayauma.example/actors"
	"hayauma.example/codec"
)

// TestEntriesCostNoAllocation: a record of many outcomes is encoded as it is, without boxing each.
func TestEntriesCostNoAllocation(t *testing.T) {
	r := codec.NewRegistry()
	Register(r)
	settled := Settled{}
	for i := range uint32(500) {
		settled.Entries = append(settled.Entries, Entry{Path: actors.Span{Lo: i, Hi: i + 1}, Window: 3, Outcome: actors.Failed, Reason: "status 400", Tries: 1})
	}
	var buf []byte
	encode := func() {
		var err error
		if buf, err = r.Append(buf[:0], settled); err != nil {
			t.Fatal(err)
		}
	}
	encode()
	if n := testing.AllocsPerRun(20, encode); n > 10 {
		t.Errorf("%v allocations for 500 entries", n)
	}
}
