package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the golden picture anew")

func memory() Chart {
	return Chart{
		Title: "Idle grains", X: "grains", Y: "bytes each",
		Lines: []Line{
			{Name: "in use", Points: []Point{{1e5, 200, 190, 230}, {1e3, 260, 250, 300}, {1e7, 199, 199, 199}}},
			{Name: "model", Model: true, Points: []Point{{1e3, 201, 201, 201}, {1e7, 201, 201, 201}}},
		},
	}
}

func picture(t *testing.T, c Chart) string {
	t.Helper()
	var b bytes.Buffer
	if err := Draw(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheSameChartGivesTheSameBytes(t *testing.T) {
	const golden = "testdata/idle.svg"
	got := picture(t, memory())
	if *rewrite {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Fatal("the picture differs from the golden one: look at it and run the test with -rewrite")
	}
	if picture(t, memory()) != got {
		t.Fatal("drawn twice, it differs")
	}
}

// texts returns the picture's words; it fails on what is no XML.
func texts(t *testing.T, svg string) []string {
	t.Helper()
	var all []string
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok && strings.TrimSpace(string(text)) != "" {
			all = append(all, strings.TrimSpace(string(text)))
		}
	}
}

func TestAPictureSaysWhatItShows(t *testing.T) {
	svg := picture(t, memory())
	words := strings.Join(texts(t, svg), "|") + "|"
	for _, want := range []string{"Idle grains|", "grains|", "bytes each|", "in use|", "model|", "1k|", "10k|", "10M|", "200|", "500|"} {
		if !strings.Contains(words, want) {
			t.Errorf("there is no %q in %s", want, words)
		}
	}
	if !strings.Contains(words, "bars: min – max of the rounds|") {
		t.Errorf("what the bars are is not said: %s", words)
	}
	if strings.Count(svg, "stroke-dasharray:5") != 2 { // the line and its legend
		t.Error("the model is not dashed")
	}
}

func TestPointsWithoutAPlaceAreLeftOutAndCounted(t *testing.T) {
	c := memory()
	c.Lines[0].Points = append(c.Lines[0].Points, Point{0, 1, 1, 1}, Point{10, 0, 0, 0}, Point{10, math.NaN(), 1, 1}, Point{10, 5, -1, 6},
		Point{10, 5, 4, math.Inf(1)})
	words := strings.Join(texts(t, picture(t, c)), "|")
	if !strings.Contains(words, "in use (5 not above 0, left out)") {
		t.Errorf("got %s", words)
	}
}

func TestALineWithOnePointOfManyRounds(t *testing.T) {
	svg := picture(t, Chart{Title: "one", Lines: []Line{{Name: "a", Points: []Point{{7, 7, 7, 7}}}}})
	if words := strings.Join(texts(t, svg), "|"); !strings.Contains(words, "5|") || !strings.Contains(words, "10") {
		t.Errorf("got %s", words)
	}
}

func TestOneRoundHasNoBars(t *testing.T) {
	several := Chart{Title: "one", Lines: []Line{{Name: "a", Points: []Point{{7, 7, 6, 8}, {9, 7, 7, 7}}}}}
	one := Chart{Title: "one", Lines: []Line{{Name: "a", Points: []Point{{7, 7, 7, 7}, {9, 7, 7, 7}}}, {Name: "b", Model: true, Points: []Point{{7, 7, 6, 8}}}}}
	if words := strings.Join(texts(t, picture(t, one)), "|"); strings.Contains(words, "bars") {
		t.Errorf("there are no bars to speak of: %s", words)
	}
	places, _ := placed(several.Lines[0].Points)
	if !ranges(several.Lines) || !places[0].ranges() || places[1].ranges() {
		t.Error("a point with a range has a bar, one without has none")
	}
}

func TestAnEmptyChartIsAnError(t *testing.T) {
	for _, c := range []Chart{{Title: "none"}, {Title: "zero", Lines: []Line{{Points: []Point{{1, 0, 0, 0}}}}}} {
		err := Draw(io.Discard, c)
		if got, ok := errors.AsType[*EmptyError](err); !ok || got.Title != c.Title {
			t.Errorf("%s: got %v", c.Title, err)
		}
	}
}

func TestAnAxisEndsAtLabels(t *testing.T) {
	for _, c := range []struct{ min, max, low, high float64 }{
		{1, 1, 0.5, 2}, {1000, 1e7, 1000, 1e7}, {7, 7, 5, 10}, {190, 300, 100, 500}, {0.03, 0.04, 0.02, 0.05}, {1e-3, 1e-3, 5e-4, 2e-3}, {999, 1001, 500, 2000},
	} {
		low, high := (&span{c.min, c.max}).round(1)
		if math.Abs(low/c.low-1) > slack || math.Abs(high/c.high-1) > slack {
			t.Errorf("%v to %v: got %v to %v", c.min, c.max, low, high)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{100, 500, "100 200 500"},
		{1000, 1e6, "1k 2k 5k 10k 20k 50k 100k 200k 500k 1M"},
		{1000, 2e7, "1k 10k 100k 1M 10M"},
		{0.5, 2, "0.5 1 2"},
		{5e8, 2e9, "500M 1G 2G"},
	} {
		var labels []string
		for _, tick := range (ticks{}).Ticks(c.low, c.high) {
			if tick.Label != "" {
				labels = append(labels, tick.Label)
			}
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("%v to %v: got %s, want %s", c.low, c.high, got, c.want)
		}
	}
}
