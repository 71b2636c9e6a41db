package cluster

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"hayauma.example/engine"
)

// The model keeps what is pending in a map. Few ids and many names, so that the index is full of neighbours, and what is removed is packed away.
func TestPendingMatchesModel(t *testing.T) {
	type key struct {
		reminderKey
		hour int64
	}
	type want struct {
		entry
		next int64
	}
	rapid.Check(t, func(r *rapid.T) {
		p, model := newPending(), map[key]*want{}
		keys := rapid.Custom(func(r *rapid.T) key {
			name := fmt.Sprintf("n%d", rapid.IntRange(0, 300).Draw(r, "name"))
			id := rapid.SampledFrom([]string{"", "a", "b/ü"}).Draw(r, "id")
			return key{reminderKey{rapid.SampledFrom([]string{"k", "l"}).Draw(r, "kind"), id, name}, rapid.Int64Range(-1, 1).Draw(r, "hour")}
		})
		put := func(r *rapid.T) {
			k := keys.Draw(r, "key")
			if model[k] != nil {
				p.remove(k.reminderKey, k.hour)
			}
			e := entry{reminderKey: k.reminderKey, due: k.hour*hour + rapid.Int64Range(0, hour-1).Draw(r, "due")}
			e.payload = rapid.SliceOfN(rapid.Byte(), 0, engine.InlinePayload+30).Draw(r, "payload")
			e.slim(rapid.Uint64().Draw(r, "record"))
			p.put(e)
			model[k] = &want{e, e.due}
		}
		r.Repeat(map[string]func(*rapid.T){
			"put": put,
			"put many": func(r *rapid.T) {
				for range rapid.IntRange(1, 200).Draw(r, "count") {
					put(r)
				}
			},
			"remove": func(r *rapid.T) {
				k := keys.Draw(r, "key")
				p.remove(k.reminderKey, k.hour)
				delete(model, k)
			},
			"remove many": func(r *rapid.T) {
				h := rapid.Int64Range(-1, 1).Draw(r, "hour")
				for k := range model {
					if k.hour == h {
						p.remove(k.reminderKey, h)
						delete(model, k)
					}
				}
			},
			"take": func(r *rapid.T) {
				at, ok := p.first()
				if !ok {
					return
				}
				e := p.take(at + hour)
				w := model[key{e.reminderKey, hourOf(e.due)}]
				if w == nil || w.next != at || !same(w.entry, e) {
					r.Fatalf("took %+v at %d, want %+v", e, at, w)
				}
				w.next = at + hour
			},
			"locate": func(r *rapid.T) {
				k, record := keys.Draw(r, "key"), rapid.Uint64().Draw(r, "record")
				w := model[k]
				if e, ok := p.get(k.reminderKey, k.hour); ok != (w != nil) || ok && !same(w.entry, e) {
					r.Fatalf("got %+v, want %+v", e, w)
				}
				if w != nil && w.away {
					p.locate(k.reminderKey, k.hour, record)
					w.record = record
				}
			},
			"": func(r *rapid.T) {
				if p.len() != len(model) {
					r.Fatalf("%d are pending, want %d", p.len(), len(model))
				}
				first, ok := p.first()
				for k, w := range model {
					if due, known := p.due(k.reminderKey, k.hour); !known || due != w.due {
						r.Fatalf("%v is due at %d (%v), want %d", k, due, known, w.due)
					}
					if !ok || w.next < first {
						r.Fatalf("the first fires at %d (%v), but %v at %d", first, ok, k, w.next)
					}
				}
				if len(p.texts) > leastWaste+2*(len(p.texts)-p.waste) || len(p.slots) > leastRepack+2*(p.len()+1) {
					r.Fatalf("%d bytes of text of which %d are unused, %d slots for %d", len(p.texts), p.waste, len(p.slots), p.len())
				}
			},
		})
	})
}

func same(a, b entry) bool {
	return a.reminderKey == b.reminderKey && a.due == b.due && a.away == b.away && a.record == b.record && bytes.Equal(a.payload, b.payload)
}

// TestPendingIsSmall: what a reminder of a usual length takes, and that the collector has nothing to read for it.
func TestPendingIsSmall(t *testing.T) {
	const count = 100_000
	before := inUse()
	p := newPending()
	for i := range count {
		p.put(entry{reminderKey: reminderKey{"campaign", fmt.Sprintf("%032d", i), "work"}, due: int64(i)})
	}
	if each := float64(inUse()-before) / count; each > 140 {
		t.Errorf("%.0f bytes for each", each)
	}
	if n := testing.AllocsPerRun(1000, func() { p.take(hour) }); n > 1 {
		t.Errorf("%v allocations to take one", n)
	}
	runtime.KeepAlive(p)
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
