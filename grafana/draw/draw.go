package draw

import (
	"cmp"
	"context"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"
	"time"

	"hayauma.example/grafana/board"
)

// Sizes in pixels.
const (
	column = 50
	row    = 25
	margin = 12
	header = 64
	gap    = 6
)

// Colours.
var (
	ground = color.RGBA{0xf1, 0xf2, 0xf4, 0xff}
	paper  = color.RGBA{0xff, 0xff, 0xff, 0xff}
	ink    = color.RGBA{0x24, 0x29, 0x2e, 0xff}
	pale   = color.RGBA{0x6a, 0x71, 0x7a, 0xff}
	grid   = color.RGBA{0xe4, 0xe6, 0xe9, 0xff}
	green  = color.RGBA{0x1a, 0x7f, 0x37, 0xff}
	yellow = color.RGBA{0xb0, 0x75, 0x00, 0xff}
	red    = color.RGBA{0xc9, 0x2a, 0x2a, 0xff}
	inks   = []color.RGBA{
		{0x1f, 0x6f, 0xb4, 0xff}, {0xe0, 0x7b, 0x12, 0xff}, {0x2f, 0x9e, 0x44, 0xff}, {0xc9, 0x2a, 0x2a, 0xff}, {0x7b, 0x4f, 0xb8, 0xff}, {0x0c, 0x8f, 0x9c, 0xff},
		{0xc2, 0x4f, 0x93, 0xff}, {0x8a, 0x6d, 0x3b, 0xff}, {0x5c, 0x67, 0x73, 0xff}, {0x94, 0xa8, 0x1c, 0xff}, {0x2b, 0x4c, 0x9b, 0xff}, {0xf0, 0x65, 0x95, 0xff},
	}
)

// answered is a panel with what came back.
type answered struct {
	*board.Panel
	answers [][]Series // of each query
}

// namedSeries is a series with what the legend calls it.
type namedSeries struct {
	name string
	Series
}

// PNG draws a dashboard over a span. window stands for $__rate_interval.
func PNG(ctx context.Context, d board.Dashboard, source Source, span Span, window string) ([]byte, error) {
	high := 0
	for p := range d.Panels {
		_, y, _, h := p.Place()
		high = max(high, y+h)
	}
	c := newCanvas(24*column+2*margin, header+high*row+margin, ground)
	c.text(margin+4, 28, d.Title, 21, true, ink)
	c.text(margin+4, 50, fmt.Sprintf("Drawn by our renderer from Prometheus' answers; not Grafana. %s to %s UTC.",
		span.From.UTC().Format("2006-01-02 15:04:05"), span.To.UTC().Format("15:04:05")), 13, false, pale)
	for _, r := range d.Rows {
		_, y, _, _ := r.Panels[0].Place()
		c.text(margin+4, header+float64(y)*row-7, r.Title, 15, true, ink)
	}
	for p := range d.Panels {
		a := answered{Panel: p}
		for _, q := range p.Queries {
			series, err := source.Range(ctx, board.Fill(q.Expr, window), span)
			if err != nil {
				return nil, fmt.Errorf("panel %s: %w", p.Title, err)
			}
			a.answers = append(a.answers, series)
		}
		x, y, w, h := p.Place()
		(&panel{canvas: c, answered: a, span: span, x: margin + float64(x)*column, y: header + float64(y)*row, w: float64(w)*column - gap, h: float64(h)*row - gap}).draw()
	}
	return c.png()
}

// panel is one on its place.
type panel struct {
	*canvas
	answered
	span       Span
	x, y, w, h float64
}

func (p *panel) draw() {
	p.rect(p.x, p.y, p.w, p.h, paper)
	p.text(p.x+8, p.y+17, p.fit(p.Title, p.w-16, 12, true), 12, true, ink)
	all := p.all()
	switch {
	case len(all) == 0:
		p.text(p.x+8, p.y+p.h/2, cmp.Or(p.Empty, "no data"), 13, false, pale)
	case p.View == board.Value:
		p.value(all[0])
	case p.View == board.Table:
		p.table()
	case p.View == board.Heat:
		p.heat(all)
	case p.View == board.States:
		p.states(all)
	default:
		p.chart(all)
	}
}

