package explain

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

const (
	maxExamples = 20 // of recipients that would fail
	maxReasons  = 50 // that are told apart
)

// Failures are the recipients whose message can't be made.
type Failures struct {
	Recipients int
	Examples   []Failure // the first 20
	Reasons    []Reason  // the most frequent first
	Others     int       // recipients that fail for other reasons than these
}

// Failure is one of them.
type Failure struct {
	Place
	Reason string
}

// Reason is why some of them fail: a text in which a length is left out.
type Reason struct {
	Text       string
	Recipients int
}

type failures struct {
	Failures
	by map[string]int
}

func newFailures() *failures { return &failures{by: map[string]int{}} }

func (f *failures) add(reason string, place placer) error {
	f.Recipients++
	kind := kindOf(reason)
	if _, known := f.by[kind]; known || len(f.by) < maxReasons {
		f.by[kind]++
	} else {
		f.Others++
	}
	if len(f.Examples) == maxExamples {
		return nil
	}
	at, err := place()
	f.Examples = append(f.Examples, Failure{Place: at, Reason: reason})
	return err
}

func (f *failures) done() Failures {
	for _, text := range slices.Sorted(maps.Keys(f.by)) {
		f.Reasons = append(f.Reasons, Reason{text, f.by[text]})
	}
	slices.SortStableFunc(f.Reasons, func(a, b Reason) int { return cmp.Compare(b.Recipients, a.Recipients) })
	return f.Failures
}

// kindOf takes the length out of "… has 5004 UTF-16 code units, …": texts that are too long are one reason, whatever their lengths.
func kindOf(reason string) string {
	const has = ": has "
	before, rest, found := strings.Cut(reason, has)
	number := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	if !found || number == 0 {
		return reason
	}
	return before + has + "N" + rest[number:]
}
