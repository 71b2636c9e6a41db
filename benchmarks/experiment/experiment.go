package experiment

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Scale says how much work a cell does.
type Scale string

// The scales.
const (
	Short Scale = "short" // seconds: whether everything works, and roughly how it stands
	Full  Scale = "full"  // what tables are made of
)

// ScaleError is an unknown scale.
type ScaleError struct{ Scale Scale }

func (e *ScaleError) Error() string {
	return fmt.Sprintf("experiment: there is no scale %q: use %s or %s", e.Scale, Short, Full)
}

// UnknownRowError names a row that an experiment doesn't have.
type UnknownRowError struct {
	Row  string
	Have []string // the rows that there are
}

func (e *UnknownRowError) Error() string {
	text := fmt.Sprintf("experiment: there is no row %q", e.Row)
	if len(e.Have) > 0 {
		text += ": use one of " + strings.Join(e.Have, ", ")
	}
	return text
}

// Result is what one cell measured.
type Result struct {
	Sent    uint64             `json:"sent"`              // what went in: messages, questions, recipients, tasks
	Lost    int64              `json:"lost"`              // sent and never come out; below 0: come out twice
	Seconds float64            `json:"seconds"`           // of the measured part
	Figures map[string]float64 `json:"figures,omitempty"` // by Figure.Name; one that was not measured is absent
}

// Direction says which way a figure is better.
type Direction int

// The directions.
const (
	Neither Direction = iota
	More
	Less
)

// Figure is one column of an experiment's table.
type Figure struct {
	Name   string    // its key in Result.Figures
	Title  string    // the column's head, with the unit
	Better Direction // of the first figure the table also shows min, max and the ratio to the best peer
	Exact  bool      // the same on every machine (allocations, bytes, records, goroutines): a committed bound can hold it
}

// Row is what is compared: a system, or a size.
type Row struct {
	Name  string
	About string  // for the reader of the table
	Peer  bool    // somebody else's system: a candidate for best peer
	X     float64 // the size, where a row is a point of a plot
}

// Plot draws an experiment whose rows are sizes: one line per figure over Row.X, both axes logarithmic.
type Plot struct {
	File    string   // such as idle.svg
	X, Y    string   // the axes' titles, with units
	Figures []string // the measured lines, by Figure.Name
	Model   string   // the figure that holds the model's value; drawn dashed beside the measured lines; "" draws none
}

// Experiment is one comparison.
type Experiment struct {
	Name    string // unique among all parts: lower case with hyphens
	Title   string
	Text    string // a paragraph under the title: what happens, what is like for like; "" for none
	Rows    []Row
	Figures []Figure
	Plot    *Plot

	Rounds   map[Scale]int                        // absent or 0: the row set is not measured at that scale
	Patience map[Scale]time.Duration              // of one cell
	Needs    func(row string, scale Scale) uint64 // bytes of memory, about; nil: little
	Missing  func(row string) string              // why this machine can't measure the row; "" when it can; nil: it always can

	// Run measures one row once. ctx ends after Patience.
	Run func(ctx context.Context, row string, scale Scale) (Result, error)
}

// Part is a theme: what the runner calls a run.
type Part struct {
	Name        string
	Title       string
	Experiments []Experiment
}
