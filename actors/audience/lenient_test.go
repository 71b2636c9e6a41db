package audience_test

import (
	"compress/gzip"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hayauma.example/actors/audience"
)

const (
	idA = "U0000000000000000000000000000000a"
	idB = "U0000000000000000000000000000000b"
)

// told is what Ingest tells of a file with Options.Bad.
type told struct {
	bad   []string // rows, then the problems' lines and columns
	lines []int    // of stored rows
}

func lenient(t *testing.T, file string, format audience.Format, limits audience.Limits) (told, *store, audience.Summary, error) {
	var seen told
	s, sum, err := ingest(t, audience.Source{Reader: strings.NewReader(file), Format: format}, audience.Options{
		Needs: []string{"name", "city"}, Limits: limits,
		Bad: func(rows int, problems []*audience.Error) {
			text := []string{fmt.Sprint(rows)}
			for _, p := range problems {
				text = append(text, fmt.Sprintf("%d:%s:%v", p.Line, p.Column, p.Missing))
			}
			seen.bad = append(seen.bad, strings.Join(text, " "))
		},
		Stored: func(row uint32, line int) error {
			if int(row) != len(seen.lines) {
				t.Errorf("row %d after %d rows", row, len(seen.lines))
			}
			seen.lines = append(seen.lines, line)
			return nil
		},
	})
	return seen, s, sum, err
}

// A file is read to its end whatever is wrong with rows; what is good is stored as if the rest were not there.
func TestBadRowsAreToldAndTheOthersStored(t *testing.T) {
	for name, tc := range map[string]struct {
		format     audience.Format
		file       string
		bad        []string
		lines      []int
		rows, dups int
	}{
		"csv": {audience.CSV, "user_id,name,city\nnobody,a,b\n\n" + idA + ",\"Ann\nA.\",x\n" + idA + ",Ann,y\nragged\n" + idB + ",Bob,z\n",
			[]string{"1 2:user_id:false", "1 7::false"}, []int{4, 6, 8}, 3, 1},
		"csv without columns": {audience.CSV, "user_id\n" + idA + "\n",
			[]string{"0 1:name:true 1:city:true", "1 2:name:true 2:city:true"}, nil, 0, 0},
		"ndjson": {audience.NDJSON, `{"user_id":"x","city":"c"}` + "\n" + `{"user_id":"` + idA + `"}` + "\n" + `{"user_id":"` + idB + `","name":"b","city":"c"}` + "\n{\n",
			[]string{"1 1:user_id:false 1:name:true", "1 2:name:true 2:city:true", "1 4::false"}, []int{3}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			seen, s, sum, err := lenient(t, tc.file, tc.format, audience.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(seen.bad, tc.bad) || !slices.Equal(seen.lines, tc.lines) {
				t.Errorf("told %q, stored lines %v\nwant %q, %v", seen.bad, seen.lines, tc.bad, tc.lines)
			}
			bad := 0
			for _, b := range tc.bad {
				bad += int(b[0] - '0')
			}
			if sum.Rows != tc.rows || sum.BadRows != bad || sum.Duplicates != tc.dups || len(s.rows(t, sum)) != tc.rows {
				t.Errorf("%+v", sum)
			}
		})
	}
}

func TestBadRowsAreBounded(t *testing.T) {
	_, _, _, err := lenient(t, "user_id,name,city\n"+strings.Repeat("nobody,a,b\n", 11), audience.CSV, audience.Limits{Rows: 10})
	var bad *audience.Errors
	if !errors.As(err, &bad) || !bad.Cut || !strings.Contains(err.Error(), "line 12: more than 10 rows") {
		t.Errorf("error %v", err)
	}
	if _, _, _, err = lenient(t, "user_id,name,city\n", audience.CSV, audience.Limits{}); !errors.As(err, &bad) || !strings.Contains(err.Error(), "empty") {
		t.Errorf("error %v", err)
	}
}

// What is wrong with the file ends the reading, however it is read, and is told apart from bad rows.
func TestBrokenFileIsNotABadRow(t *testing.T) {
	for name, opts := range map[string]audience.Options{"": {}, "lenient": {Bad: func(int, []*audience.Error) { t.Error("a bad row is told") }}} {
		whole := packed("user_id\n" + idA + "\n" + strings.Repeat(idB+"\n", 100))
		_, _, err := ingest(t, audience.Source{Reader: strings.NewReader(whole[:len(whole)-9]), Gzip: true}, opts)
		var bad *audience.Errors
		if !errors.As(err, &bad) || !bad.Cut || len(bad.List) != 1 || !strings.Contains(err.Error(), "ends too early") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func packed(text string) string {
	var b strings.Builder
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}
