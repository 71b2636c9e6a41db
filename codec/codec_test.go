package codec_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"hayauma.example/codec"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

type (
	plain struct {
		ID    string
		Count int
		Share float64
		On    bool
		At    time.Time
		Tags  []string
		More  map[string]string
		Raw   []byte
		Inner *inner
	}
	inner struct {
		Path  []uint32
		Delay time.Duration
	}
	empty struct{}

	// hot writes itself, as one array.
	hot struct{ A, B uint64 }
)

var (
	_ msgpack.CustomEncoder = hot{}
	_ msgpack.CustomDecoder = (*hot)(nil)
)

func (h hot) EncodeMsgpack(e *msgpack.Encoder) error {
	if err := e.EncodeArrayLen(2); err != nil {
		return err
	}
	return e.EncodeMulti(h.A, h.B)
}

func (h *hot) DecodeMsgpack(d *msgpack.Decoder) error {
	if n, err := d.DecodeArrayLen(); err != nil || n != 2 {
		return errors.Join(err, codec.ErrMalformed)
	}
	return d.DecodeMulti(&h.A, &h.B)
}

func registry() *codec.Registry {
	r := codec.NewRegistry()
	codec.Register[plain](r, "test.plain")
	codec.Register[empty](r, "test.empty")
	codec.Register[hot](r, "test.hot")
	codec.Register[direct](r, "test.direct")
	codec.Register[string](r, "test.a-name-that-is-longer-than-thirty-one-bytes")
	return r
}

var vectors = map[string]any{
	"plain": plain{
		ID: "U1", Count: -3, Share: 0.5, On: true, At: time.Unix(1700000000, 5e8).UTC(), Tags: []string{"a", "早馬"},
		More: map[string]string{"x": "1", "a": "2"}, Raw: []byte{0, 255}, Inner: &inner{Path: []uint32{1, 1 << 20}, Delay: time.Second},
	},
	"zero":  plain{},
	"empty": empty{},
	"hot":   hot{1, 1 << 40},
	"long":  "text",
}

