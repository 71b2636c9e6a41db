package draw

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"slices"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// canvas is a picture with text and lines; its unit is the pixel.
type canvas struct {
	img   *image.RGBA
	faces map[face]font.Face
}

type face struct {
	size float64
	bold bool
}

type point struct{ x, y float64 }

func newCanvas(w, h int, ground color.Color) *canvas {
	c := &canvas{img: image.NewRGBA(image.Rect(0, 0, w, h)), faces: map[face]font.Face{}}
	draw.Draw(c.img, c.img.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	return c
}

func (c *canvas) rect(x, y, w, h float64, fill color.Color) {
	r := image.Rect(int(x), int(y), int(math.Ceil(x+w)), int(math.Ceil(y+h)))
	draw.Draw(c.img, r, image.NewUniform(fill), image.Point{}, draw.Over)
}

// line draws through the points.
func (c *canvas) line(points []point, width float64, stroke color.Color) {
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		dx, dy := b.x-a.x, b.y-a.y
		l := math.Hypot(dx, dy)
		if l == 0 {
			continue
		}
		nx, ny := -dy/l*width/2, dx/l*width/2
		c.polygon([]point{{a.x + nx, a.y + ny}, {b.x + nx, b.y + ny}, {b.x - nx, b.y - ny}, {a.x - nx, a.y - ny}}, stroke)
	}
}

// polygon fills what the points go around. Only its own part of the picture is rasterised.
func (c *canvas) polygon(points []point, fill color.Color) {
	if len(points) < 3 {
		return
	}
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range points {
		x0, y0, x1, y1 = min(x0, p.x), min(y0, p.y), max(x1, p.x), max(y1, p.y)
	}
	x0, y0 = math.Floor(x0), math.Floor(y0)
	w, h := int(math.Ceil(x1-x0))+1, int(math.Ceil(y1-y0))+1
	r := vector.NewRasterizer(w, h)
	for i, p := range points {
		if i == 0 {
			r.MoveTo(float32(p.x-x0), float32(p.y-y0))
		} else {
			r.LineTo(float32(p.x-x0), float32(p.y-y0))
		}
	}
	r.ClosePath()
	r.Draw(c.img, image.Rect(int(x0), int(y0), int(x0)+w, int(y0)+h), image.NewUniform(fill), image.Point{})
}

func (c *canvas) face(size float64, bold bool) font.Face {
	key := face{size, bold}
	if f := c.faces[key]; f != nil {
		return f
	}
	ttf := goregular.TTF
	if bold {
		ttf = gobold.TTF
	}
	parsed, err := opentype.Parse(ttf)
	if err != nil {
		panic("draw: " + err.Error()) // the font is the package's own
	}
	f, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic("draw: " + err.Error())
	}
	c.faces[key] = f
	return f
}

func (c *canvas) width(s string, size float64, bold bool) float64 {
	return float64(font.MeasureString(c.face(size, bold), s)) / 64
}

// text writes from x on, on the line y.
func (c *canvas) text(x, y float64, s string, size float64, bold bool, ink color.Color) {
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(ink), Face: c.face(size, bold), Dot: fixed.P(int(x), int(y))}
	d.DrawString(s)
}

// fit is s, cut so that it is not wider.
func (c *canvas) fit(s string, most, size float64, bold bool) string {
	if c.width(s, size, bold) <= most {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && c.width(string(runes)+"…", size, bold) > most {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// png is the picture with at most 256 colours, which is a third of the bytes.
func (c *canvas) png() ([]byte, error) {
	count := map[color.RGBA]int{}
	b := c.img.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			count[c.img.RGBAAt(x, y)]++
		}
	}
	colours := make([]color.RGBA, 0, len(count))
	for k := range count {
		colours = append(colours, k)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return (int(a.R)<<16 | int(a.G)<<8 | int(a.B)) - (int(b.R)<<16 | int(b.G)<<8 | int(b.B))
	})
	palette := make(color.Palette, 0, 256)
	for _, k := range colours[:min(len(colours), 256)] {
		palette = append(palette, k)
	}
	index := map[color.RGBA]uint8{}
	for _, k := range colours {
		index[k] = uint8(palette.Index(k))
	}
	out := image.NewPaletted(b, palette)
	for y := range b.Dy() {
		for x := range b.Dx() {
			out.SetColorIndex(x, y, index[c.img.RGBAAt(x, y)])
		}
	}
	var buf bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&buf, out)
	return buf.Bytes(), err
}
