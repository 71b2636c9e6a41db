package audience_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"hayauma.example/actors/audience"
)

// store is a sink in memory.
type store struct{ parts [][]byte }

func (s *store) Part(n int, data []byte) error {
	if n != len(s.parts) {
		return fmt.Errorf("part %d after %d", n, len(s.parts))
	}
	s.parts = append(s.parts, bytes.Clone(data))
	return nil
}

func (s *store) rows(t testing.TB, sum audience.Summary) (rows []audience.Row) {
	t.Helper()
	for _, data := range s.parts[:sum.Parts] {
		var p audience.Part
		if err := p.Decode(data); err != nil {
			t.Fatal(err)
		}
		if int(p.First) != len(rows) || !slices.Equal(p.Columns, sum.Columns) || len(data) > audience.MaxPart {
			t.Fatalf("part begins at %d after %d rows, columns %q, %d bytes", p.First, len(rows), p.Columns, len(data))
		}
		rows = append(rows, p.Rows...)
	}
	return rows
}

func (s *store) duplicates(t testing.TB, sum audience.Summary) (rows []uint32) {
	t.Helper()
	for _, data := range s.parts[sum.Parts : sum.Parts+sum.DuplicateParts] {
		list, err := audience.DecodeDuplicates(data)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, list...)
	}
	return rows
}

func tempRoot(t testing.TB) *os.Root {
	t.Helper()
	r, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		left, _ := fs.ReadDir(r.FS(), ".")
		if len(left) > 0 {
			t.Errorf("temporary files are left: %v", left)
		}
		_ = r.Close()
	})
	return r
}

func ingest(t testing.TB, src audience.Source, opts audience.Options) (*store, audience.Summary, error) {
	t.Helper()
	s := &store{}
	opts.Dir = tempRoot(t)
	sum, err := audience.Ingest(context.Background(), src, s, opts)
	return s, sum, err
}

func id(n int) string { return fmt.Sprintf("U%032x", n) }

