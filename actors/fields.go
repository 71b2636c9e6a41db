package actors

import (
	"sync"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// Hot messages write themselves as a map with keys of one letter. A key is never used again for something else: a reader skips those
// that it doesn't know, and what is missing is zero.

// fieldWriter writes the fields of one message; its first error stays.
type fieldWriter struct {
	e   *msgpack.Encoder
	err error
}

// beginFields begins a message of n fields.
func beginFields(e *msgpack.Encoder, n int) *fieldWriter { return &fieldWriter{e, e.EncodeMapLen(n)} }

func (w *fieldWriter) do(key string, write func() error) {
	if w.err == nil {
		w.err = w.e.EncodeString(key)
	}
	if w.err == nil {
		w.err = write()
	}
}

func (w *fieldWriter) text(key, v string) { w.do(key, func() error { return w.e.EncodeString(v) }) }

func (w *fieldWriter) uint(key string, v uint64) {
	w.do(key, func() error { return w.e.EncodeUint(v) })
}

func (w *fieldWriter) int(key string, v int64) { w.do(key, func() error { return w.e.EncodeInt(v) }) }

func (w *fieldWriter) bool(key string, v bool) { w.do(key, func() error { return w.e.EncodeBool(v) }) }

func (w *fieldWriter) bytes(key string, v []byte) {
	w.do(key, func() error { return w.e.EncodeBytes(v) })
}

// time writes the moment in nanoseconds since 1970; the zero time is 0. Neither a location nor a monotonic reading crosses.
func (w *fieldWriter) time(key string, v time.Time) {
	if v.IsZero() {
		w.int(key, 0)
		return
	}
	w.int(key, v.UnixNano())
}

func (w *fieldWriter) span(key string, s Span) {
	w.do(key, func() error { return s.EncodeMsgpack(w.e) })
}

// list writes n elements.
func (w *fieldWriter) list(key string, n int, each func(i int) error) {
	w.do(key, func() error {
		err := w.e.EncodeArrayLen(n)
		for i := 0; i < n && err == nil; i++ {
			err = each(i)
		}
		return err
	})
}

// fieldReader reads the fields of one message; its first error stays.
type fieldReader struct {
	d   *msgpack.Decoder
	err error
}

// fielded is a message that reads the value of a key, or says that it doesn't know the key.
type fielded interface {
	field(r *fieldReader, key string) (known bool)
}

var fieldReaders = sync.Pool{New: func() any { return &fieldReader{} }}

// readFields reads a message, field by field.
func readFields(d *msgpack.Decoder, m fielded) error {
	return reading(d, func(r *fieldReader) { r.fields(m) })
}

// reading does something with a reader.
func reading(d *msgpack.Decoder, do func(*fieldReader)) error {
	r := fieldReaders.Get().(*fieldReader)
	defer func() {
		*r = fieldReader{}
		fieldReaders.Put(r)
	}()
	r.d = d
	do(r)
	return r.err
}

func (r *fieldReader) fields(m fielded) {
	var n int
	for read(r, &n, r.d.DecodeMapLen); n > 0 && r.err == nil; n-- {
		var key string
		if key, r.err = r.d.DecodeString(); r.err == nil && !m.field(r, key) {
			r.err = r.d.Skip()
		}
	}
}

func read[T any](r *fieldReader, to *T, decode func() (T, error)) {
	if r.err == nil {
		*to, r.err = decode()
	}
}

func (r *fieldReader) text(to *string) { read(r, to, r.d.DecodeString) }

func (r *fieldReader) bool(to *bool) { read(r, to, r.d.DecodeBool) }

func (r *fieldReader) uint32(to *uint32) { read(r, to, r.d.DecodeUint32) }

func (r *fieldReader) uint64(to *uint64) { read(r, to, r.d.DecodeUint64) }

func (r *fieldReader) int(to *int) { read(r, to, r.d.DecodeInt) }

func (r *fieldReader) duration(to *time.Duration) {
	var n int64
	read(r, &n, r.d.DecodeInt64)
	*to = time.Duration(n)
}

// small reads a number that has a type of its own.
func small[T ~uint8](r *fieldReader, to *T) {
	var n uint8
	read(r, &n, r.d.DecodeUint8)
	*to = T(n)
}

func raw[T ~[]byte](r *fieldReader, to *T) {
	var b []byte
	read(r, &b, r.d.DecodeBytes)
	*to = b
}

func (r *fieldReader) time(to *time.Time) {
	var n int64
	if read(r, &n, r.d.DecodeInt64); n != 0 {
		*to = time.Unix(0, n)
	}
}

// span reads a span: an array, or a map as earlier versions stored it.
func (r *fieldReader) span(to *Span) {
	var code byte
	read(r, &code, r.d.PeekCode)
	if msgpcode.IsFixedMap(code) || code == msgpcode.Map16 || code == msgpcode.Map32 {
		r.fields(to)
		return
	}
	r.array(func(i int) bool {
		switch i {
		case 0:
			r.uint32(&to.Lo)
		case 1:
			r.uint32(&to.Hi)
		default:
			return false
		}
		return true
	})
}

// array reads an array whose elements have their meaning by their place; those that field doesn't know are skipped.
func (r *fieldReader) array(field func(i int) (known bool)) {
	var n int
	read(r, &n, r.d.DecodeArrayLen)
	for i := 0; i < n && r.err == nil; i++ {
		if !field(i) && r.err == nil {
			r.err = r.d.Skip()
		}
	}
}

// listOf reads a list; memory grows with what is read, not with what is declared.
func listOf[T any](r *fieldReader, to *[]T, each func(*T)) {
	*to = nil
	r.array(func(int) bool {
		var v T
		each(&v)
		*to = append(*to, v)
		return true
	})
}
