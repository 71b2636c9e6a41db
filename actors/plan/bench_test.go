package plan_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"hayauma.example/actors/audience"
	"hayauma.example/actors/plan"
)

// onDisk is an audience whose parts are files, so that the heap shows the plan alone.
type onDisk struct {
	dir string
	sum audience.Summary
}

func (d *onDisk) name(n int) string { return filepath.Join(d.dir, fmt.Sprintf("part-%d", n)) }

func (d *onDisk) Part(n int, data []byte) error { return os.WriteFile(d.name(n), data, 0o600) }

func generate(t testing.TB, n int, text func(i int) string) *onDisk {
	t.Helper()
	r, w := io.Pipe()
	go func() {
		b := bufio.NewWriter(w)
		_, _ = b.WriteString("user_id,name\n")
		for i := range n {
			_, _ = fmt.Fprintf(b, "U%016x%016x,%s\n", uint64(i)*0x9E3779B97F4A7C15, i, text(i))
		}
		_ = w.CloseWithError(b.Flush())
	}()
	d := &onDisk{dir: t.TempDir()}
	sum, err := audience.Ingest(context.Background(), audience.Source{Reader: r}, d, audience.Options{Dir: tempRoot(t), Needs: []string{"name"}})
	if err != nil {
		t.Fatal(err)
	}
	d.sum = sum
	return d
}

var filler = strings.Repeat("x", 90)

func same(int) string          { return filler }
func personal(i int) string    { return fmt.Sprintf("%010d%s", i, filler) }
func threeBodies(i int) string { return fmt.Sprintf("%d%s", i%3, filler) }
func pairs(i int) string       { return fmt.Sprintf("%010d%s", i/2*2, filler) }

func benchmarkFreeze(b *testing.B, leaf string, text func(int) string) {
	const rows = 1_000_000
	d := generate(b, rows, text)
	tmpl := parse(b, leaf)
	b.ReportAllocs()
	for b.Loop() {
		bytes := 0
		table, err := plan.Freeze(context.Background(), plan.Input{
			Parts: d.sum.Parts, DuplicateParts: d.sum.DuplicateParts, Template: tmpl, Now: due,
			Part: func(n int) ([]byte, error) { return os.ReadFile(d.name(n)) },
		}, plan.Options{Dir: tempRoot(b)}, func(_ int, _ plan.Entry, data []byte) error { bytes += len(data); return nil })
		if err != nil || table.Recipients != rows {
			b.Fatal(table.Recipients, err)
		}
		b.ReportMetric(float64(len(table.Chunks)), "chunks")
		b.ReportMetric(float64(len(plan.AppendTable(nil, table))), "table-bytes")
		b.ReportMetric(float64(bytes)/rows, "B/recipient")
	}
}

func BenchmarkFreezeStatic1M(b *testing.B)   { benchmarkFreeze(b, "Hello", same) }
func BenchmarkFreezeUniform1M(b *testing.B)  { benchmarkFreeze(b, "Hello {{ name }}", same) }
func BenchmarkFreezePersonal1M(b *testing.B) { benchmarkFreeze(b, "Hello {{ name }}", personal) }
func BenchmarkFreezeThree1M(b *testing.B)    { benchmarkFreeze(b, "Hello {{ name }}", threeBodies) }
func BenchmarkFreezePairs1M(b *testing.B)    { benchmarkFreeze(b, "Hello {{ name }}", pairs) }

func TestFreezeMemoryIsBounded(t *testing.T) {
	rows := 200_000
	if testing.Short() {
		rows = 60_000
	}
	for name, text := range map[string]func(int) string{"personal": personal, "three": threeBodies, "pairs": pairs} {
		d := generate(t, rows, text)
		var m runtime.MemStats
		heap := func() uint64 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		before := heap()
		peak := before
		_, err := plan.Freeze(context.Background(), plan.Input{
			Parts: d.sum.Parts, DuplicateParts: d.sum.DuplicateParts, Template: parse(t, "Hello {{ name }}"), Now: due,
			Part: func(n int) ([]byte, error) {
				if n%8 == 0 {
					peak = max(peak, heap())
				}
				return os.ReadFile(d.name(n))
			},
		}, plan.Options{Dir: tempRoot(t)}, func(n int, _ plan.Entry, _ []byte) error {
			if n%(rows/1000) == 0 {
				peak = max(peak, heap())
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		used := int64(peak - before)
		t.Logf("%s: %d rows, %d KiB of live heap", name, rows, used>>10)
		if used > 16<<20 {
			t.Errorf("%s: %d rows took %d KiB of live heap", name, rows, used>>10)
		}
	}
}
