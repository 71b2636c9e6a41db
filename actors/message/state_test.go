package message

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hayauma.example/actors"
	"hayauma.example/codec"
)

func registry() *codec.Registry {
	r := codec.NewRegistry()
	Register(r)
	return r
}

// stored is an event or a snapshot as it is read back.
func stored[T any](t interface{ Fatal(...any) }, r *codec.Registry, v T) T {
	b, err := r.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	back, _, err := r.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return back.(T)
}

// someEvent is an event that may follow in a state.
func someEvent(t *rapid.T, s *state, now int64) Event {
	pick := func(from []uint32, name string) (n []uint32) {
		if len(from) == 0 {
			return nil
		}
		return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 1, min(3, len(from)), rapid.ID).Draw(t, name)
	}
	open := slices.Sorted(maps.Keys(s.open))
	switch rapid.IntRange(0, 9).Draw(t, "event") {
	case 0, 1, 2:
		e := Accepted{First: s.next + 1}
		for i := range rapid.IntRange(1, 4).Draw(t, "entries") {
			at := now + int64(rapid.IntRange(0, 5).Draw(t, "at"))*1000
			key := uint64(s.next)*8 + uint64(i)
			e.Entries = append(e.Entries, Entry{User: rapid.SampledFrom([]string{"U1", "U2", fmt.Sprintf("U%032x", 7)}).Draw(t, "user"), Key: key, Content: key / 2,
				Due: at - int64(rapid.IntRange(0, 2).Draw(t, "due")), At: at})
		}
		return e
	case 3:
		return Began{}
	case 4:
		return Rested{}
	case 5, 6:
		var e Settled
		for _, n := range pick(append(open, s.order...), "settled") {
			e.Entries = append(e.Entries, Outcome{Number: n, Outcome: rapid.SampledFrom([]actors.Outcome{actors.Failed, actors.Unknown, actors.Delivered}).Draw(t, "outcome"),
				Reason: rapid.SampledFrom([]string{"", "bad"}).Draw(t, "reason"), Tries: 1, At: now,
				Request: rapid.SampledFrom([]string{"", "r1", "6f0c8f3a-1c57-4f1e-9a53-0d6f8a1f7c11", "6F0C8F3A-1C57-4F1E-9A53-0D6F8A1F7C11"}).Draw(t, "request")})
		}
		return e
	case 7:
		return Returned{Numbers: pick(open, "returned"), At: now}
	case 8:
		e := Deferred{Numbers: pick(open, "deferred")}
		for range e.Numbers {
			e.Until = append(e.Until, now+int64(rapid.IntRange(1, 9).Draw(t, "until"))*1000)
			e.Same = append(e.Same, rapid.Bool().Draw(t, "same"))
		}
		return e
	}
	return rapid.SampledFrom([]Event{Owing{Due: moment(now)}, Told{Version: s.figures.version}, Keeping{Until: moment(now)},
		Forgotten{Before: now - 5000, Next: moment(now)}}).Draw(t, "note")
}

// A state is what its events make, whether they are applied as they come, replayed, or replayed behind a snapshot; and all that it holds stands
// where it belongs.
func TestStateIsItsEvents(t *testing.T) {
	r := registry()
	rapid.Check(t, func(t *rapid.T) {
		live := newState()
		now := int64(1_750_000_000_000)
		var events []Event
		cut := rapid.IntRange(0, 40).Draw(t, "cut")
		var snapshot Ledger
		for i := range 40 {
			if i == cut {
				snapshot = stored(t, r, live.snapshot())
			}
			e := someEvent(t, &live, now)
			events = append(events, e)
			live.apply(e)
			sound(t, &live)
			now += int64(rapid.SampledFrom([]int{1, 1000, 40 * 24 * 3600 * 1000}).Draw(t, "time"))
		}
		again := newState()
		for _, e := range events {
			again.apply(stored(t, r, e))
		}
		same(t, "replayed", &live, &again)
		if cut < 40 {
			behind := newState()
			if err := behind.restore(snapshot); err != nil {
				t.Fatal(err)
			}
			for _, e := range events[cut:] {
				behind.apply(stored(t, r, e))
			}
			same(t, "behind a snapshot", &live, &behind)
		}
	})
}

func same(t *rapid.T, how string, a, b *state) {
	x, y := a.snapshot(), b.snapshot()
	for _, l := range []*Ledger{&x, &y} {
		l.Owing, l.Keeping = l.Owing.UTC(), l.Keeping.UTC()
	}
	if !reflect.DeepEqual(x, y) || !reflect.DeepEqual(a.users, b.users) || !maps.Equal(a.keys, b.keys) || a.size != b.size {
		t.Fatalf("%s: %+v, want %+v", how, y, x)
	}
}

func sound(t *rapid.T, s *state) {
	queued := 0
	for user, q := range s.users {
		queued += len(q)
		if !slices.IsSortedFunc(q, (*message).before) || len(q) == 0 || q[0].user != user {
			t.Fatalf("messages to %s are out of order: %v", user, q)
		}
	}
	size := 0
	for _, n := range s.order {
		size += s.past[n].size()
	}
	switch {
	case queued != len(s.open), len(s.order) != len(s.past), size != s.size:
		t.Fatalf("%d messages, %d queued; %d are over, %d in order; they take %d, counted %d", len(s.open), queued, len(s.past), len(s.order), size, s.size)
	case len(s.keys) != len(s.open)+len(s.past):
		t.Fatalf("%d keys of %d and %d messages", len(s.keys), len(s.open), len(s.past))
	}
}

// A full book fits into one record of the store.
func TestAFullBookFitsIntoARecord(t *testing.T) {
	s := newState()
	at := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	accept := func(n int) {
		e := Accepted{First: s.next + 1}
		for i := range n {
			key := uint64(s.next) + uint64(i) | 1<<63
			e.Entries = append(e.Entries, Entry{User: fmt.Sprintf("U%032x", key), Key: key, Content: key, Due: at, At: at})
		}
		s.apply(e)
	}
	for range 20 {
		accept(1000)
		var e Settled
		for n := range s.open {
			e.Entries = append(e.Entries, Outcome{Number: n, Outcome: actors.Failed, Reason: "a reason of some length", Tries: 300, At: at,
				Request: "6f0c8f3a-1c57-4f1e-9a53-0d6f8a1f7c11"})
		}
		s.apply(e)
	}
	accept(maxOpen)
	s.apply(Settled{})
	b, err := registry().Append(nil, s.snapshot())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("figure: %d messages wait, %d are over, in %d bytes", len(s.open), len(s.past), len(b))
	if len(b) > 768<<10 || len(s.past) < 3000 {
		t.Errorf("%d messages wait, %d are over, in %d bytes", len(s.open), len(s.past), len(b))
	}
}