func zip(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

func TestIngestReads(t *testing.T) {
	a, b := id(1), id(2)
	for _, c := range []struct {
		name   string
		format audience.Format
		text   string
		want   string
	}{
		{"csv", audience.CSV, "user_id,name,n\n" + a + ",Ann,1\n" + b + ",,2\n", "Ann|1 |2"},
		{"csv, other order, unknown column, no last end", audience.CSV, "n,x,name,user_id\n1,y,Ann," + a, "Ann|1"},
		{"csv with CRLF, mark and empty lines", audience.CSV, "\ufeffuser_id,name,n\r\n\r\n" + a + ",Ann,1\r\n\r\n", "Ann|1"},
		{"csv with quotes", audience.CSV, "\"user_id\",name,n\n" + a + ",\"A \"\"x\"\", b\r\nnext\n\",\"\"\n" + b + ",,\"2\"", "A \"x\", b\r\nnext\n| |2"},
		{"csv without n", audience.CSV, "user_id,name\n" + a + ",Ann\n", "Ann|"},
		{"ndjson", audience.NDJSON, `{"user_id":"` + a + `","name":"Ann","n":1}` + "\n \r\n" + ` { "n" : -1.50e+3 , "name" : true, "user_id":"` + b + `"} `,
			"Ann|1 true|-1.50e+3"},
		{"ndjson members that nobody needs", audience.NDJSON, `{"tags":["a\"]",{"b":[]}],"user_id":"` + a + `","more":{"x":{"y":"}"}},"name":"n"}`, "n|"},
		{"ndjson escapes", audience.NDJSON, `{"user_id":"` + a + `","name":"\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00","x":null,"n":null}`, "\"\\/\b\f\n\r\téé😀|"},
		{"ndjson empty text", audience.NDJSON, `{"name":"","user_id":"` + a + `"}`, "|"},
	} {
		for _, gz := range []bool{false, true} {
			text := c.text
			if gz {
				text = zip(text)
			}
			s, sum, err := ingest(t, audience.Source{Reader: iotest.OneByteReader(strings.NewReader(text)), Format: c.format, Gzip: gz},
				audience.Options{Needs: []string{"name"}, Optional: []string{"n"}})
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			var got []string
			for _, r := range s.rows(t, sum) {
				got = append(got, strings.Join(r.Values, "|"))
			}
			if strings.Join(got, " ") != c.want || sum.ContentSHA256 != sha256.Sum256([]byte(c.text)) {
				t.Errorf("%s: got %q, want %q, content %x", c.name, strings.Join(got, " "), c.want, sum.ContentSHA256)
			}
			if sum.PartsSHA256 != sha256.Sum256(bytes.Join(s.parts, nil)) {
				t.Errorf("%s: parts hash", c.name)
			}
		}
	}
}

func TestIngestUserIDAsVariable(t *testing.T) {
	for format, text := range map[audience.Format]string{
		audience.CSV: "user_id\n" + id(7) + "\n", audience.NDJSON: `{"user_id":"` + id(7) + `"}`,
	} {
		s, sum, err := ingest(t, audience.Source{Reader: strings.NewReader(text), Format: format}, audience.Options{Needs: []string{"user_id"}})
		if err != nil {
			t.Fatal(err)
		}
		if rows := s.rows(t, sum); rows[0].User != id(7) || rows[0].Values[0] != id(7) {
			t.Errorf("got %v", rows)
		}
	}
}

func TestIngestOtherIDs(t *testing.T) {
	text := "user_id\nann\nbob\nann\nU" + strings.Repeat("A", 32) + "\nU" + strings.Repeat("a", 32) + "\n"
	s, sum, err := ingest(t, audience.Source{Reader: strings.NewReader(text)}, audience.Options{ID: func([]byte) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	rows := s.rows(t, sum)
	if rows[0].User != "ann" || rows[3].User != "U"+strings.Repeat("A", 32) || !slices.Equal(s.duplicates(t, sum), []uint32{2}) {
		t.Errorf("got %v, duplicates %v", rows, s.duplicates(t, sum))
	}
}

func TestIngestRefuses(t *testing.T) {
	a, good := id(1), "user_id,name\n"+id(1)+",Ann\n"
	long := strings.Repeat("x", 70<<10)
	bomb := good + strings.Repeat("\n", 32<<20)
	for _, c := range []struct {
		name, text, column, problem string
		line                        int
		format                      audience.Format
		gzip                        bool
	}{
		{name: "empty", text: "", problem: "is empty"},
		{name: "only a header", text: "user_id,name\n", problem: "no rows"},
		{name: "empty ndjson", text: "\n\n", format: audience.NDJSON, problem: "no rows"},
		{name: "no user_id", text: "id,name\n1,2\n", line: 1, column: "user_id", problem: "is missing"},
		{name: "needed column", text: "user_id,nom\n", line: 1, column: "name", problem: "template needs it"},
		{name: "column twice", text: "user_id,name,name\n", line: 1, column: "name", problem: "twice"},
		{name: "too many columns", text: "user_id" + strings.Repeat(",", 300) + "\n", line: 1, problem: "more than 256"},
		{name: "non-UTF-8", text: good + a + ",\xe9\n", line: 3, problem: "UTF-8"},
		{name: "non-UTF-8 in ndjson", text: `{"user_id":"` + "\xff\"}", format: audience.NDJSON, line: 1, problem: "UTF-8"},
		{name: "UTF-16", text: "\xff\xfeu\x00s\x00", line: 1, problem: "UTF-8"},
		{name: "bad id", text: good + "U123,x\n", line: 3, column: "user_id", problem: "U and 32 hex"},
		{name: "upper case id", text: good + "U" + strings.Repeat("A", 32) + ",x\n", line: 3, column: "user_id", problem: "not a valid id"},
		{name: "empty id", text: good + ",x\n", line: 3, column: "user_id", problem: "missing in this row"},
		{name: "short row", text: good + a + "\n", line: 3, problem: "has 1 fields, the header has 2"},
		{name: "long row", text: good + a + ",x,y\n", line: 3, problem: "has 3 fields"},
		{name: "bare quote", text: good + a + ",x\"y\"\n", line: 3, problem: "quote stands inside"},
		{name: "text after a quote", text: good + a + ",\"x\"y\n", line: 3, problem: "quote stands inside"},
		{name: "open quote", text: good + a + ",\"x\ny\nz", line: 3, problem: "never closed"},
		{name: "lone return", text: good + a + ",x\ry\n", line: 3, problem: "carriage return"},
		{name: "row too long", text: good + a + "," + long + "\n", line: 3, problem: "longer than"},
		{name: "quoted row too long", text: good + a + ",\"" + strings.Repeat("x\n", 40<<10) + "\"\n", line: 3, problem: "longer than"},
		{name: "missing member", text: `{"user_id":"` + a + `","nom":"x"}`, format: audience.NDJSON, line: 1, column: "name", problem: "template needs it"},
		{name: "null member", text: `{"user_id":"` + a + `","name":null}`, format: audience.NDJSON, line: 1, column: "name", problem: "template needs it"},
		{name: "no id", text: `{"name":"x"}`, format: audience.NDJSON, line: 1, column: "user_id", problem: "is missing"},
		{name: "nested", text: "\n" + `{"user_id":"` + a + `","name":{"a":1}}`, format: audience.NDJSON, line: 2, column: "name", problem: "object or array"},
		{name: "unneeded and broken", text: `{"user_id":"` + a + `","name":"x","tags":[1,]}`, format: audience.NDJSON, line: 1, problem: "not a JSON object"},
		{name: "unneeded and open", text: `{"user_id":"` + a + `","name":"x","tags":[1}`, format: audience.NDJSON, line: 1, problem: "not a JSON object"},
		{name: "array", text: `["x"]`, format: audience.NDJSON, line: 1, problem: "not a JSON object"},
		{name: "csv as ndjson", text: good, format: audience.NDJSON, line: 1, problem: "not a JSON object"},
		{name: "bad number", text: `{"user_id":"` + a + `","name":01}`, format: audience.NDJSON, line: 1, column: "name", problem: "not a JSON value"},
		{name: "bad escape", text: `{"user_id":"\x"}`, format: audience.NDJSON, line: 1, problem: "backslash"},
		{name: "lone surrogate", text: `{"user_id":"\ud800x"}`, format: audience.NDJSON, line: 1, problem: "backslash"},
		{name: "member twice", text: `{"user_id":"a","user_id":"b"}`, format: audience.NDJSON, line: 1, column: "user_id", problem: "twice"},
		{name: "open string", text: `{"user_id":"a`, format: audience.NDJSON, line: 1, problem: "not closed"},
		{name: "two objects", text: `{"user_id":"a"}{}`, format: audience.NDJSON, line: 1, problem: "follows the object"},
		{name: "truncated gzip", text: zip(good)[:30], gzip: true, line: 2, problem: "ends too early"},
		{name: "truncated gzip trailer", text: zip(good)[:len(zip(good))-4], gzip: true, line: 3, problem: "ends too early"},
		{name: "no gzip", text: good, gzip: true, problem: "not valid gzip"},
		{name: "empty gzip", text: "", gzip: true, problem: "ends too early"},
		{name: "gzip bomb", text: zip(bomb), gzip: true, problem: "times its size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, sum, err := ingest(t, audience.Source{Reader: strings.NewReader(c.text), Format: c.format, Gzip: c.gzip},
				audience.Options{Needs: []string{"name"}})
			var list *audience.Errors
			var bad *audience.Error
			if !errors.As(err, &list) || !errors.As(err, &bad) {
				t.Fatalf("got %v", err)
			}
			lineOK := bad.Line == c.line || c.name == "gzip bomb" && bad.Line > 4_000_000
			if !lineOK || bad.Column != c.column || !strings.Contains(bad.Problem, c.problem) || sum.Rows != 0 {
				t.Errorf("got %+v, %+v", bad, sum)
			}
			if len(s.parts) > 0 {
				t.Errorf("%d parts were stored", len(s.parts))
			}
		})
	}
}

func TestIngestCollectsBadLines(t *testing.T) {
	var b strings.Builder
	b.WriteString("user_id\n")
	for i := range 100 {
		fmt.Fprintf(&b, "%s\nbad%d\n", id(i), i)
	}
	_, _, err := ingest(t, audience.Source{Reader: strings.NewReader(b.String())}, audience.Options{})
	var list *audience.Errors
	if !errors.As(err, &list) || len(list.List) != 20 || !list.More || list.List[19].Line != 41 {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), "bad1") {
		t.Error("the error quotes a value")
	}
}

