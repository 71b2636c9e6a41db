package encoding

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/codec"
)

func TestRoundTrip(t *testing.T) {
	for _, m := range messages() {
		for _, r := range rows() {
			t.Run(m.name+"/"+r.Name, func(t *testing.T) {
				f, err := m.form(r.Name)
				if err != nil {
					t.Fatal(err)
				}
				first, err := m.roundTrip(f)
				if err != nil {
					t.Fatal(err)
				}
				again, err := f.encode()
				if err != nil || !reflect.DeepEqual(first, again) {
					t.Fatalf("encoded twice: %v, %d and %d bytes", err, len(first), len(again))
				}
				if _, err := f.decode(first[:len(first)/2]); err == nil {
					t.Fatal("half of a message was decoded")
				}
			})
		}
	}
}

// forgetful loses a message's content.
type forgetful struct{ form }

func (f forgetful) plain(any) any { return nil }

func TestWhatChangesIsFound(t *testing.T) {
	m := messages()[0]
	if _, err := m.roundTrip(forgetful{m.hayauma()}); !errors.Is(err, ErrChanged) {
		t.Fatalf("got %v", err)
	}
}

// Every experiment measures every row, and its exact figures are the same twice.
func TestExperiments(t *testing.T) {
	for _, e := range Experiments() {
		for _, r := range e.Rows {
			t.Run(e.Name+"/"+r.Name, func(t *testing.T) {
				one, err := e.Run(t.Context(), r.Name, experiment.Short)
				if err != nil {
					t.Fatal(err)
				}
				two, err := e.Run(t.Context(), r.Name, experiment.Short)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range e.Figures {
					v, ok := one.Figures[f.Name]
					if !ok || (v <= 0 && f.Name != "allocs") {
						t.Errorf("%s is %v", f.Name, v)
					}
					if f.Exact && v != two.Figures[f.Name] && !raced {
						t.Errorf("%s is %v, then %v", f.Name, v, two.Figures[f.Name])
					}
				}
				if one.Sent == 0 || one.Lost != 0 || one.Seconds <= 0 {
					t.Errorf("got %+v", one)
				}
				t.Logf("%v", one.Figures)
			})
		}
	}
}

func TestWhatIsUnknownIsRefused(t *testing.T) {
	e := Experiments()[0]
	_, err := e.Run(t.Context(), "xml", experiment.Short)
	if got, ok := errors.AsType[*experiment.UnknownRowError](err); !ok || got.Row != "xml" {
		t.Errorf("got %v", err)
	}
	_, err = e.Run(t.Context(), hayauma, "huge")
	if got, ok := errors.AsType[*experiment.ScaleError](err); !ok || got.Scale != "huge" {
		t.Errorf("got %v", err)
	}
}

func TestRepeatEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	if _, err := repeat(ctx, time.Hour, func() error { return nil }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	if _, err := repeat(t.Context(), time.Hour, func() error { return codec.ErrMalformed }); !errors.Is(err, codec.ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

func TestAllocationsAreCounted(t *testing.T) {
	var keep [][]byte
	got, err := allocations(func() error {
		keep = [][]byte{make([]byte, 100), make([]byte, 200)}
		return nil
	})
	if err != nil || got != 3 || len(keep) != 2 {
		t.Fatalf("got %v, %v", got, err)
	}
}

func TestNamesAreTheSuites(t *testing.T) {
	var names []string
	for _, e := range Experiments() {
		names = append(names, e.Name)
	}
	const want = "encoding-encode-small encoding-decode-small encoding-encode-outcomes encoding-decode-outcomes"
	if got := strings.Join(names, " "); got != want {
		t.Fatalf("got %s", got)
	}
}
