package checker

import (
	"slices"
	"testing"

	"hayauma.example/actors"
)

func TestSplitsFirst(t *testing.T) {
	report := func(what actors.What, lo, hi uint32) actors.Report {
		return actors.Report{What: what, Path: actors.Span{Lo: lo, Hi: hi}}
	}
	split, half := report(actors.PathSplit, 8, 16), report(actors.PathReturned, 12, 16)
	other, whole, took := report(actors.PathReturned, 0, 4), report(actors.PathReturned, 8, 16), report(actors.PathAccepted, 8, 12)
	for _, x := range []struct{ come, stand []actors.Report }{
		{[]actors.Report{half, other, split}, []actors.Report{other, split, half}},
		{[]actors.Report{split, half, other}, []actors.Report{split, half, other}},
		{[]actors.Report{whole, took, split}, []actors.Report{whole, took, split}}, // of the same path, or no return: as they came
		{[]actors.Report{half, other}, []actors.Report{half, other}},
		{nil, nil},
	} {
		if got := splitsFirst(slices.Clone(x.come)); !slices.Equal(got, x.stand) {
			t.Errorf("%v became %v, want %v", x.come, got, x.stand)
		}
	}
}
