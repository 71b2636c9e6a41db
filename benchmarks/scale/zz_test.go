package scale

import (
	"encoding/json"
	"os"
	"testing"
)

// TestCell measures one cell by hand: CELL=experiment/row.
func TestCell(t *testing.T) {
	for _, e := range Part().Experiments {
		for _, r := range e.Rows {
			if os.Getenv("CELL") == e.Name+"/"+r.Name {
				got, err := e.Run(t.Context(), r.Name, "full")
				text, _ := json.Marshal(got)
				t.Logf("%s %s: %s %v", e.Name, r.Name, text, err)
			}
		}
	}
}
