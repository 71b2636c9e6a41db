package actors

import (
	"cmp"
	"iter"
	"slices"
	"strconv"

	"github.com/vmihailenco/msgpack/v5"
)

// Span is a half-open range [Lo, Hi) of recipient indices of one run. It is also how a path is named: one recipient of a push
// chunk is [i, i+1), a multicast is the span of its chunk, and a half of a split is that half of its parent's span.
//
// Encoded it is an array of its two bounds: spans are the bulk of what is stored and told. Events of earlier versions have them as maps.
type Span struct{ Lo, Hi uint32 }

// EncodeMsgpack implements msgpack.CustomEncoder.
func (s Span) EncodeMsgpack(e *msgpack.Encoder) error {
	if err := e.EncodeArrayLen(2); err != nil {
		return err
	}
	if err := e.EncodeUint(uint64(s.Lo)); err != nil {
		return err
	}
	return e.EncodeUint(uint64(s.Hi))
}

// DecodeMsgpack implements msgpack.CustomDecoder. What it doesn't know is skipped.
func (s *Span) DecodeMsgpack(d *msgpack.Decoder) error {
	return reading(d, func(r *fieldReader) { r.span(s) })
}

func (s *Span) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "l":
		r.uint32(&s.Lo)
	case "h":
		r.uint32(&s.Hi)
	default:
		return false
	}
	return true
}

// Len is the number of recipients.
func (s Span) Len() int { return int(s.Hi - s.Lo) }

// Contains tells whether o lies within s.
func (s Span) Contains(o Span) bool { return s.Lo <= o.Lo && o.Hi <= s.Hi }

// Halves splits s in two; the first is the larger where the length is odd. A span of one can't be split.
func (s Span) Halves() (Span, Span) {
	mid := s.Lo + (s.Hi-s.Lo+1)/2
	return Span{s.Lo, mid}, Span{mid, s.Hi}
}

// Each yields the single-recipient spans of s.
func (s Span) Each() iter.Seq[Span] {
	return func(yield func(Span) bool) {
		for i := s.Lo; i < s.Hi; i++ {
			if !yield(Span{i, i + 1}) {
				return
			}
		}
	}
}

// String is "lo-hi", part of retry keys and poster identities: it never changes.
func (s Span) String() string { return string(s.append(make([]byte, 0, 21))) }

func (s Span) append(b []byte) []byte {
	b = strconv.AppendUint(b, uint64(s.Lo), 10)
	return strconv.AppendUint(append(b, '-'), uint64(s.Hi), 10)
}

// Total is the number of recipients in spans.
func Total(spans []Span) int {
	n := 0
	for _, s := range spans {
		n += s.Len()
	}
	return n
}

// Set is a set of recipient indices, kept as sorted spans that neither overlap nor touch. The zero value is empty.
type Set struct{ spans []Span }

// SetOf returns the union of spans.
func SetOf(spans ...Span) Set {
	var s Set
	for _, p := range spans {
		s.Add(p)
	}
	return s
}

// Spans are the set's spans in order; the caller does not change them.
func (s *Set) Spans() []Span { return s.spans }

// Len is the number of indices in the set.
func (s *Set) Len() int { return Total(s.spans) }

// Empty tells whether the set has no index.
func (s *Set) Empty() bool { return len(s.spans) == 0 }

// at is the position of the first span that ends after lo.
func (s *Set) at(lo uint32) int {
	i, _ := slices.BinarySearchFunc(s.spans, lo, func(p Span, lo uint32) int {
		if p.Hi <= lo {
			return -1
		}
		return cmp.Compare(p.Hi, lo)
	})
	return i
}

// Add puts every index of p into the set.
func (s *Set) Add(p Span) {
	if p.Len() <= 0 {
		return
	}
	i := s.at(p.Lo)
	if i > 0 && s.spans[i-1].Hi == p.Lo {
		i--
	}
	j := i
	for j < len(s.spans) && s.spans[j].Lo <= p.Hi {
		p.Lo, p.Hi = min(p.Lo, s.spans[j].Lo), max(p.Hi, s.spans[j].Hi)
		j++
	}
	s.spans = slices.Replace(s.spans, i, j, p)
}

// Remove takes every index of p out of the set.
func (s *Set) Remove(p Span) {
	if p.Len() <= 0 {
		return
	}
	i := s.at(p.Lo)
	j := i
	var rest []Span
	for ; j < len(s.spans) && s.spans[j].Lo < p.Hi; j++ {
		if o := s.spans[j]; o.Lo < p.Lo {
			rest = append(rest, Span{o.Lo, p.Lo})
		}
		if o := s.spans[j]; o.Hi > p.Hi {
			rest = append(rest, Span{p.Hi, o.Hi})
		}
	}
	s.spans = slices.Replace(s.spans, i, j, rest...)
}

// Has tells whether the index is in the set.
func (s *Set) Has(i uint32) bool {
	k := s.at(i)
	return k < len(s.spans) && s.spans[k].Lo <= i
}

// Covers tells whether every index of p is in the set.
func (s *Set) Covers(p Span) bool {
	k := s.at(p.Lo)
	return k < len(s.spans) && s.spans[k].Contains(p)
}

// Touches tells whether any index of p is in the set.
func (s *Set) Touches(p Span) bool {
	k := s.at(p.Lo)
	return k < len(s.spans) && s.spans[k].Lo < p.Hi
}

// Within yields the parts of the set that lie in p.
func (s *Set) Within(p Span) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		for k := s.at(p.Lo); k < len(s.spans) && s.spans[k].Lo < p.Hi; k++ {
			o := s.spans[k]
			if !yield(Span{max(o.Lo, p.Lo), min(o.Hi, p.Hi)}) {
				return
			}
		}
	}
}
