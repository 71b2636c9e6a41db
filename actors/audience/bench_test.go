package audience_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"hayauma.example/actors/audience"
)

// generated is an upload of n rows with 100 bytes of variables, made while it is read.
type generated struct {
	n, next int
	format  audience.Format
	rng     *rand.Rand
	buf     []byte
}

var filler = strings.Repeat("x", 90)

func (g *generated) Read(p []byte) (int, error) {
	for len(g.buf) < len(p) && g.next <= g.n {
		switch {
		case g.next == 0 && g.format == audience.CSV:
			g.buf = append(g.buf, "user_id,name,text\n"...)
		case g.next == 0:
		case g.format == audience.CSV:
			g.buf = fmt.Appendf(g.buf, "U%016x%016x,%010d,%s\n", g.rng.Uint64(), g.next, g.next, filler)
		default:
			g.buf = fmt.Appendf(g.buf, `{"user_id":"U%016x%016x","name":"%010d","text":"%s"}`+"\n", g.rng.Uint64(), g.next, g.next, filler)
		}
		g.next++
	}
	if len(g.buf) == 0 {
		return 0, io.EOF
	}
	n := copy(p, g.buf)
	g.buf = g.buf[:copy(g.buf, g.buf[n:])]
	return n, nil
}

func newGenerated(n int, format audience.Format) *generated {
	return &generated{n: n, format: format, rng: rand.New(rand.NewPCG(1, 1))}
}

type discard struct{}

func (discard) Part(int, []byte) error { return nil }

func benchmarkIngest(b *testing.B, format audience.Format) {
	const rows = 1_000_000
	root, err := os.OpenRoot(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		sum, err := audience.Ingest(context.Background(), audience.Source{Reader: newGenerated(rows, format), Format: format}, discard{},
			audience.Options{Dir: root, Needs: []string{"name", "text"}})
		if err != nil || sum.Rows != rows {
			b.Fatal(sum, err)
		}
	}
}

func BenchmarkIngestCSV1M(b *testing.B)    { benchmarkIngest(b, audience.CSV) }
func BenchmarkIngestNDJSON1M(b *testing.B) { benchmarkIngest(b, audience.NDJSON) }

// heapSink watches the live heap while parts are stored.
type heapSink struct{ peak uint64 }

func (s *heapSink) Part(n int, _ []byte) error {
	if n%4 == 0 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		s.peak = max(s.peak, m.HeapAlloc)
	}
	return nil
}

func TestIngestMemoryIsBounded(t *testing.T) {
	rows := 300_000
	if testing.Short() {
		rows = 100_000
	}
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	sink := &heapSink{}
	_, err := audience.Ingest(context.Background(), audience.Source{Reader: newGenerated(rows, audience.CSV)}, sink,
		audience.Options{Dir: tempRoot(t), Needs: []string{"name", "text"}})
	if err != nil {
		t.Fatal(err)
	}
	used := int64(sink.peak) - int64(before.HeapAlloc)
	t.Logf("%d rows: %d KiB of live heap", rows, used>>10)
	if used > 6<<20 {
		t.Errorf("%d rows took %d KiB of live heap", rows, used>>10)
	}
}
