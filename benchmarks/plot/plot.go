package plot

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Chart is one picture.
type Chart struct {
	Title string
	X, Y  string // the axes' titles, with units
	Lines []Line
}

// Line is a line of the chart, its points in any order.
type Line struct {
	Name   string
	Model  bool // what a formula gives: dashed, only medians
	Points []Point
}

// Point is what was measured at one size.
type Point struct{ X, Median, Min, Max float64 }

// EmptyError reports a chart without any point that has a place.
type EmptyError struct{ Title string }

func (e *EmptyError) Error() string {
	return fmt.Sprintf("plot: %q has no point above 0 to draw: give its rows a size and its figures values", e.Title)
}

// The size of a picture.
const (
	width  = 18 * vg.Centimeter
	height = 11 * vg.Centimeter
)

// colours are told apart by the colour-blind too (Okabe and Ito); lines beyond them begin anew with another dash.
var colours = []color.Color{
	color.RGBA{R: 0, G: 114, B: 178, A: 255}, color.RGBA{R: 213, G: 94, B: 0, A: 255}, color.RGBA{R: 0, G: 158, B: 115, A: 255},
	color.RGBA{R: 204, G: 121, B: 167, A: 255}, color.RGBA{R: 230, G: 159, B: 0, A: 255}, color.RGBA{R: 86, G: 180, B: 233, A: 255},
}

// Draw writes the chart as SVG.
func Draw(w io.Writer, c Chart) error {
	p, err := build(c)
	if err != nil {
		return err
	}
	picture := vgsvg.New(width, height)
	p.Draw(draw.New(picture))
	_, err = picture.WriteTo(w)
	return err
}

func build(c Chart) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.X, c.Y
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{}, ticks{}
	p.Add(plotter.NewGrid())
	p.Title.Padding = vg.Millimeter * 2
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = vg.Millimeter*3, -vg.Millimeter*2
	if ranges(c.Lines) {
		p.Title.Text += "\nbars: min – max of the rounds"
	}
	var x, y span
	for i, l := range c.Lines {
		places, left := placed(l.Points)
		if err := add(p, l, places, left, i); err != nil {
			return nil, fmt.Errorf("plot: %s: %w", l.Name, err)
		}
		for _, at := range places {
			x.take(at.X, at.X)
			y.take(at.Min, at.Max)
		}
	}
	if x.empty() {
		return nil, &EmptyError{Title: c.Title}
	}
	p.X.Min, p.X.Max = x.round(1)
	p.Y.Min, p.Y.Max = y.round(1.6) // room for the legend
	return p, nil
}

// add draws a line, its marks and its bars, and enters it in the legend.
func add(p *plot.Plot, l Line, places points, left, i int) error {
	name := l.Name
	if left > 0 {
		name = fmt.Sprintf("%s (%d not above 0, left out)", name, left)
	}
	if len(places) == 0 {
		return nil
	}
	line, marks, err := plotter.NewLinePoints(xys(places))
	if err != nil {
		return err
	}
	line.Color, line.Width = colours[i%len(colours)], vg.Points(1.5)
	marks.Color, marks.Shape, marks.Radius = line.Color, draw.CircleGlyph{}, vg.Points(2)
	if l.Model {
		line.Color, line.Dashes = color.Gray{Y: 90}, []vg.Length{vg.Points(5), vg.Points(3)}
		p.Add(line)
		p.Legend.Add(name, line)
		return nil
	}
	if i >= len(colours) {
		line.Dashes = []vg.Length{vg.Points(1), vg.Points(2)}
	}
	p.Add(line, marks)
	p.Legend.Add(name, line, marks)
	return addBars(p, places, line.Color)
}

// addBars draws a bar at each point that has a range; one round has none.
func addBars(p *plot.Plot, places points, c color.Color) error {
	some := slices.DeleteFunc(slices.Clone(places), func(at Point) bool { return !at.ranges() })
	if len(some) == 0 {
		return nil
	}
	bars, err := plotter.NewYErrorBars(some)
	if err != nil {
		return err
	}
	bars.Color = c
	p.Add(bars)
	return nil
}

func (p Point) ranges() bool { return p.Min < p.Max }

// ranges reports whether a measured line has a bar.
func ranges(lines []Line) bool {
	return slices.ContainsFunc(lines, func(l Line) bool {
		places, _ := placed(l.Points)
		return !l.Model && slices.ContainsFunc(places, Point.ranges)
	})
}

func xys(places points) plotter.XYs {
	var all plotter.XYs
	for _, p := range places {
		all = append(all, plotter.XY{X: p.X, Y: p.Median})
	}
	return all
}

// points are what bars are drawn at.
type points []Point

func (p points) Len() int                { return len(p) }
func (p points) XY(i int) (x, y float64) { return p[i].X, p[i].Median }
func (p points) YError(i int) (low, high float64) {
	return p[i].Median - p[i].Min, p[i].Max - p[i].Median
}

func above0(v float64) bool { return v > 0 && !math.IsInf(v, 1) }
