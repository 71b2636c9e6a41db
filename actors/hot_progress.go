package actors

import (
	"maps"
	"slices"

	"github.com/vmihailenco/msgpack/v5"
)

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m Progress) EncodeMsgpack(e *msgpack.Encoder) error {
	n := 5
	if len(m.Variants) > 0 {
		n++
	}
	w := beginFields(e, n)
	w.text("r", m.Run)
	w.uint("g", uint64(m.Generation))
	w.list("t", len(m.Totals), func(i int) error { return e.EncodeUint(uint64(m.Totals[i])) })
	if len(m.Variants) > 0 {
		w.list("v", len(m.Variants), func(i int) error { return e.Encode(m.Variants[i]) })
	}
	windows := slices.Sorted(maps.Keys(m.Windows))
	w.list("w", 2*len(windows), func(i int) error { // number, recipients, number, recipients …
		n := windows[i/2]
		if i%2 == 1 {
			n = m.Windows[n]
		}
		return e.EncodeUint(uint64(n))
	})
	w.do("b", func() error { return e.Encode(m.Returned) })
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *Progress) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *Progress) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "r":
		r.text(&m.Run)
	case "g":
		r.uint32(&m.Generation)
	case "t":
		r.array(func(i int) bool {
			if i < len(m.Totals) {
				r.uint32(&m.Totals[i])
			}
			return i < len(m.Totals)
		})
	case "v":
		r.err = r.d.Decode(&m.Variants)
	case "w":
		m.readWindows(r)
	case "b":
		r.err = r.d.Decode(&m.Returned)
	default:
		return false
	}
	return true
}

func (m *Progress) readWindows(r *fieldReader) {
	var list []uint32
	listOf(r, &list, r.uint32)
	m.Windows = make(map[uint32]uint32, len(list)/2)
	for pair := range slices.Chunk(list, 2) {
		if len(pair) == 2 {
			m.Windows[pair[0]] = pair[1]
		}
	}
}
