package audience_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"hayauma.example/actors/audience"
)

func read(text []byte, format audience.Format, columns ...string) (rows [][]string, err error) {
	r, err := audience.Open(audience.Source{Reader: bytes.NewReader(text), Format: format}, audience.Limits{}, columns)
	if err != nil {
		return nil, err
	}
	for rec, err := range r.Records() {
		if err != nil {
			return nil, err
		}
		row := []string{string(rec.User)}
		for _, v := range rec.Values {
			row = append(row, string(v))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// FuzzCSV compares with encoding/csv, which differs in the line ends inside quotes only.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("user_id,a\nx,y\n"))
	f.Add([]byte("user_id,a\r\n\"x\"\"\",\"y\n,z\"\r\n\r\n,\n"))
	f.Add([]byte("a,user_id\n\"\",\"\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := read(text, audience.CSV, "a")
		if err != nil || bytes.IndexByte(text, '\r') >= 0 {
			return
		}
		r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
		want, err := r.ReadAll()
		if err != nil {
			t.Fatalf("we read %q, encoding/csv says %v", got, err)
		}
		user, a := slices.Index(want[0], "user_id"), slices.Index(want[0], "a")
		for i, row := range want[1:] {
			value := ""
			if a >= 0 {
				value = row[a]
			}
			if i >= len(got) || !slices.Equal(got[i], []string{row[user], value}) {
				t.Fatalf("row %d: got %q, want %q", i, got, want)
			}
		}
		if len(got) != len(want)-1 {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

// FuzzNDJSON compares with encoding/json.
func FuzzNDJSON(f *testing.F) {
	f.Add([]byte(`{"user_id":"x","a":"\u00e9\ud83d\ude00\n"}`))
	f.Add([]byte(`{"user_id":"x","a":-1.5e+3, "b":[1]}`))
	f.Add([]byte(` {"a":null,"user_id":true} `))
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.IndexByte(line, '\n') >= 0 {
			return
		}
		got, err := read(line, audience.NDJSON, "a")
		if err != nil || len(got) == 0 {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(bytes.TrimPrefix(line, []byte("\ufeff")), &want); err != nil {
			t.Fatalf("we read %q, encoding/json says %v", got, err)
		}
		for i, name := range []string{"user_id", "a"} {
			value := string(want[name])
			if strings.HasPrefix(value, `"`) {
				_ = json.Unmarshal(want[name], &value)
			}
			if value == "null" && got[0][i] == "" {
				continue
			}
			if got[0][i] != value {
				t.Fatalf("%s: got %q, want %q", name, got[0][i], value)
			}
		}
	})
}

// FuzzPart stores rows and reads them back, and decodes the bytes themselves as stored data.
func FuzzPart(f *testing.F) {
	f.Add([]byte("R\x01\x01\x01a\x00\x01\x01x\x01y"), id(1), "y")
	f.Add([]byte("D\x01\x02\x05\x01"), "someone", "")
	f.Fuzz(func(t *testing.T, data []byte, user, value string) {
		var p audience.Part
		if err := p.Decode(data); err == nil && (len(p.Rows) == 0 || p.Rows[0].User == "" || len(p.Rows[0].Values) != len(p.Columns)) {
			t.Fatalf("decoded %+v", p)
		}
		if rows, err := audience.DecodeDuplicates(data); err == nil && !slices.IsSorted(rows) {
			t.Fatalf("rows are not sorted: %v", rows)
		}
		if user == "" || len(user) > 255 || !utf8.ValidString(value) {
			return
		}
		w, err := audience.NewPartWriter([]string{"v"}, func(_ int, stored []byte) error { return p.Decode(stored) })
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := w.Add([]byte(user), [][]byte{[]byte(value)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil || len(p.Rows) != 3 || p.Rows[2].User != user || p.Rows[2].Values[0] != value {
			t.Fatalf("%v, %+v", err, p)
		}
	})
}
