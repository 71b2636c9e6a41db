package codec_test

import (
	"bytes"
	"fmt"
	"testing"

	"hayauma.example/codec"
)

// note and card read themselves; big is larger than what shares memory.
type (
	note struct{ Text []byte }
	card struct{ Text []byte }
	big  struct {
		Text []byte
		_    [64]byte
	}
)

func (n note) AppendMsgpack(dst []byte) ([]byte, error) { return codec.AppendBytes(dst, n.Text), nil }
func (n *note) CutMsgpack(b []byte) (err error)         { n.Text, err = codec.CutBytes(b); return err }
func (n card) AppendMsgpack(dst []byte) ([]byte, error) { return codec.AppendBytes(dst, n.Text), nil }
func (n *card) CutMsgpack(b []byte) (err error)         { n.Text, err = codec.CutBytes(b); return err }
func (n big) AppendMsgpack(dst []byte) ([]byte, error)  { return codec.AppendBytes(dst, n.Text), nil }
func (n *big) CutMsgpack(b []byte) (err error)          { n.Text, err = codec.CutBytes(b); return err }

func slabRegistry() *codec.Registry {
	r := codec.NewRegistry()
	codec.Register[note](r, "note")
	codec.Register[card](r, "card")
	codec.Register[big](r, "big")
	codec.Register[string](r, "string")
	return r
}

// TestSlab reads messages of several types and sizes that stand side by side: each stays what it was when the others are changed.
func TestSlab(t *testing.T) {
	r := slabRegistry()
	var slab codec.Slab
	var all []any
	var want []string
	for i := range 2000 {
		text := bytes.Repeat(fmt.Append(nil, i, " "), 1+i%90)
		var msg any = note{text}
		switch i % 7 {
		case 3, 4:
			msg = card{text}
		case 5:
			msg = big{Text: text}
		}
		packed, err := r.Append(nil, msg)
		if err != nil {
			t.Fatal(err)
		}
		got, rest, err := r.DecodeIn(&slab, append(packed, "rest"...))
		if err != nil || string(rest) != "rest" {
			t.Fatalf("%v, rest %q", err, rest)
		}
		clear(packed)
		all, want = append(all, got), append(want, string(text))
	}
	for i, msg := range all {
		var body []byte
		switch m := msg.(type) {
		case note:
			body = m.Text
		case card:
			body = m.Text
		case big:
			body = m.Text
		}
		if string(body) != want[i] {
			t.Fatalf("message %d became %q", i, body)
		}
		_ = append(body, "something that its neighbour must not see"...)
		clear(body)
	}
}

// TestSlabRefuses reads what can't be read, and then what can.
func TestSlabRefuses(t *testing.T) {
	r := slabRegistry()
	var slab codec.Slab
	if _, _, err := r.DecodeIn(&slab, []byte("\xa4note\x01")); err == nil {
		t.Error("a number was read as a note")
	}
	if got, _, err := r.DecodeIn(&slab, []byte("\xa4note\xc0")); err != nil || got.(note).Text != nil {
		t.Errorf("%v, %v", got, err)
	}
	if got, _, err := r.DecodeIn(&slab, []byte("\xa4note\xc4\x02hi")); err != nil || string(got.(note).Text) != "hi" {
		t.Errorf("%v, %v", got, err)
	}
	if got, _, err := r.DecodeIn(&slab, []byte("\xa6string\xa2hi")); err != nil || got != "hi" {
		t.Errorf("%v, %v", got, err)
	}
}

// TestSlabAllocates bounds allocations: of one type many messages share one, of types in turn each has its own.
func TestSlabAllocates(t *testing.T) {
	r := slabRegistry()
	var slab codec.Slab
	one, _ := r.Append(nil, note{make([]byte, 100)})
	two, _ := r.Append(nil, card{make([]byte, 100)})
	read := func(b []byte) {
		if _, _, err := r.DecodeIn(&slab, b); err != nil {
			t.Error(err)
		}
	}
	if n := testing.AllocsPerRun(5000, func() { read(one) }); n > 0.2 {
		t.Errorf("%.2f allocations for each message of a run", n)
	}
	if n := testing.AllocsPerRun(5000, func() { read(one); read(two) }); n > 2.2 {
		t.Errorf("%.2f allocations for two messages of two types", n)
	}
}

func BenchmarkDecode(b *testing.B) {
	r := slabRegistry()
	packed, _ := r.Append(nil, note{make([]byte, 100)})
	for _, c := range []struct {
		name string
		slab *codec.Slab
	}{{"alone", nil}, {"in a slab", &codec.Slab{}}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := r.DecodeIn(c.slab, packed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
