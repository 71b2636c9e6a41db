package codec_test

import (
	"bytes"
	"errors"
	"reflect"
	"runtime"
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"hayauma.example/codec"
)

// direct reads and writes its own body.
type direct struct{ Body []byte }

func (d direct) AppendMsgpack(dst []byte) ([]byte, error) {
	if d.Body == nil {
		return dst, errors.New("no body")
	}
	return codec.AppendBytes(dst, d.Body), nil
}

func (d *direct) CutMsgpack(body []byte) (err error) {
	d.Body, err = codec.CutBytes(body)
	return err
}

// Shapes of which an interface holds some themselves, and of others where they are.
type (
	one    struct{ P *inner }
	nested struct {
		_ struct{}
		A [1]one
	}
	two   struct{ P, Q *inner }
	named map[string]int
)

func shapes() *codec.Registry {
	r := codec.NewRegistry()
	codec.Register[direct](r, "direct")
	codec.Register[one](r, "one")
	codec.Register[nested](r, "nested")
	codec.Register[two](r, "two")
	codec.Register[named](r, "named")
	codec.Register[*inner](r, "pointer")
	codec.Register[empty](r, "empty")
	codec.Register[int](r, "int")
	codec.Register[[2]string](r, "array")
	return r
}

func TestEveryShapeComesBack(t *testing.T) {
	r, p := shapes(), &inner{Path: []uint32{7}}
	for _, want := range []any{
		direct{[]byte{1}}, one{p}, nested{A: [1]one{{p}}}, two{p, nil}, named{"a": 1}, p, empty{}, 5, [2]string{"a", "b"},
	} {
		b, err := r.Append([]byte("before"), want)
		if err != nil {
			t.Fatal(err)
		}
		got, rest, err := r.Decode(append(b[len("before"):], "rest"...))
		runtime.GC() // what is only half known to the runtime would not survive
		if err != nil || !reflect.DeepEqual(got, want) || string(rest) != "rest" {
			t.Errorf("%T: %+v, %q, %v, want %+v", want, got, rest, err, want)
		}
	}
}

// A message that reads itself has its body for itself, whatever its length.
func TestDirectMessages(t *testing.T) {
	r := shapes()
	for _, n := range []int{0, 1, 38, 39, 40, 41, 102, 103, 104, 230, 231, 255, 256, 1<<16 - 1, 1 << 16} {
		body := bytes.Repeat([]byte{byte(n)}, n)
		b, err := r.Append(nil, direct{body})
		if err != nil {
			t.Fatal(err)
		}
		want, err := msgpack.Marshal(body)
		if err != nil || !bytes.HasSuffix(b, want) {
			t.Fatalf("%d bytes are not encoded as msgpack would, %v", n, err)
		}
		got, _, err := r.Decode(b)
		clear(b)
		if err != nil || !bytes.Equal(got.(direct).Body, body) {
			t.Errorf("%d bytes: %v, or they changed", n, err)
		}
	}
}

func TestDirectMessagesRefuse(t *testing.T) {
	r := shapes()
	if out, err := r.Append([]byte("x"), direct{}); err == nil || string(out) != "x" {
		t.Errorf("got %q, %v", out, err)
	}
	if out, err := r.Append(nil, direct{make([]byte, codec.MaxBody)}); !errors.Is(err, codec.ErrTooLarge) || len(out) > 0 {
		t.Errorf("got %d bytes, %v", len(out), err)
	}
	name := append([]byte{0xa0 | 6}, "direct"...)
	if got, _, err := r.Decode(append(name, 0xc0)); err != nil || !reflect.DeepEqual(got, direct{}) {
		t.Errorf("of nil: %v, %v", got, err)
	}
	for _, body := range [][]byte{{5}, {0xa1, 'a'}, {0x90}} {
		if got, _, err := r.Decode(append(name, body...)); !errors.Is(err, codec.ErrMalformed) {
			t.Errorf("%x: %v, %v", body, got, err)
		}
	}
	for _, value := range [][]byte{nil, {0xc4}, {0xc4, 2, 1}, {0xc4, 1, 1, 1}, {0xc5, 0}, {0xc7, 0}} {
		if got, err := codec.CutBytes(value); err == nil {
			t.Errorf("%x is read as %x", value, got)
		}
	}
}
