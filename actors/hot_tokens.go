package actors

import (
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m WantTokens) EncodeMsgpack(e *msgpack.Encoder) error {
	w := beginFields(e, 11)
	w.text("g", m.Gate)
	w.uint("s", m.Seq)
	w.list("w", len(m.Waiting), func(i int) error { return m.Waiting[i].EncodeMsgpack(e) })
	w.list("u", len(m.Spent), func(i int) error { return m.Spent[i].EncodeMsgpack(e) })
	w.list("f", len(m.Freed), func(i int) error { return m.Freed[i].EncodeMsgpack(e) })
	w.list("t", len(m.Trouble), func(i int) error { return m.Trouble[i].EncodeMsgpack(e) })
	w.list("k", len(m.Fine), func(i int) error { return e.EncodeInt(int64(m.Fine[i])) })
	w.list("x", len(m.Failed), func(i int) error { return e.EncodeInt(int64(m.Failed[i])) })
	w.list("o", len(m.Other), func(i int) error { return e.EncodeInt(int64(m.Other[i])) })
	w.list("d", len(m.Tried), func(i int) error { return m.Tried[i].EncodeMsgpack(e) })
	w.int("r", int64(m.Room))
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *WantTokens) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *WantTokens) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "g":
		r.text(&m.Gate)
	case "s":
		r.uint64(&m.Seq)
	case "w":
		listOf(r, &m.Waiting, func(v *RunWaiting) { r.err = v.DecodeMsgpack(r.d) })
	case "u":
		listOf(r, &m.Spent, func(v *Spent) { r.err = v.DecodeMsgpack(r.d) })
	case "f":
		listOf(r, &m.Freed, func(v *Freed) { r.err = v.DecodeMsgpack(r.d) })
	case "t":
		listOf(r, &m.Trouble, func(v *Trouble) { r.err = v.DecodeMsgpack(r.d) })
	case "k":
		r.counts(&m.Fine)
	case "x":
		r.counts(&m.Failed)
	case "o":
		r.counts(&m.Other)
	case "d":
		listOf(r, &m.Tried, func(v *Tried) { r.err = v.DecodeMsgpack(r.d) })
	case "r":
		r.int(&m.Room)
	default:
		return false
	}
	return true
}

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m RunWaiting) EncodeMsgpack(e *msgpack.Encoder) error {
	w := beginFields(e, 4)
	w.text("c", m.Campaign)
	w.text("r", m.Run)
	w.int("p", int64(m.Push))
	w.int("m", int64(m.Multicast))
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *RunWaiting) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *RunWaiting) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "c":
		r.text(&m.Campaign)
	case "r":
		r.text(&m.Run)
	case "p":
		r.int(&m.Push)
	case "m":
		r.int(&m.Multicast)
	default:
		return false
	}
	return true
}

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m Spent) EncodeMsgpack(e *msgpack.Encoder) error {
	w := beginFields(e, 3)
	w.uint("g", m.Grant)
	w.list("s", len(m.Started), func(i int) error { return e.EncodeInt(int64(m.Started[i])) })
	w.int("u", int64(m.Unused))
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *Spent) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *Spent) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "g":
		r.uint64(&m.Grant)
	case "s":
		listOf(r, &m.Started, func(v *time.Duration) { r.duration(v) })
	case "u":
		r.int(&m.Unused)
	default:
		return false
	}
	return true
}

// counts reads a number for each endpoint.
func (r *fieldReader) counts(to *[2]int) {
	r.array(func(i int) bool {
		if i < len(to) {
			r.int(&to[i])
		}
		return i < len(to)
	})
}

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m Tried) EncodeMsgpack(e *msgpack.Encoder) error {
	w := beginFields(e, 2)
	w.uint("g", m.Grant)
	w.bool("x", m.Failed)
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *Tried) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *Tried) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "g":
		r.uint64(&m.Grant)
	case "x":
		r.bool(&m.Failed)
	default:
		return false
	}
	return true
}

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m Trouble) EncodeMsgpack(e *msgpack.Encoder) error {
	w := beginFields(e, 4)
	w.uint("e", uint64(m.Endpoint))
	w.uint("v", uint64(m.Verdict))
	w.text("y", m.Reason)
	w.int("n", int64(m.Count))
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *Trouble) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *Trouble) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "e":
		small(r, &m.Endpoint)
	case "v":
		small(r, &m.Verdict)
	case "y":
		r.text(&m.Reason)
	case "n":
		r.int(&m.Count)
	default:
		return false
	}
	return true
}

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m Tokens) EncodeMsgpack(e *msgpack.Encoder) error {
	w := beginFields(e, 8)
	w.uint("s", m.Seq)
	w.list("g", len(m.Grants), func(i int) error { return m.Grants[i].EncodeMsgpack(e) })
	w.list("h", len(m.Held), func(i int) error { return e.EncodeString(m.Held[i]) })
	w.list("o", len(m.Over), func(i int) error { return e.EncodeString(m.Over[i]) })
	w.int("a", int64(m.Again))
	w.text("p", m.Paused)
	w.bool("b", m.Broken)
	w.do("c", func() error { return e.Encode(m.Setup) })
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *Tokens) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *Tokens) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "s":
		r.uint64(&m.Seq)
	case "g":
		listOf(r, &m.Grants, func(v *Grant) { r.err = v.DecodeMsgpack(r.d) })
	case "h":
		listOf(r, &m.Held, r.text)
	case "o":
		listOf(r, &m.Over, r.text)
	case "a":
		r.duration(&m.Again)
	case "p":
		r.text(&m.Paused)
	case "b":
		r.bool(&m.Broken)
	case "c":
		r.err = r.d.Decode(&m.Setup)
	default:
		return false
	}
	return true
}

// EncodeMsgpack implements msgpack.CustomEncoder.
func (m Grant) EncodeMsgpack(e *msgpack.Encoder) error {
	w := beginFields(e, 8)
	w.uint("i", m.ID)
	w.text("r", m.Run)
	w.uint("e", uint64(m.Endpoint))
	w.int("n", int64(m.N))
	w.bool("o", m.Open)
	w.bool("t", m.Trial)
	w.text("p", string(m.Priority))
	w.int("w", int64(m.Weight))
	return w.err
}

// DecodeMsgpack implements msgpack.CustomDecoder.
func (m *Grant) DecodeMsgpack(d *msgpack.Decoder) error { return readFields(d, m) }

func (m *Grant) field(r *fieldReader, key string) (known bool) {
	switch key {
	case "i":
		r.uint64(&m.ID)
	case "r":
		r.text(&m.Run)
	case "e":
		small(r, &m.Endpoint)
	case "n":
		r.int(&m.N)
	case "o":
		r.bool(&m.Open)
	case "t":
		r.bool(&m.Trial)
	case "p":
		r.text((*string)(&m.Priority))
	case "w":
		r.int(&m.Weight)
	default:
		return false
	}
	return true
}
