package codec_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"hayauma.example/codec"
)

type (
	v1 struct{ A string }
	v2 struct{ A, B string }
	v3 struct{ All []string }
)

// Old versions are read as the newest, step by step, and are not written any more.
func TestUpcast(t *testing.T) {
	first, second := codec.NewRegistry(), codec.NewRegistry()
	codec.Register[v1](first, "v1")
	codec.Register[v2](second, "v2")
	now := codec.NewRegistry()
	codec.Upcast(now, "v1", func(o v1) v2 { return v2{o.A, "b"} })
	codec.Upcast(now, "v2", func(o v2) v3 {
		if o.A == "bad" {
			panic("bad")
		}
		return v3{[]string{o.A, o.B}}
	})
	codec.Register[v3](now, "v3")
	for _, tt := range []struct {
		from *codec.Registry
		msg  any
		want string
	}{{first, v1{"a"}, "a b"}, {second, v2{"x", "y"}, "x y"}, {now, v3{[]string{"p", "q"}}, "p q"}} {
		b, err := tt.from.Append(nil, tt.msg)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := now.Decode(b)
		if v, ok := got.(v3); !ok || err != nil || strings.Join(v.All, " ") != tt.want {
			t.Errorf("%v is read as %v, %v", tt.msg, got, err)
		}
	}
	var unregistered *codec.UnregisteredError
	if _, err := now.Append(nil, v1{"a"}); !errors.As(err, &unregistered) {
		t.Errorf("an old version is written: %v", err)
	}
	b, err := second.Append(nil, v2{"bad", ""})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := now.Decode(b); !errors.Is(err, codec.ErrMalformed) {
		t.Errorf("a panic while upcasting: %v", err)
	}
}

func TestAFieldThatWouldBeLostIsRefused(t *testing.T) {
	defer func() {
		if v := recover(); v == nil || !strings.Contains(fmt.Sprint(v), "would lose its field n") {
			t.Errorf("recovered %v", v)
		}
	}()
	codec.Register[struct{ n int }](codec.NewRegistry(), "hidden")
}