func TestGoldenVectors(t *testing.T) {
	r := registry()
	for name, want := range vectors {
		file := filepath.Join("testdata", name+".hex")
		bin, err := r.Append(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		if *rewrite {
			if err := os.WriteFile(file, []byte(hex.EncodeToString(bin)+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		golden, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(bin, golden) {
			t.Errorf("%s: encoded\n%x, golden\n%x", name, bin, golden)
		}
		got, rest, err := r.Decode(append(golden, "rest"...))
		if err != nil || string(rest) != "rest" {
			t.Fatalf("%s: %v, rest %q", name, err, rest)
		}
		if p, ok := got.(plain); ok {
			p.At = p.At.UTC()
			if name == "zero" {
				p.At = time.Time{} // the zero time has no zone in msgpack
			}
			got = p
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: decoded %+v, want %+v", name, got, want)
		}
	}
}

func TestVersionsUnderstandEachOther(t *testing.T) {
	type v1 struct{ Kept, Dropped string }
	type v2 struct {
		Kept  string
		Added []int
	}
	older, newer := codec.NewRegistry(), codec.NewRegistry()
	codec.Register[v1](older, "m")
	codec.Register[v2](newer, "m")
	codec.Register[empty](newer, "new")

	forth, _ := older.Append(nil, v1{"k", "d"})
	if got, _, err := newer.Decode(forth); err != nil || !reflect.DeepEqual(got, v2{Kept: "k"}) {
		t.Errorf("new reads old: %+v, %v", got, err)
	}
	back, _ := newer.Append(nil, v2{"k", []int{1, 2}})
	if got, _, err := older.Decode(back); err != nil || got != (v1{Kept: "k"}) {
		t.Errorf("old reads new: %+v, %v", got, err)
	}
	unknown, _ := newer.Append(nil, empty{})
	_, rest, err := older.Decode(append(unknown, 1, 2))
	var e *codec.UnknownError
	if !errors.As(err, &e) || e.Name != "new" || len(rest) != 2 {
		t.Errorf("old reads unknown: %v, rest %x", err, rest)
	}
}

func TestWhatIsRefused(t *testing.T) {
	r := registry()
	if _, err := r.Append(nil, 5); !errors.As(err, new(*codec.UnregisteredError)) {
		t.Errorf("unregistered type: %v", err)
	}
	if _, err := r.Append(nil, plain{ID: strings.Repeat("x", codec.MaxBody)}); !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("large body: %v", err)
	}
	name := "\xaatest.plain"
	for what, c := range map[string]struct {
		in   string
		want error
	}{
		"nothing":           {"", codec.ErrTruncated},
		"half a name":       {name[:5], codec.ErrTruncated},
		"no body":           {name, codec.ErrTruncated},
		"no name":           {"\x01", codec.ErrMalformed},
		"empty name":        {"\xa0\xc0", codec.ErrMalformed},
		"unused tag":        {name + "\xc1", codec.ErrMalformed},
		"huge array":        {name + "\x81\xa4Tags\xdd\xff\xff\xff\xff", codec.ErrTruncated},
		"huge map":          {name + "\xdf\xff\xff\xff\xff", codec.ErrTruncated},
		"huge binary":       {name + "\x81\xa3Raw\xc6\xff\xff\xff\xff", codec.ErrTruncated},
		"deep":              {name + strings.Repeat("\x91", 100) + "\xc0", codec.ErrTooDeep},
		"deep maps":         {name + strings.Repeat("\x81\xa1a", 100) + "\xc0", codec.ErrTooDeep},
		"large known body":  {name + "\xc6\x00\x20\x00\x00" + strings.Repeat("x", 2<<20), codec.ErrTooLarge},
		"an unknown answer": {"\xa1x\xc6\xff\xff\xff\xff", codec.ErrTruncated},
	} {
		if _, _, err := r.Decode([]byte(c.in)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
}

func TestRegisterRefusesWhatIsTaken(t *testing.T) {
	for what, f := range map[string]func(r *codec.Registry){
		"a name twice":     func(r *codec.Registry) { codec.Register[inner](r, "test.plain") },
		"a type twice":     func(r *codec.Registry) { codec.Register[plain](r, "other") },
		"no name":          func(r *codec.Registry) { codec.Register[inner](r, "") },
		"an interface":     func(r *codec.Registry) { codec.Register[error](r, "error") },
		"a very long name": func(r *codec.Registry) { codec.Register[inner](r, strings.Repeat("n", 128)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken", what)
				}
			}()
			f(registry())
		}()
	}
}

// furious panics in its own decoder.
type furious struct{}

func (*furious) DecodeMsgpack(*msgpack.Decoder) error { panic("no") }

func TestDecoderPanicIsAnError(t *testing.T) {
	r := codec.NewRegistry()
	codec.Register[furious](r, "f")
	if _, _, err := r.Decode([]byte("\xa1f\x01")); !errors.Is(err, codec.ErrMalformed) {
		t.Fatalf("got %v", err)
	}
}

func TestFrames(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, codec.MaxFrame} {
		b, err := codec.AppendFrame([]byte("x"), make([]byte, n))
		if err != nil {
			t.Fatal(err)
		}
		payload, rest, err := codec.CutFrame(append(b[1:], 7))
		if err != nil || len(payload) != n || len(rest) != 1 {
			t.Fatalf("%d: %v, %d, %d", n, err, len(payload), len(rest))
		}
		if _, _, err := codec.CutFrame(b[1 : len(b)-min(1, n)]); n > 0 && !errors.Is(err, codec.ErrTruncated) {
			t.Fatalf("%d, cut short: %v", n, err)
		}
	}
	if _, err := codec.AppendFrame(nil, make([]byte, codec.MaxFrame+1)); !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("too large to write: %v", err)
	}
	if _, _, err := codec.CutFrame([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")); !errors.Is(err, codec.ErrMalformed) {
		t.Errorf("endless length: %v", err)
	}
	if _, _, err := codec.CutFrame([]byte("\xff\xff\xff\xff\x0f")); !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("too large to read: %v", err)
	}
}

func TestAllocations(t *testing.T) {
	r := registry()
	msg := any(hot{1, 2})
	buf := make([]byte, 0, 64)
	bin, _ := r.Append(nil, msg)
	if n := testing.AllocsPerRun(1000, func() { buf, _ = r.Append(buf[:0], msg) }); n > 1.5 {
		t.Errorf("Append: %.1f allocations", n)
	}
	if n := testing.AllocsPerRun(1000, func() { _, _, _ = r.Decode(bin) }); n > 3.5 {
		t.Errorf("Decode: %.1f allocations", n)
	}
}

// FuzzDecode: no input panics or allocates out of proportion, and what is decoded can be encoded and decoded again.
func FuzzDecode(f *testing.F) {
	r := registry()
	for _, v := range vectors {
		b, _ := r.Append(nil, v)
		f.Add(b)
	}
	f.Add([]byte("\xaatest.plain\x81\xa4Tags\xdd\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		msg, _, err := r.Decode(in)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20+uint64(200*len(in)) {
			t.Fatalf("%d bytes of input took %d bytes of memory", len(in), n)
		}
		if err != nil {
			return
		}
		again, err := r.Append(nil, msg)
		if err != nil {
			return // a decoded time may be out of what can be encoded
		}
		if _, rest, err := r.Decode(again); err != nil || len(rest) > 0 {
			t.Fatalf("encoded again: %v, rest %x", err, rest)
		}
	})
}

// FuzzFrames: no input panics, and a frame that is read is written as it was or shorter.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{3, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, in []byte) {
		payload, rest, err := codec.CutFrame(in)
		if err != nil {
			return
		}
		again, err := codec.AppendFrame(nil, payload)
		if err != nil || len(again)+len(rest) > len(in) {
			t.Fatalf("%v: %x became %x", err, in, again)
		}
	})
}

// TestDefaultsAtOnce has systems that share a registry name the same types at the same time.
func TestDefaultsAtOnce(t *testing.T) {
	for range 2000 {
		r := codec.NewRegistry()
		codec.Register[int64](r, "mine")
		var all sync.WaitGroup
		var ready atomic.Int32
		for range 2 {
			all.Go(func() {
				for ready.Add(1); ready.Load() < 2; { // they go on in the same instant
					runtime.Gosched()
				}
				codec.Default[int](r, "int")
				codec.Default[int64](r, "int64")
			})
		}
		all.Wait()
		if got := r.Names(); !slices.Equal(got, []string{"int", "mine"}) {
			t.Fatalf("names %v", got)
		}
	}
}
