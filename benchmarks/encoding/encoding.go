package encoding

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// The formats.
const (
	hayauma  = "hayauma"
	protobuf = "protobuf"
	jsonText = "json"
)

const text = "One goroutine, one message again and again. Each format writes into memory that it uses again, with the length before the bytes " +
	"(JSON: a line feed behind them), and decodes into a new message each time. Like for like: the same content. Not like for like, all in favour " +
	"of the others: ours also writes and looks up which message it is, writes the names of a struct's fields where the struct doesn't say " +
	"otherwise, and walks all bytes once before it decodes them, since it trusts no input; protobuf's messages are structs of its own, " +
	"and copying values into and out of them is not charged. Allocations are counted apart, on one processor without a collector."

// ErrChanged says that a format gave back another message than it was given.
var ErrChanged = errors.New("encoding: what was decoded differs from what was encoded: the format's mapping misses a field")

// Experiments are encoding and decoding of each message.
func Experiments() []experiment.Experiment {
	var all []experiment.Experiment
	for _, m := range messages() {
		all = append(all, m.experiment("encode", "encoded", encoding), m.experiment("decode", "decoded", decoding))
	}
	return all
}

func rows() []experiment.Row {
	return []experiment.Row{
		{Name: hayauma, About: "this program's codec: msgpack v5 under registered names, in frames, walked before it is decoded"},
		{Name: protobuf, About: "google.golang.org/protobuf with generated code, in the same frames", Peer: true},
		{Name: jsonText, About: "encoding/json with an encoder that is used again", Peer: true},
	}
}

func figures() []experiment.Figure {
	return []experiment.Figure{
		{Name: "rate", Title: "messages/s", Better: experiment.More},
		{Name: "cpu_ns", Title: "CPU ns each", Better: experiment.Less},
		{Name: "allocs", Title: "allocations each", Better: experiment.Less, Exact: true},
		{Name: "bytes", Title: "bytes encoded", Better: experiment.Less, Exact: true},
	}
}

// direction makes of a form and its bytes what is done again and again.
type direction func(f form, bytes []byte) (once func() error)

func encoding(f form, _ []byte) func() error {
	return func() error {
		_, err := f.encode()
		return err
	}
}

func decoding(f form, bytes []byte) func() error {
	return func() error {
		_, err := f.decode(bytes)
		return err
	}
}

func (m message) experiment(name, done string, d direction) experiment.Experiment {
	return experiment.Experiment{
		Name:     "encoding-" + name + "-" + m.name,
		Title:    m.title + ", " + done,
		Text:     text,
		Rows:     rows(),
		Figures:  figures(),
		Rounds:   map[experiment.Scale]int{experiment.Short: 1, experiment.Full: 5},
		Patience: map[experiment.Scale]time.Duration{experiment.Short: time.Minute, experiment.Full: time.Minute},
		Run: func(ctx context.Context, row string, scale experiment.Scale) (experiment.Result, error) {
			length, ok := lengths[scale]
			if !ok {
				return experiment.Result{}, &experiment.ScaleError{Scale: scale}
			}
			return m.measure(ctx, row, d, length)
		},
	}
}

// lengths is how long a cell measures.
var lengths = map[experiment.Scale]time.Duration{experiment.Short: 100 * time.Millisecond, experiment.Full: time.Second}

func (m message) form(row string) (form, error) {
	switch row {
	case hayauma:
		return m.hayauma(), nil
	case protobuf:
		return m.protobuf(), nil
	case jsonText:
		return m.json(), nil
	}
	return nil, &experiment.UnknownRowError{Row: row, Have: []string{hayauma, protobuf, jsonText}}
}

func (m message) measure(ctx context.Context, row string, d direction, length time.Duration) (experiment.Result, error) {
	f, err := m.form(row)
	if err != nil {
		return experiment.Result{}, err
	}
	bytes, err := m.roundTrip(f)
	if err != nil {
		return experiment.Result{}, err
	}
	r, err := repeat(ctx, length, d(f, bytes))
	if err != nil {
		return r, fmt.Errorf("encoding: %s as %s: %w", m.name, row, err)
	}
	r.Figures["bytes"] = float64(len(bytes))
	return r, nil
}

// roundTrip returns a copy of the bytes, or ErrChanged.
func (m message) roundTrip(f form) ([]byte, error) {
	encoded, err := f.encode()
	if err != nil {
		return nil, err
	}
	decoded, err := f.decode(encoded)
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(f.plain(decoded), m.content) {
		return nil, ErrChanged
	}
	return append([]byte(nil), encoded...), nil
}
