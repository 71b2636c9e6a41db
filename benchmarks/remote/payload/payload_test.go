package payload_test

import (
	"testing"

	"hayauma.example/benchmarks/remote/payload"
)

func TestParse(t *testing.T) {
	whole := payload.New(payload.Question, 1<<40+7)
	changed := payload.New(payload.Count, 1)
	changed[50]++
	for _, c := range []struct {
		name string
		body []byte
		ok   bool
	}{
		{"whole", whole, true},
		{"empty", nil, false},
		{"cut", whole[:payload.Bytes-1], false},
		{"long", append(whole[:payload.Bytes:payload.Bytes], 0), false},
		{"changed", changed, false},
		{"no kind", payload.New(0, 1), false},
		{"unknown kind", payload.New(payload.Probe+1, 1), false},
	} {
		kind, seq, ok := payload.Parse(c.body)
		if ok != c.ok {
			t.Errorf("%s: %v", c.name, ok)
		}
		if ok && (kind != payload.Question || seq != 1<<40+7) {
			t.Errorf("%s: %d, %d", c.name, kind, seq)
		}
	}
}

func TestAppend(t *testing.T) {
	two := payload.Append(payload.New(payload.Count, 1), payload.Mark, 2)
	if len(two) != 2*payload.Bytes {
		t.Fatalf("%d bytes", len(two))
	}
	if kind, seq, ok := payload.Parse(two[payload.Bytes:]); !ok || kind != payload.Mark || seq != 2 {
		t.Fatalf("%d, %d, %v", kind, seq, ok)
	}
}
