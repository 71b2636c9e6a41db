package codec

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5"
)

// Appender is a message that writes its own body without an encoder, for where its cost counts: exactly one msgpack value. The body has at
// most MaxBody bytes.
type Appender interface {
	AppendMsgpack(dst []byte) ([]byte, error)
}

// Cutter is, by its pointer, a message that reads its own body without a decoder. The body is one msgpack value, walked before: nesting is
// bounded and all lengths are within it. It is a copy that the message may keep parts of; Slab says what that keeps beside them. A body of
// another kind is an error, such as ErrMalformed.
type Cutter interface {
	CutMsgpack(body []byte) error
}

// way is how a type is encoded or decoded.
type way uint8

const (
	byReflection way = iota // by msgpack, field by field
	byItself                // by its own EncodeMsgpack or DecodeMsgpack: msgpack would find them by reflection each time
	directly                // as an Appender or Cutter
)

func encoding[T any]() way {
	switch t := reflect.TypeFor[T](); {
	case t.Implements(reflect.TypeFor[Appender]()):
		return directly
	case t.Kind() != reflect.Pointer && t.Implements(reflect.TypeFor[msgpack.CustomEncoder]()): // nil pointers are msgpack's
		return byItself
	}
	return byReflection
}

func decoding[T any]() way {
	switch t := reflect.TypeFor[*T](); {
	case t.Implements(reflect.TypeFor[Cutter]()):
		return directly
	case t.Implements(reflect.TypeFor[msgpack.CustomDecoder]()):
		return byItself
	}
	return byReflection
}

func newEntry[T any](name string) *entry {
	e := &entry{name: name, word: wordOf(*new(T)), header: appendName(nil, name), way: encoding[T]()}
	how := decoding[T]()
	boxed := CanLend[T]()
	shares := how == directly && reflect.TypeFor[T]().Size() <= maxBox
	e.decode = func(body []byte, in *Slab) (any, error) {
		if !shares || len(body) > maxShare {
			in = nil
		}
		v, err := decoded[T](e, how, body, in)
		switch {
		case err != nil:
			return nil, err
		case boxed:
			return boxOf(v), nil
		}
		return *v, nil
	}
	return e
}

// isNil is the body of what is nothing: a zero message.
const isNil = 0xc0

// decoded makes a T of a body, in a slab's memory unless that is nil.
func decoded[T any](e *entry, how way, body []byte, in *Slab) (*T, error) {
	if how == directly {
		v, own := space[T](e, len(body), in)
		if body[0] == isNil {
			return v, nil
		}
		copy(own, body)
		return v, any(v).(Cutter).CutMsgpack(own)
	}
	v := new(T)
	if how == byItself && body[0] == isNil {
		return v, nil
	}
	rd := readers.Get().(*reader)
	defer rd.release()
	return v, rd.into(v, how, body)
}

// space is a T and n bytes for it.
func space[T any](e *entry, n int, in *Slab) (*T, []byte) {
	if in != nil {
		return boxIn[T](in, e.word), in.room(n)
	}
	return withRoom[T](n)
}

// withRoom is a T with n bytes beside it: in one piece where it is small, as most messages are.
func withRoom[T any](n int) (*T, []byte) {
	switch {
	case n <= 40:
		p := new(struct {
			v    T
			room [40]byte
		})
		return &p.v, p.room[:n:n]
	case n <= 104:
		p := new(struct {
			v    T
			room [104]byte
		})
		return &p.v, p.room[:n:n]
	case n <= 232:
		p := new(struct {
			v    T
			room [232]byte
		})
		return &p.v, p.room[:n:n]
	}
	return new(T), make([]byte, n)
}

// CanLend reports whether Lend can be used for T: an interface that holds a T points to it.
func CanLend[T any]() bool {
	t := reflect.TypeFor[T]()
	return t.Kind() != reflect.Interface && t.Size() > 0 && !pointerShaped(t)
}

// Lend is *v as an interface without a copy, for who only reads it while v stays as it is. See CanLend.
func Lend[T any](v *T) any { return boxOf(v) }

// boxOf is *v as an interface without a copy: nobody has v afterwards.
func boxOf[T any](v *T) any {
	var box any = *new(T)
	(*[2]unsafe.Pointer)(unsafe.Pointer(&box))[1] = unsafe.Pointer(v)
	return box
}

// pointerShaped reports whether an interface holds a T itself, and not where it is.
func pointerShaped(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return true
	case reflect.Struct:
		n, last := 0, t
		for f := range t.Fields() {
			if f.Type.Size() > 0 {
				n, last = n+1, f.Type
			}
		}
		return n == 1 && pointerShaped(last)
	case reflect.Array:
		return t.Len() == 1 && pointerShaped(t.Elem())
	}
	return false
}

// append appends the body of msg.
func (e *entry) append(dst []byte, msg any) (out []byte, err error) {
	defer recovered(&err)
	if e.way == directly {
		return msg.(Appender).AppendMsgpack(dst)
	}
	w := writers.Get().(*writer)
	defer w.release()
	w.buf = dst
	if e.way == byItself {
		err = msg.(msgpack.CustomEncoder).EncodeMsgpack(w.enc)
	} else {
		err = w.enc.Encode(msg)
	}
	return w.buf, err
}

// read makes a message of a body.
func (e *entry) read(body []byte, in *Slab) (msg any, err error) {
	defer recovered(&err)
	return e.decode(body, in)
}

func (r *reader) into(v any, how way, body []byte) (err error) {
	r.src.Reset(body)
	r.dec.Reset(&r.src)
	if how == byItself {
		err = v.(msgpack.CustomDecoder).DecodeMsgpack(r.dec)
	} else {
		err = r.dec.Decode(v)
	}
	if err == nil && r.src.Len() > 0 {
		err = fmt.Errorf("%w: %d bytes of the body were not read", ErrMalformed, r.src.Len())
	}
	return err
}

// AppendBytes appends bytes as a msgpack value.
func AppendBytes(dst, b []byte) []byte {
	switch n := len(b); {
	case n < 1<<8:
		dst = append(dst, 0xc4, byte(n))
	case n < 1<<16:
		dst = append(dst, 0xc5, byte(n>>8), byte(n))
	default:
		dst = append(dst, 0xc6, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(dst, b...)
}

// CutBytes returns a value's bytes, which it shares; the value is what AppendBytes writes, and nothing follows it.
func CutBytes(value []byte) ([]byte, error) {
	if len(value) == 0 || value[0] < 0xc4 || value[0] > 0xc6 {
		return nil, ErrMalformed
	}
	w := walker{b: value, at: 1}
	n, err := w.length(1 << (value[0] - 0xc4))
	switch {
	case err != nil:
		return nil, err
	case n != uint64(len(value)-w.at):
		return nil, ErrMalformed
	}
	return value[w.at:], nil
}
