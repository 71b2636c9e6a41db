package draw

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"hayauma.example/grafana/board"
)

// fake answers every query with the series that give makes of it.
func fake(t *testing.T, give func(expr string) []Series) (Source, Span) {
	span := Span{From: time.Unix(1_700_000_000, 0), To: time.Unix(1_700_000_600, 0)}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		expr := r.FormValue("query")
		if strings.Contains(expr, "broken") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"status":"error","error":"parse error"}`)
			return
		}
		var all []string
		for _, s := range give(expr) {
			var labels, values []string
			for k, v := range s.Labels {
				labels = append(labels, fmt.Sprintf("%q:%q", k, v))
			}
			for i, v := range s.Values {
				at := float64(span.From.Unix()) + 600*float64(i)/float64(len(s.Values)-1)
				values = append(values, fmt.Sprintf("[%f,%q]", at, strconv.FormatFloat(v, 'g', -1, 64)))
			}
			all = append(all, fmt.Sprintf(`{"metric":{%s},"values":[%s]}`, strings.Join(labels, ","), strings.Join(values, ",")))
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[%s]}}`, strings.Join(all, ","))
	}))
	t.Cleanup(s.Close)
	return Source{URL: s.URL}, span
}

func pixels(t *testing.T, picture []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// count is how many pixels have a panel's colour.
func count(img image.Image, r, g, b uint8) (n int) {
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if cr, cg, cb, _ := img.At(x, y).RGBA(); uint8(cr>>8) == r && uint8(cg>>8) == g && uint8(cb>>8) == b {
				n++
			}
		}
	}
	return n
}

// TestEveryDashboardIsDrawn: all views, with many series, gaps and numbers that are none, below the size of a picture for documentation.
func TestEveryDashboardIsDrawn(t *testing.T) {
	source, span := fake(t, func(expr string) (all []Series) {
		for i := range 9 {
			s := Series{Labels: map[string]string{"kind": fmt.Sprint("kind", i), "instance": "n1:8484", "le": fmt.Sprint(i)}}
			for j := range steps + 1 {
				v := float64(i*j) * (1 + math.Sin(float64(j)/20))
				if j%40 == 0 {
					v = math.NaN()
				}
				s.Values = append(s.Values, v)
			}
			all = append(all, s)
		}
		return all
	})
	empty, _ := fake(t, func(string) []Series { return nil })
	for _, d := range board.Dashboards() {
		picture, err := PNG(t.Context(), d, source, span, "30s")
		if err != nil {
			t.Fatal(err)
		}
		none, err := PNG(t.Context(), d, empty, span, "30s")
		if err != nil {
			t.Fatal(err)
		}
		img := pixels(t, picture)
		if img.Bounds() != pixels(t, none).Bounds() || len(picture) > 400_000 || len(none) > len(picture)/2 {
			t.Errorf("%s: %v, %d bytes, and %d without data", d.UID, img.Bounds(), len(picture), len(none))
		}
		if n := count(img, inks[1].R, inks[1].G, inks[1].B); n < 100 {
			t.Errorf("%s: %d pixels of the second series", d.UID, n)
		}
	}
}

// TestThresholdsColourAValue: from bad on it is red, whichever way bad is.
func TestThresholdsColourAValue(t *testing.T) {
	for _, tt := range []struct {
		good, bad, value float64
		red              bool
	}{{5, 60, 61, true}, {5, 60, 4, false}, {0.99, 0.9, 0.8, true}, {0.99, 0.9, 1, false}, {0, 0, 1, false}} {
		source, span := fake(t, func(string) []Series { return []Series{{Values: []float64{tt.value, tt.value}}} })
		d := board.Dashboard{Title: "t", Rows: []board.Row{{Title: "r", Panels: []board.Panel{
			{Title: "p", Unit: "short", View: board.Value, Width: 8, Height: 4, Good: tt.good, Bad: tt.bad, Queries: []board.Query{{Expr: "x", Legend: "x"}}},
		}}}}
		picture, err := PNG(t.Context(), d, source, span, "30s")
		if err != nil {
			t.Fatal(err)
		}
		if n := count(pixels(t, picture), red.R, red.G, red.B); (n > 20) != tt.red {
			t.Errorf("%+v: %d red pixels", tt, n)
		}
	}
}

func TestWhatPrometheusRefusesIsAnError(t *testing.T) {
	source, span := fake(t, nil)
	d := board.Dashboard{Rows: []board.Row{{Panels: []board.Panel{{Title: "Bad one", Width: 8, Height: 4, Queries: []board.Query{{Expr: "broken"}}}}}}}
	if _, err := PNG(t.Context(), d, source, span, "30s"); err == nil || !strings.Contains(err.Error(), "Bad one") || !strings.Contains(err.Error(), "parse error") {
		t.Errorf("%v", err)
	}
}

func TestFormat(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		unit string
		want string
	}{
		{0, "s", "0 s"}, {0.00025, "s", "250 µs"}, {0.0123, "s", "12.3 ms"}, {90, "s", "90 s"}, {600, "s", "10 min"}, {7200, "s", "2 h"},
		{0.5, "percentunit", "50 %"}, {1234, "short", "1.23 K"}, {12, "cps", "12/s"}, {2048, "bytes", "2 KiB"}, {3 << 20, "Bps", "3 MiB/s"},
		{math.NaN(), "s", "–"}, {0.25, "none", "0.25"},
	} {
		if got := format(tt.v, tt.unit); got != tt.want {
			t.Errorf("%v %s: %q, want %q", tt.v, tt.unit, got, tt.want)
		}
	}
}

func TestCeiling(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		unit string
		top  float64
	}{{0, "s", 1}, {7, "s", 8}, {95, "short", 100}, {0.013, "s", 0.015}, {3000, "bytes", 3 << 10}, {130 << 20, "bytes", 150 << 20}} {
		if top, step := ceiling(tt.v, tt.unit); math.Abs(top-tt.top) > tt.top/1e6 || step <= 0 || top < tt.v {
			t.Errorf("%v %s: %v by %v, want %v", tt.v, tt.unit, top, step, tt.top)
		}
	}
}

func TestNamed(t *testing.T) {
	if got := named("{{kind}} on {{instance}}{{gone}}", map[string]string{"kind": "poster", "instance": "n1"}); got != "poster on n1" {
		t.Errorf("%q", got)
	}
}
