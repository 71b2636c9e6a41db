package audience_test

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"hayauma.example/actors/audience"
)

// TestGolden holds the stored form: what one build stores, every later one must read.
func TestGolden(t *testing.T) {
	text := "user_id,name\n" + id(10) + ",Ann\nbob,\nbob,x\n" + id(10) + ",y\n"
	s, sum, err := ingest(t, audience.Source{Reader: strings.NewReader(text)},
		audience.Options{Needs: []string{"name"}, Optional: []string{"p"}, ID: func([]byte) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"520102046e616d6501700004" +
			"000000000000000000000000000000000a03416e6e00" + "03626f620000" + "03626f62017800" + "000000000000000000000000000000000a017900",
		"4401020201",
	}
	var got []string
	for _, p := range s.parts {
		got = append(got, hex.EncodeToString(p))
	}
	if !reflect.DeepEqual(got, want) || sum.Parts != 1 || sum.DuplicateParts != 1 {
		t.Errorf("got %q", got)
	}
}
