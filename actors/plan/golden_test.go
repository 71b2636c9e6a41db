package plan_test

import (
	"encoding/hex"
	"reflect"
	"testing"

	"hayauma.example/actors/plan"
)

// TestGolden holds the stored form: what one build freezes, every later one must read.
func TestGolden(t *testing.T) {
	people := []person{{id(1), "a"}, {"bob", "b"}, {id(2), "a"}, {id(3), "refuse me"}}
	in := ingest(t, people).input(parse(t, "{{ name }}"))
	in.Check = check
	f := freeze(t, in, plan.Options{})
	got := []string{hex.EncodeToString(plan.AppendTable(nil, f.table))}
	for _, data := range f.data {
		got = append(got, hex.EncodeToString(data))
	}
	want := []string{
		"5401030a140e",
		"430101000101046e616d65" + "03626f62" + "d88236e88135aa1cf6cf4a99585aea5c" + "0162",
		"430102010201046e616d65" + "15a65645c025150a1f717c210c4b3799" + "0161" +
			"0000000000000000000000000000000001" + "0000000000000000000000000000000002",
		"4301030301" + "0000000000000000000000000000000003" + "14" + hex.EncodeToString([]byte(errCheck.Error())),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}
