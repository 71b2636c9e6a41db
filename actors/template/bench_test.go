package template_test

import (
	"testing"

	"hayauma.example/actors/template"
)

var (
	columns = []string{"name", "points", "shop"}
	row     = []string{"花子", "1,250", "\"Kyōto\" 1st"}
)

const (
	plainMessages  = `[{"type":"text","text":"Hello {{ name }}, you have {{ points }} points at {{ shop }}."}]`
	liquidMessages = `[{"type":"text","text":"Hello {{ name | default: 'friend' }}, {% if points %}you have {{ points }} points{% endif %}."}]`
)

func bind(t testing.TB, messages string) *template.Bound {
	t.Helper()
	b, err := parse(t, messages).Bind(columns, due)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func BenchmarkRenderPlain(b *testing.B)  { benchmarkRender(b, plainMessages) }
func BenchmarkRenderLiquid(b *testing.B) { benchmarkRender(b, liquidMessages) }

func benchmarkRender(b *testing.B, messages string) {
	bound := bind(b, messages)
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		var err error
		if dst, err = bound.Render(dst[:0], row); err != nil {
			b.Fatal(err)
		}
	}
}

func TestPlainRenderDoesNotAllocate(t *testing.T) {
	bound := bind(t, plainMessages)
	dst := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { dst, _ = bound.Render(dst[:0], row) }); n != 0 {
		t.Errorf("%v allocations per message", n)
	}
}

func TestBoundIsSafeForConcurrentUse(t *testing.T) {
	bound := bind(t, liquidMessages)
	want, _ := bound.Render(nil, row)
	done := make(chan string, 4)
	for range cap(done) {
		go func() {
			var got []byte
			for range 50 {
				got, _ = bound.Render(got[:0], row)
			}
			done <- string(got)
		}()
	}
	for range cap(done) {
		if got := <-done; got != string(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
