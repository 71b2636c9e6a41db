package checker_test

import (
	"encoding/hex"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/plan"
	"hayauma.example/codec"
)

// stored is a forgotten ledger as the first version that forgot wrote it.
const stored = "af636865636b65722e72656d61696e7386a843616d706169676ea163a352756ea172a74368616e6e656ca473686f70a6546f74616c739700000000000003a756657273696f6e02a24174d6ff6b49e010"

// TestRemainsOnDisk: what an earlier build stored of a forgotten ledger is what this one stores, and it goes on with its totals.
func TestRemainsOnDisk(t *testing.T) {
	reg := codec.NewRegistry()
	checker.Register(reg)
	k := checker.New(checker.Deps{})
	at := time.Unix(1_800_000_000, 0)
	k.Apply(checker.Opened{Campaign: "c", Run: "r", Channel: "shop", At: at,
		Table: plan.Table{Recipients: 3, Chunks: []plan.Entry{{Count: 3, Mode: plan.Push}}}})
	k.Apply(checker.Settled{At: at, Entries: []checker.Entry{{Path: actors.Span{Lo: 0, Hi: 3}, Window: 1, Outcome: actors.Delivered}}})
	k.Apply(checker.Forgotten{At: at.Add(time.Hour)})
	data, err := reg.Append(nil, k.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(data); got != stored {
		t.Errorf("it is stored as %s", got)
	}
	raw, err := hex.DecodeString(stored)
	if err != nil {
		t.Fatal(err)
	}
	read, _, err := reg.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	k = checker.New(checker.Deps{})
	k.Restore(read)
	if r := k.Snapshot().(checker.Remains); r.Totals[actors.Delivered] != 3 || r.Run != "r" || r.Channel != "shop" || r.Version == 0 || r.At.IsZero() {
		t.Errorf("%+v", r)
	}
}
