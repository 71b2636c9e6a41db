package draw

import (
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"
)

// tableRow is a row: its labels, and a value of each query.
type tableRow struct {
	labels []string
	values []float64
}

// rows joins the queries' answers by their labels, the greatest first.
func (p *panel) rows() (rows []tableRow) {
	at := map[string]int{}
	for i, series := range p.answers {
		for _, s := range series {
			v := s.Values[len(s.Values)-1]
			if math.IsNaN(v) && len(p.answers) > 1 {
				continue
			}
			if math.IsNaN(v) {
				v = s.Last() // what was there in the span
			}
			labels := make([]string, len(p.Columns))
			for j, name := range p.Columns {
				labels[j] = s.Labels[name]
			}
			key := strings.Join(labels, "\x00")
			n, ok := at[key]
			if !ok {
				n = len(rows)
				at[key] = n
				rows = append(rows, tableRow{labels, slices.Repeat([]float64{math.NaN()}, len(p.answers))})
			}
			rows[n].values[i] = v
		}
	}
	slices.SortStableFunc(rows, func(a, b tableRow) int {
		if a.values[0] != b.values[0] {
			if a.values[0] > b.values[0] {
				return -1
			}
			return 1
		}
		return slices.Compare(a.labels, b.labels)
	})
	return rows
}

func (p *panel) table() {
	rows := p.rows()
	heads := slices.Clone(p.Columns)
	for _, q := range p.Queries {
		heads = append(heads, q.Legend)
	}
	const size, high = 11.5, 17.0
	widths := p.widths(heads, rows, size)
	y := p.y + 38
	p.cells(heads, widths, y, size, true, pale)
	p.rect(p.x+8, y+5, p.w-16, 1, grid)
	for _, r := range rows {
		if y += high; y > p.y+p.h-8 {
			return
		}
		cells := slices.Clone(r.labels)
		for i, v := range r.values {
			unit := p.Unit
			if u := p.Units[p.Queries[i].Legend]; u != "" {
				unit = u
			}
			cells = append(cells, format(v, unit))
		}
		p.cells(cells, widths, y, size, false, ink)
	}
}

// widths are those of the columns; where they need more than there is, the widest are cut to one width.
func (p *panel) widths(heads []string, rows []tableRow, size float64) []float64 {
	all := make([]float64, len(heads))
	for i, h := range heads {
		all[i] = p.width(h, size, true) + 14
		for _, r := range rows {
			if i < len(r.labels) {
				all[i] = max(all[i], p.width(r.labels[i], size, false)+14)
			} else {
				all[i] = max(all[i], 64)
			}
		}
	}
	room, sorted := p.w-16, slices.Sorted(slices.Values(all))
	for i, w := range sorted {
		if most := room / float64(len(sorted)-i); w > most {
			for j := range all {
				all[j] = min(all[j], most)
			}
			break
		}
		room -= w
	}
	return all
}

func (p *panel) cells(cells []string, widths []float64, y, size float64, bold bool, tone color.Color) {
	x := p.x + 8
	for i, cell := range cells {
		p.text(x, y, p.fit(cell, widths[i]-6, size, bold), size, bold, tone)
		x += widths[i]
	}
}

// heat draws a classic histogram: its buckets one above the other, dark where many are.
func (p *panel) heat(all []namedSeries) {
	bound := func(s namedSeries) float64 {
		v, err := strconv.ParseFloat(s.Labels["le"], 64)
		if err != nil {
			return math.Inf(1)
		}
		return v
	}
	slices.SortFunc(all, func(a, b namedSeries) int {
		switch x, y := bound(a), bound(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	in := plot{p.x + 62, p.y + 28, p.w - 72, p.h - 50}
	top := 0.0
	cells := make([][]float64, len(all))
	for i, s := range all {
		cells[i] = make([]float64, steps+1)
		for j, v := range s.Values {
			if i > 0 {
				v -= all[i-1].Values[j]
			}
			if !math.IsNaN(v) {
				cells[i][j] = max(v, 0)
				top = max(top, v)
			}
		}
	}
	high := in.h / float64(len(all))
	for i := range cells {
		y := in.y + in.h - float64(i+1)*high
		for j, v := range cells[i] {
			if v > 0 {
				part := math.Log1p(v) / math.Log1p(max(top, 1))
				shade := func(from, to float64) uint8 { return uint8(from + (to-from)*math.Round(part*8)/8) }
				p.rect(in.x+in.w*float64(j)/(steps+1), y, in.w/(steps+1), high-1, color.RGBA{shade(0xe3, 0x0b), shade(0xee, 0x3d), shade(0xf9, 0x78), 0xff})
			}
		}
		le := "more"
		if v := bound(all[i]); !math.IsInf(v, 1) {
			le = "≤ " + format(v, p.Unit)
		}
		p.text(in.x-6-p.width(le, 10, false), y+high/2+4, le, 10, false, pale)
	}
	p.times(in)
}

// states draws a band for each series, where it has a value: green, or red where that is bad.
func (p *panel) states(all []namedSeries) {
	in := plot{p.x + 130, p.y + 28, p.w - 140, p.h - 50}
	high := min(in.h/float64(len(all)), 34)
	for i, s := range all {
		y := in.y + float64(i)*high
		p.text(p.x+8, y+high/2+4, p.fit(s.name, 118, 11.5, false), 11.5, false, ink)
		for j, v := range s.Values {
			tone := light(green)
			switch {
			case math.IsNaN(v):
				continue
			case p.Bad < p.Good && v < p.Bad:
				tone = red
			}
			p.rect(in.x+in.w*float64(j)/(steps+1), y+3, in.w/(steps+1), high-6, tone)
		}
	}
	p.times(in)
}
