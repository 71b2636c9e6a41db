package composer

import (
	"fmt"
	"testing"

	"hayauma.example/actors"
)

func TestSampled(t *testing.T) {
	count := func(o actors.Compose, number uint32) (n int) {
		for chunk := range o.Traced {
			if sampled(&o, piece{path: actors.Path{Chunk: chunk}, number: number}) {
				n++
			}
		}
		return n
	}
	for _, run := range []string{"01A", "01B"} {
		for _, chunks := range []uint32{1, 200} {
			if n := count(actors.Compose{Run: run, Traced: chunks}, 0); n != int(chunks) {
				t.Errorf("%d of %d chunks", n, chunks)
			}
		}
		for _, chunks := range []uint32{400, 20_000} {
			if n := count(actors.Compose{Run: run, Traced: chunks}, 0); n < 140 || n > 260 {
				t.Errorf("%s: %d of %d chunks", run, n, chunks)
			}
		}
		if n := count(actors.Compose{Run: run, Traced: 1000}, 1) + count(actors.Compose{Run: run, Traced: 1000, Generation: 1}, 0); n != 2000 {
			t.Errorf("%d of 2000 pieces that are sent again", n)
		}
	}
	if sampled(&actors.Compose{Run: "01A"}, piece{number: 1}) {
		t.Error("a run whose campaign has no trace is traced")
	}
	a, b := "", ""
	for chunk := range uint32(1000) {
		p := piece{path: actors.Path{Chunk: chunk}}
		a += fmt.Sprint(sampled(&actors.Compose{Run: "01A", Traced: 1000}, p))
		b += fmt.Sprint(sampled(&actors.Compose{Run: "01B", Traced: 1000}, p))
	}
	if a == b {
		t.Error("every run's sample is the same chunks")
	}
}
