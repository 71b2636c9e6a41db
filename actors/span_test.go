package actors_test

import (
	"encoding/hex"
	"maps"
	"slices"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"hayauma.example/actors"
)

// Spans are stored as arrays, and read as earlier and later versions have them.
func TestSpanOnDisk(t *testing.T) {
	want := actors.Span{Lo: 500, Hi: 70_000}
	data, err := msgpack.Marshal(want)
	if err != nil || hex.EncodeToString(data) != "92cd01f4ce00011170" {
		t.Errorf("stored as %x, %v", data, err)
	}
	for name, stored := range map[string]string{
		"array": "92cd01f4ce00011170", "map": "82a16ccd01f4a168ce00011170", "map, the other way": "82a168ce00011170a16ccd01f4",
		"array with more": "93cd01f4ce0001117001", "map with more": "83a16ccd01f4a168ce00011170a17a01",
	} {
		raw, err := hex.DecodeString(stored)
		if err != nil {
			t.Fatal(err)
		}
		var got actors.Span
		if err := msgpack.Unmarshal(raw, &got); err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, damaged := range []string{"", "92cd01f4", "a16c", "82a16ca16c"} {
		raw, err := hex.DecodeString(damaged)
		if err != nil {
			t.Fatal(err)
		}
		var got actors.Span
		if err := msgpack.Unmarshal(raw, &got); err == nil {
			t.Errorf("%q is %v", damaged, got)
		}
	}
}

func TestHalves(t *testing.T) {
	for _, c := range []struct{ whole, a, b actors.Span }{
		{actors.Span{Lo: 0, Hi: 2}, actors.Span{Lo: 0, Hi: 1}, actors.Span{Lo: 1, Hi: 2}},
		{actors.Span{Lo: 10, Hi: 13}, actors.Span{Lo: 10, Hi: 12}, actors.Span{Lo: 12, Hi: 13}},
		{actors.Span{Lo: 500, Hi: 1000}, actors.Span{Lo: 500, Hi: 750}, actors.Span{Lo: 750, Hi: 1000}},
	} {
		if a, b := c.whole.Halves(); a != c.a || b != c.b {
			t.Errorf("%v: %v and %v, want %v and %v", c.whole, a, b, c.a, c.b)
		}
	}
}

func TestSpanIsNamedForEver(t *testing.T) {
	for want, s := range map[string]actors.Span{"0-1": {Lo: 0, Hi: 1}, "4294967294-4294967295": {Lo: 1<<32 - 2, Hi: 1<<32 - 1}} {
		if s.String() != want {
			t.Errorf("%q, want %q", s, want)
		}
	}
}

func TestEachStopsWhereItIsTold(t *testing.T) {
	for s := range (actors.Span{Lo: 3, Hi: 9}).Each() {
		if s != (actors.Span{Lo: 3, Hi: 4}) {
			t.Fatal(s)
		}
		break
	}
}

const universe = 40

func spans(lo, hi uint32) *rapid.Generator[actors.Span] {
	return rapid.Custom(func(t *rapid.T) actors.Span {
		a := rapid.Uint32Range(lo, hi).Draw(t, "lo")
		return actors.Span{Lo: a, Hi: rapid.Uint32Range(a, hi).Draw(t, "hi")}
	})
}

// TestSetIsASetOfIndices compares with a map that knows nothing of spans.
func TestSetIsASetOfIndices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var set actors.Set
		dumb := map[uint32]bool{}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				p := spans(0, universe).Draw(t, "p")
				set.Add(p)
				for s := range p.Each() {
					dumb[s.Lo] = true
				}
			},
			"remove": func(t *rapid.T) {
				p := spans(0, universe).Draw(t, "p")
				set.Remove(p)
				for s := range p.Each() {
					delete(dumb, s.Lo)
				}
			},
			"": func(t *rapid.T) { agree(t, &set, dumb, spans(0, universe).Draw(t, "asked")) },
		})
	})
}

func agree(t *rapid.T, set *actors.Set, dumb map[uint32]bool, asked actors.Span) {
	var got []uint32
	for k, p := range set.Spans() {
		if p.Len() <= 0 || k > 0 && set.Spans()[k-1].Hi >= p.Lo {
			t.Fatalf("spans overlap, touch or are empty: %v", set.Spans())
		}
		for s := range p.Each() {
			got = append(got, s.Lo)
		}
	}
	if want := slices.Sorted(maps.Keys(dumb)); !slices.Equal(got, want) {
		t.Fatalf("holds %v, want %v", got, want)
	}
	if set.Len() != len(dumb) || set.Empty() != (len(dumb) == 0) {
		t.Fatalf("length %d, want %d", set.Len(), len(dumb))
	}
	var within []uint32
	for p := range set.Within(asked) {
		for s := range p.Each() {
			within = append(within, s.Lo)
		}
	}
	var want []uint32
	for s := range asked.Each() {
		if dumb[s.Lo] {
			want = append(want, s.Lo)
		}
		if set.Has(s.Lo) != dumb[s.Lo] {
			t.Fatalf("Has(%d) = %v", s.Lo, set.Has(s.Lo))
		}
	}
	if !slices.Equal(within, want) {
		t.Fatalf("within %v: %v, want %v", asked, within, want)
	}
	if asked.Len() > 0 && set.Touches(asked) != (len(want) > 0) {
		t.Fatalf("Touches(%v) with %v", asked, want)
	}
	if asked.Len() > 0 && set.Covers(asked) != (len(want) == asked.Len()) {
		t.Fatalf("Covers(%v) with %v", asked, want)
	}
}

func TestSetOfIsTheUnion(t *testing.T) {
	s := actors.SetOf(actors.Span{Lo: 5, Hi: 7}, actors.Span{Lo: 0, Hi: 2}, actors.Span{Lo: 2, Hi: 3}, actors.Span{Lo: 9, Hi: 9})
	if want := []actors.Span{{Lo: 0, Hi: 3}, {Lo: 5, Hi: 7}}; !slices.Equal(s.Spans(), want) {
		t.Fatalf("%v, want %v", s.Spans(), want)
	}
}
