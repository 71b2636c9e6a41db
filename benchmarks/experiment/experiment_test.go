package experiment

import "testing"

func TestAnUnknownRowIsToldWithThoseThereAre(t *testing.T) {
	for _, c := range []struct {
		err  UnknownRowError
		want string
	}{
		{UnknownRowError{Row: "akka"}, `experiment: there is no row "akka"`},
		{UnknownRowError{Row: "akka", Have: []string{"a", "b"}}, `experiment: there is no row "akka": use one of a, b`},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestLongCellsAreAskedFor(t *testing.T) {
	for value, want := range map[string]bool{"": false, "1": true} {
		t.Setenv(LongVariable, value)
		if got := Long(); got != want {
			t.Errorf("%q: got %v", value, got)
		}
	}
}
