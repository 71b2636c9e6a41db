package codec

import (
	"bytes"
	"fmt"
	"reflect"
	"sync"

	"github.com/vmihailenco/msgpack/v5"
)

// MaxBody bounds one encoded body, in bytes.
const MaxBody = 1 << 20

// Append appends msg's name and body to dst. On an error dst is returned as it was.
func (r *Registry) Append(dst []byte, msg any) (out []byte, err error) {
	t := r.table.Load()
	e := t.ofType(wordOf(msg))
	if e == nil || len(t.upcast) > 0 && t.upcast[reflect.TypeOf(msg)] != nil {
		return dst, &UnregisteredError{Type: fmt.Sprintf("%T", msg)}
	}
	out = append(dst, e.header...)
	body := len(out)
	if out, err = e.append(out, msg); err != nil {
		return dst, fmt.Errorf("codec: encoding %s: %w", e.name, err)
	}
	if len(out)-body > MaxBody {
		return dst, fmt.Errorf("%w: %s has %d bytes", ErrTooLarge, e.name, len(out)-body)
	}
	return out, nil
}

// Decode reads one message from the start of b and returns what follows it. The message shares no memory with b.
func (r *Registry) Decode(b []byte) (msg any, rest []byte, err error) { return r.DecodeIn(nil, b) }

// DecodeIn is Decode for messages that are read one after another: small ones share memory of the slab with each other.
func (r *Registry) DecodeIn(s *Slab, b []byte) (msg any, rest []byte, err error) {
	name, b, err := cutName(b)
	if err != nil {
		return nil, nil, err
	}
	n, err := measure(b)
	if err != nil {
		return nil, nil, err
	}
	t := r.table.Load()
	e := t.named(name)
	if e == nil {
		return nil, b[n:], &UnknownError{Name: string(name)}
	}
	if msg, err = e.read(b[:n], s); err != nil {
		return nil, nil, fmt.Errorf("codec: decoding %s: %w", e.name, err)
	}
	if msg, err = t.current(msg); err != nil {
		return nil, nil, fmt.Errorf("codec: upcasting %s: %w", e.name, err)
	}
	return msg, b[n:], nil
}

// writer is a pooled encoder that appends to buf.
type writer struct {
	enc *msgpack.Encoder
	buf []byte
}

var writers = sync.Pool{New: func() any {
	w := &writer{}
	w.enc = msgpack.NewEncoder(w)
	w.enc.SetSortMapKeys(true)
	w.enc.UseCompactInts(true)
	return w
}}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (int, error) {
	w.buf = append(w.buf, p...)
	return len(p), nil
}

// WriteByte saves the encoder from wrapping w.
func (w *writer) WriteByte(c byte) error {
	w.buf = append(w.buf, c)
	return nil
}

func (w *writer) release() {
	w.buf = nil
	writers.Put(w)
}

// reader is a pooled decoder.
type reader struct {
	dec *msgpack.Decoder
	src bytes.Reader
}

var readers = sync.Pool{New: func() any {
	r := &reader{}
	r.dec = msgpack.NewDecoder(&r.src)
	return r
}}

func (r *reader) release() {
	r.src.Reset(nil)
	readers.Put(r)
}

// recovered turns the panic of a message's own encoder or decoder into an error.
func recovered(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("%w: panic: %v", ErrMalformed, v)
	}
}