// all are the series that have a value, named; those that rose highest come first.
func (p *panel) all() (all []namedSeries) {
	for i, series := range p.answers {
		for _, s := range series {
			if !math.IsNaN(s.Last()) {
				all = append(all, namedSeries{named(p.Queries[i].Legend, s.Labels), s})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b namedSeries) int {
		if order := cmp.Compare(b.peak(), a.peak()); order != 0 && p.View != board.States {
			return order
		}
		return strings.Compare(a.name, b.name)
	})
	return all
}

// peak is the greatest value.
func (s namedSeries) peak() (top float64) {
	for _, v := range s.Values {
		if !math.IsNaN(v) {
			top = max(top, v)
		}
	}
	return top
}

func (p *panel) value(s namedSeries) {
	tone := ink
	v := s.Last()
	switch {
	case p.Good == p.Bad:
	case p.Bad > p.Good && v >= p.Bad, p.Bad < p.Good && v < p.Bad:
		tone = red
	case p.Bad > p.Good && v >= p.Good, p.Bad < p.Good && v < p.Good:
		tone = yellow
	default:
		tone = green
	}
	p.text(p.x+8, p.y+p.h*0.62, p.fit(format(v, p.Unit), p.w-12, 26, true), 26, true, tone)
	for _, run := range p.runs(s.Values, max(s.peak(), 1e-9), plot{p.x + 4, p.y + p.h*0.7, p.w - 8, p.h*0.3 - 4}) {
		p.line(run, 1.2, inks[0])
	}
}

// plot is the part of a panel that shows values.
type plot struct{ x, y, w, h float64 }

// runs are the points of a series, apart where there is nothing between.
func (p *panel) runs(values []float64, top float64, in plot) (runs [][]point) {
	var run []point
	for i, v := range values {
		if math.IsNaN(v) {
			if len(run) > 0 {
				runs, run = append(runs, run), nil
			}
			continue
		}
		run = append(run, point{in.x + in.w*float64(i)/steps, in.y + in.h*(1-math.Min(math.Max(v, 0)/top, 1))})
	}
	if len(run) > 0 {
		runs = append(runs, run)
	}
	return runs
}

func (p *panel) chart(all []namedSeries) {
	stacked := p.View == board.Areas
	top := 0.0
	for i := range steps + 1 {
		sum := 0.0
		for _, s := range all {
			if v := s.Values[i]; !math.IsNaN(v) {
				top = max(top, v)
				sum += max(v, 0)
			}
		}
		if stacked {
			top = max(top, sum)
		}
	}
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.name
	}
	in := plot{p.x + 62, p.y + 28, p.w - 72, p.h - 48 - p.legend(names)}
	ceil, step := ceiling(top, p.Unit)
	p.axes(in, ceil, step)
	if stacked {
		p.stack(all, ceil, in)
		return
	}
	for i, s := range all {
		for _, run := range p.runs(s.Values, ceil, in) {
			if len(run) == 1 {
				p.rect(run[0].x-1, run[0].y-1, 2, 2, inks[i%len(inks)])
			}
			p.line(run, 1.5, inks[i%len(inks)])
		}
	}
}

// stack draws one above the other, the first at the bottom.
func (p *panel) stack(all []namedSeries, top float64, in plot) {
	below := make([]float64, steps+1)
	for i, s := range all {
		var edge, floor []point
		for j, v := range s.Values {
			if math.IsNaN(v) {
				v = 0
			}
			x := in.x + in.w*float64(j)/steps
			floor = append(floor, point{x, in.y + in.h*(1-below[j]/top)})
			below[j] += max(v, 0)
			edge = append(edge, point{x, in.y + in.h*(1-below[j]/top)})
		}
		slices.Reverse(floor)
		tone := inks[i%len(inks)]
		if s.peak() == 0 {
			continue
		}
		p.polygon(append(slices.Clone(edge), floor...), light(tone))
		p.line(edge, 1.2, tone)
	}
}

// light is a colour on white, half of it.
func light(c color.RGBA) color.RGBA {
	half := func(v uint8) uint8 { return uint8((int(v) + 2*255) / 3) }
	return color.RGBA{half(c.R), half(c.G), half(c.B), 0xff}
}

func (p *panel) axes(in plot, top, step float64) {
	for v := 0.0; v <= top*1.001; v += step {
		y := in.y + in.h*(1-v/top)
		p.rect(in.x, y, in.w, 0.5, grid)
		s := format(v, p.Unit)
		p.text(in.x-6-p.width(s, 10.5, false), y+4, s, 10.5, false, pale)
	}
	p.times(in)
}

func (p *panel) times(in plot) {
	n := max(2, int(in.w/110))
	whole := p.span.To.Sub(p.span.From)
	for i := range n + 1 {
		s := p.span.From.Add(whole * time.Duration(i) / time.Duration(n)).UTC().Format("15:04:05")
		x := in.x + in.w*float64(i)/float64(n)
		w := p.width(s, 10.5, false)
		p.text(min(max(x-w/2, p.x+4), p.x+p.w-w-4), in.y+in.h+14, s, 10.5, false, pale)
	}
}

// legend writes the names at the bottom, in at most three lines, and tells how high it is.
func (p *panel) legend(names []string) float64 {
	const size, lineHigh = 11.0, 15.0
	var lines [][]int
	x := 0.0
	for i, name := range names {
		w := min(p.width(name, size, false), 260) + 24
		if len(lines) == 0 || x+w > p.w-12 {
			lines, x = append(lines, nil), 0
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], i)
		x += w
	}
	more := 0
	if len(lines) > 3 {
		for _, l := range lines[3:] {
			more += len(l)
		}
		lines = lines[:3]
	}
	y := p.y + p.h - 7 - lineHigh*float64(len(lines)-1)
	for n, l := range lines {
		x := p.x + 8
		for j, i := range l {
			if more > 0 && n == len(lines)-1 && j == len(l)-1 {
				p.text(x, y, fmt.Sprintf("and %d more", more+1), size, false, pale)
				break
			}
			p.rect(x, y-4, 10, 2, inks[i%len(inks)])
			name := p.fit(names[i], 260, size, false)
			p.text(x+14, y, name, size, false, ink)
			x += p.width(name, size, false) + 24
		}
		y += lineHigh
	}
	return lineHigh * float64(len(lines))
}