func TestIngestLimits(t *testing.T) {
	var b strings.Builder
	b.WriteString("user_id\n")
	for i := range 100 {
		b.WriteString(id(i) + "\n")
	}
	for problem, limits := range map[string]audience.Limits{"more than 99 rows": {Rows: 99}, "larger than 3000 bytes": {Bytes: 3000}} {
		_, _, err := ingest(t, audience.Source{Reader: strings.NewReader(b.String())}, audience.Options{Limits: limits})
		var bad *audience.Error
		if !errors.As(err, &bad) || !strings.Contains(bad.Problem, problem) {
			t.Errorf("%s: %v", problem, err)
		}
	}
}

func TestIngestTellsUploadErrorsApart(t *testing.T) {
	broken := errors.New("connection reset")
	text := zip("user_id\n" + id(1) + "\n")
	for _, gz := range []bool{true, false} {
		r := io.MultiReader(strings.NewReader(text[:len(text)-3]), iotest.ErrReader(broken))
		if !gz {
			r = io.MultiReader(strings.NewReader("user_id\n"+id(1)), iotest.ErrReader(broken))
		}
		_, _, err := ingest(t, audience.Source{Reader: r, Gzip: gz}, audience.Options{})
		var list *audience.Errors
		if !errors.Is(err, broken) || errors.As(err, &list) {
			t.Errorf("gzip %v: %v", gz, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Part(int, []byte) error { return f.err }

func TestIngestReportsSinkAndContext(t *testing.T) {
	full := errors.New("disk full")
	src := func() audience.Source { return audience.Source{Reader: strings.NewReader("user_id\n" + id(1))} }
	if _, err := audience.Ingest(context.Background(), src(), failing{full}, audience.Options{Dir: tempRoot(t)}); !errors.Is(err, full) {
		t.Errorf("sink: %v", err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(full)
	if _, err := audience.Ingest(ctx, src(), &store{}, audience.Options{Dir: tempRoot(t)}); !errors.Is(err, full) {
		t.Errorf("context: %v", err)
	}
}

// TestIngestDuplicates compares with a map, over several parts and spilled partitions.
func TestIngestDuplicates(t *testing.T) {
	const rows = 60000
	var b strings.Builder
	b.WriteString("user_id,name\n")
	seen := map[int]bool{}
	var want []uint32
	for i := range rows {
		n := (i * 7919) % 47777
		if i%3 == 0 {
			n = 5
		}
		if seen[n] {
			want = append(want, uint32(i))
		}
		seen[n] = true
		fmt.Fprintf(&b, "%s,row %d\n", id(n), i)
	}
	s, sum, err := ingest(t, audience.Source{Reader: strings.NewReader(b.String())}, audience.Options{Needs: []string{"name"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.duplicates(t, sum); !slices.Equal(got, want) || sum.Duplicates != len(want) || sum.Rows != rows || sum.Parts < 4 {
		t.Errorf("%d duplicates, want %d; %+v", len(got), len(want), sum)
	}
	for i, row := range s.rows(t, sum) {
		if row.Values[0] != fmt.Sprintf("row %d", i) {
			t.Fatalf("row %d is %v", i, row)
		}
	}
}
