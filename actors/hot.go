package actors

import (
	"github.com/vmihailenco/msgpack/v5"
)

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m Post) EncodeMsgpack(e *msgpack.Encoder) error {
	n := 12
	if m.Generation > 0 { // most have none
		n++
	}
	if m.Ledger != "" {
		n++
	}
	w := beginFields(e, n)
	if m.Generation > 0 {
		w.uint("g", uint64(m.Generation))
	}
	w.text("c", m.Campaign)
	w.text("r", m.Run)
	w.text("h", m.Channel)
	w.uint("w", uint64(m.Window))
	w.uint("n", uint64(m.Number))
	w.uint("k", uint64(m.Chunk))
	w.span("p", m.Path)
	w.uint("e", uint64(m.Endpoint))
	w.list("t", len(m.To), func(i int) error { return e.EncodeString(m.To[i]) })
	w.bytes("m", m.Messages)
	w.time("d", m.Deadline)
	w.int("b", int64(m.Demand))
	if m.Ledger != "" {
		w.text("l", m.Ledger)
	}
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *Post) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *Post) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "c":
		r.text(&m.Campaign)
	case "r":
		r.text(&m.Run)
	case "h":
		r.text(&m.Channel)
	case "w":
		r.uint32(&m.Window)
	case "n":
		r.uint32(&m.Number)
	case "g":
		r.uint32(&m.Generation)
	case "k":
		r.uint32(&m.Chunk)
	case "p":
		r.span(&m.Path)
	case "e":
		small(r, &m.Endpoint)
	case "t":
		listOf(r, &m.To, r.text)
	case "m":
		raw(r, &m.Messages)
	case "d":
		r.time(&m.Deadline)
	case "b":
		r.int(&m.Demand)
	case "l":
		r.text(&m.Ledger)
	default:
		return false
	}
	return true
}

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m Report) EncodeMsgpack(e *msgpack.Encoder) error {
	w := beginFields(e, 10)
	w.text("r", m.Run)
	w.uint("w", uint64(m.Window))
	w.span("p", m.Path)
	w.uint("t", uint64(m.What))
	w.bool("d", m.Doubt)
	w.text("o", m.Poster)
	w.text("y", m.Reason)
	w.text("q", m.Request)
	w.uint("n", uint64(m.Tries))
	w.time("a", m.At)
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *Report) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *Report) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "r":
		r.text(&m.Run)
	case "w":
		r.uint32(&m.Window)
	case "p":
		r.span(&m.Path)
	case "t":
		small(r, &m.What)
	case "d":
		r.bool(&m.Doubt)
	case "o":
		r.text(&m.Poster)
	case "y":
		r.text(&m.Reason)
	case "q":
		r.text(&m.Request)
	case "n":
		r.uint32(&m.Tries)
	case "a":
		r.time(&m.At)
	default:
		return false
	}
	return true
}

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m Recorded) EncodeMsgpack(e *msgpack.Encoder) error {
	w := beginFields(e, 4)
	w.text("r", m.Run)
	w.uint("w", uint64(m.Window))
	w.span("p", m.Path)
	w.bool("s", m.Split)
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *Recorded) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *Recorded) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "r":
		r.text(&m.Run)
	case "w":
		r.uint32(&m.Window)
	case "p":
		r.span(&m.Path)
	case "s":
		r.bool(&m.Split)
	default:
		return false
	}
	return true
}

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m WantDemand) EncodeMsgpack(e *msgpack.Encoder) error {
	w := beginFields(e, 7)
	w.text("k", m.Composer)
	w.text("c", m.Campaign)
	w.text("r", m.Run)
	w.uint("w", uint64(m.Window))
	w.int("b", int64(m.Bytes))
	w.uint("p", uint64(m.Piece))
	w.bool("a", m.Anew)
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *WantDemand) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *WantDemand) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "k":
		r.text(&m.Composer)
	case "c":
		r.text(&m.Campaign)
	case "r":
		r.text(&m.Run)
	case "w":
		r.uint32(&m.Window)
	case "b":
		r.int(&m.Bytes)
	case "p":
		r.uint32(&m.Piece)
	case "a":
		r.bool(&m.Anew)
	default:
		return false
	}
	return true
}

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m Granted) EncodeMsgpack(e *msgpack.Encoder) error {
	w := beginFields(e, 5)
	w.text("h", m.Channel)
	w.text("r", m.Run)
	w.uint("w", uint64(m.Window))
	w.int("b", int64(m.Bytes))
	w.uint("p", uint64(m.Piece))
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *Granted) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *Granted) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "h":
		r.text(&m.Channel)
	case "r":
		r.text(&m.Run)
	case "w":
		r.uint32(&m.Window)
	case "b":
		r.int(&m.Bytes)
	case "p":
		r.uint32(&m.Piece)
	default:
		return false
	}
	return true
}

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m FreeDemand) EncodeMsgpack(e *msgpack.Encoder) error {
	w := beginFields(e, 3)
	w.text("r", m.Run)
	w.uint("w", uint64(m.Window))
	w.int("b", int64(m.Bytes))
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *FreeDemand) DecodeMsgpack(d *msgpack.Decoder) error {
	f := Freed{}
	err := f.DecodeMsgpack(d)
	*m = FreeDemand(f)
	return err
}

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m Freed) EncodeMsgpack(e *msgpack.Encoder) error { return FreeDemand(m).EncodeMsgpack(e) }

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *Freed) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *Freed) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "r":
		r.text(&m.Run)
	case "w":
		r.uint32(&m.Window)
	case "b":
		r.int(&m.Bytes)
	default:
		return false
	}
	return true
}

// EncodeMsgpack implements msgpack.CustomEncoder: an array of bounds, chunk and flags, because a re-drive may name 25,000 of them.
func (p Path) EncodeMsgpack(e *msgpack.Encoder) error {
	flags := uint64(0)
	if p.Multicast {
		flags |= 1
	}
	if p.Anew {
		flags |= 2
	}
	err := e.EncodeArrayLen(4)
	for _, v := range [...]uint64{uint64(p.Span.Lo), uint64(p.Span.Hi), uint64(p.Chunk), flags} {
		if err == nil {
			err = e.EncodeUint(v)
		}
	}
	return err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (p *Path) DecodeMsgpack(d *msgpack.Decoder) error {
	r := fieldReader{d: d}
	var flags uint64
	into := [...]func(){func() { r.uint32(&p.Span.Lo) }, func() { r.uint32(&p.Span.Hi) }, func() { r.uint32(&p.Chunk) }, func() { r.uint64(&flags) }}
	r.array(func(i int) bool {
		if i < len(into) {
			into[i]()
		}
		return i < len(into)
	})
	p.Multicast, p.Anew = flags&1 != 0, flags&2 != 0
	return r.err
}
