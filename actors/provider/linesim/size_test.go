package linesim_test

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"github.com/google/uuid"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/actors/provider/providertest"
)

func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// 100,000 pushes, each with a text and key of its own, and 1,000,000 recipients by multicast must stay far below 400 MB; the costs are
// linear, so a tenth is measured.
func TestLedgerIsCompact(t *testing.T) {
	sim := linesim.New(linesim.Options{Limits: linesim.Limits{Off: true}})
	before := inUse()
	const pushes, multicasts = 20_000, 200
	var key uuid.UUID
	next := func() uuid.UUID {
		binary.BigEndian.PutUint64(key[8:], binary.BigEndian.Uint64(key[8:])+1)
		return key
	}
	for i := range pushes {
		c := providertest.Push(i, fmt.Sprint("text ", i))
		c.Key = next()
		sim.Decide(ask(c), linesim.Fate{}, noon)
	}
	afterPushes := inUse()
	body := providertest.Text("all")
	for i := range multicasts {
		c := provider.Call{Endpoint: provider.Multicast, Key: next(), Messages: body}
		for j := range 500 {
			c.To = append(c.To, providertest.User(1_000_000+i*500+j))
		}
		sim.Decide(ask(c), linesim.Fate{}, noon)
	}
	after := inUse()
	if l := sim.Ledger(); l.Deliveries != pushes+500*multicasts || l.Duplicates != 0 {
		t.Fatalf("got %+v", l)
	}
	perPush, perRecipient := (afterPushes-before)/pushes, (after-afterPushes)/(500*multicasts)
	t.Logf("%d bytes a push, %d a recipient of a multicast", perPush, perRecipient)
	if perPush > 220 || perRecipient > 60 {
		t.Errorf("%d bytes a push (at most 220), %d a recipient of a multicast (at most 60)", perPush, perRecipient)
	}
	runtime.KeepAlive(sim)
}

func BenchmarkDecidePush(b *testing.B) {
	for _, only := range []bool{false, true} {
		b.Run(fmt.Sprintf("ledgerOnly=%t", only), func(b *testing.B) {
			sim := linesim.New(linesim.Options{Limits: linesim.Limits{Off: true}, LedgerOnly: only})
			q := ask(providertest.Push(1, "Hello, Ada. Your code is 12345."))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				q.To[0] = providertest.User(i)
				q.Key = fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)
				sim.Decide(q, sim.Draw(), noon)
			}
		})
	}
}
