package explain_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hayauma.example/actors/audience"
	"hayauma.example/actors/explain"
	"hayauma.example/actors/template"
)

func id(n int) string { return fmt.Sprintf("U%032x", n) }

func parse(t testing.TB, messages string) *template.Template {
	t.Helper()
	tmpl, err := template.Parse(json.RawMessage(messages), template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// temp is a directory in which nothing may be left.
func temp(t *testing.T) *os.Root {
	t.Helper()
	r, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, err := fs.ReadDir(r.FS(), "."); err != nil || len(left) > 0 {
			t.Errorf("temporary files are left: %v, %v", left, err)
		}
		_ = r.Close()
	})
	return r
}

var errLong = errors.New("messages[0].text: has 9 UTF-16 code units, at most 5 are allowed")

func check(body []byte) error {
	if strings.Contains(string(body), "long") {
		return fmt.Errorf("messages[0].text: has %d UTF-16 code units, at most 5 are allowed", len(body))
	}
	return nil
}

func input(t testing.TB, leaf, csv string) explain.Input {
	return explain.Input{
		Audience: audience.Source{Reader: strings.NewReader(csv)}, Template: parse(t, `[{"type":"text","text":"`+leaf+`"}]`), Now: time.Unix(0, 0), Check: check,
	}
}

func run(t testing.TB, in explain.Input, opts explain.Options) explain.Report {
	t.Helper()
	r, err := explain.Read(context.Background(), in, opts)
	if err != nil {
		t.Fatal(err)
	}
	report, err := r.Explain(context.Background())
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return report
}

// row is a line of a made-up audience.
type row struct {
	user, name string
	blank      bool // an empty line comes first
}

// expect is what a report must say of rows, the simple way.
func expect(rows []row, least int) (r explain.Report) {
	seen, size := map[string]bool{}, map[string]int{}
	line := 1
	for _, one := range rows {
		line++
		if one.blank {
			line++
		}
		r.Rows++
		switch {
		case one.user == "bad":
			r.BadRows++
			continue
		case seen[one.user]:
			r.Duplicates++
			continue
		}
		seen[one.user] = true
		r.Recipients++
		if strings.Contains(one.name, "long") {
			r.Sends.Failed++
			if len(r.Failures.Examples) < 20 {
				r.Failures.Examples = append(r.Failures.Examples, explain.Failure{Place: explain.Place{Line: line, User: one.user}})
			}
			continue
		}
		size[one.name]++
	}
	r.Bodies = uint32(len(size))
	for _, n := range size {
		if n >= least || len(size) == 1 && n > 1 {
			r.Sends.Multicasts += uint32((n + 499) / 500)
			r.Sends.MulticastRecipients += uint32(n)
		} else {
			r.Sends.Pushes += uint32(n)
		}
	}
	return r
}

func TestReportMatchesModel(t *testing.T) {
	dir := temp(t)
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) row {
			return row{
				user:  rapid.OneOf(rapid.Map(rapid.IntRange(0, 400), id), rapid.Map(rapid.IntRange(0, 4000), id), rapid.Just("bad")).Draw(t, "user"),
				name:  rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "long", "longer"}), rapid.StringMatching("[c-k]{1,2}")).Draw(t, "name"),
				blank: rapid.IntRange(0, 20).Draw(t, "blank") == 0,
			}
		}), 1, 300).Draw(t, "rows")
		var csv strings.Builder
		csv.WriteString("user_id,name\n")
		for _, r := range rows {
			if r.blank {
				csv.WriteString("\n")
			}
			csv.WriteString(r.user + "," + r.name + "\n")
		}
		tmpl, err := template.Parse(json.RawMessage(`[{"type":"text","text":"{{ name }}"}]`), template.Options{})
		if err != nil {
			t.Fatal(err)
		}
		sample := rapid.IntRange(0, 9).Draw(t, "sample")
		r, err := explain.Read(context.Background(), explain.Input{Audience: audience.Source{Reader: strings.NewReader(csv.String())}, Template: tmpl, Check: check,
			Sample: sample}, explain.Options{Dir: dir, MulticastLeast: 10})
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Explain(context.Background())
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		want := expect(rows, 10)
		if got.Rows != want.Rows || got.BadRows != want.BadRows || got.Duplicates != want.Duplicates || got.Recipients != want.Recipients ||
			got.Sends != want.Sends || got.Bodies != want.Bodies {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
		if got.Failures.Recipients != int(want.Sends.Failed) || !slices.EqualFunc(got.Failures.Examples, want.Failures.Examples,
			func(a, b explain.Failure) bool { return a.Place == b.Place }) {
			t.Fatalf("failures %+v, want %+v", got.Failures, want.Failures)
		}
		good := int(want.Sends.Billed())
		if n := len(got.Sample); n > sample || good > 0 && sample > 0 && n == 0 || want.Sends.Failed == 0 && n != min(sample, good) {
			t.Fatalf("%d of %d samples of %d good ones", n, sample, good)
		}
		if !slices.IsSortedFunc(got.Sample, func(a, b explain.Message) int { return a.Line - b.Line }) {
			t.Fatalf("sample %+v", got.Sample)
		}
		if wantShapes := min(1, good); got.Shapes.Distinct != wantShapes || good > 0 && got.Shapes.First[0].Recipients != good {
			t.Fatalf("shapes %+v", got.Shapes)
		}
	})
}

func TestBadRowsAreToldAsASubmissionTellsThem(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("user_id,name\n")
	for i := range 30 {
		fmt.Fprintf(&csv, "nobody%d,x\n", i)
	}
	r := run(t, input(t, "{{ name }}", csv.String()+id(1)+",ok\n"), explain.Options{Dir: temp(t)})
	if len(r.Bad) != 20 || !r.BadMore || r.Bad[19].Line != 21 || r.BadRows != 30 || r.Sends.Pushes != 1 || len(r.Missing) != 0 {
		t.Errorf("%+v", r)
	}
}

// A column that is not in the header is told once, and every row lacks it.
func TestMissingVariables(t *testing.T) {
	r := run(t, input(t, "{{ name }} {{ coupon }} {{ x | default: 1 }}", "user_id,name\n"+id(1)+",a\nnobody,b\n"+id(3)+",c\n"), explain.Options{Dir: temp(t)})
	if len(r.Bad) != 2 || r.Bad[0].Line != 1 || r.Bad[0].Column != "coupon" || r.Bad[1].Line != 3 || r.Bad[1].Column != "user_id" {
		t.Errorf("bad lines %v", r.Bad)
	}
	if len(r.Missing) != 1 || r.Missing[0].Name != "coupon" || r.Missing[0].Rows != 3 || !slices.Equal(r.Missing[0].Lines, []int{2, 3, 4}) || r.Recipients != 0 {
		t.Errorf("%+v", r)
	}

	var lines strings.Builder
	for i := range 50 {
		fmt.Fprintf(&lines, `{"user_id":%q%s}`+"\n", id(i), []string{`,"name":"n","coupon":"c"`, `,"name":"n"`}[i%2])
	}
	in := input(t, "{{ name }} {{ coupon }}", lines.String())
	in.Audience.Format = audience.NDJSON
	r = run(t, in, explain.Options{Dir: temp(t)})
	if len(r.Missing) != 1 || r.Missing[0].Rows != 25 || len(r.Missing[0].Lines) != 20 || r.Missing[0].Lines[19] != 40 || r.Recipients != 25 {
		t.Errorf("%+v", r)
	}
}

func TestReasonsAreCountedWithoutLengths(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("user_id,name\n")
	for i := range 40 {
		fmt.Fprintf(&csv, "%s,long%s\n", id(i), strings.Repeat("x", i))
	}
	r := run(t, input(t, "{{ name }}", csv.String()), explain.Options{Dir: temp(t)})
	f := r.Failures
	if f.Recipients != 40 || len(f.Examples) != 20 || len(f.Reasons) != 1 || f.Reasons[0].Recipients != 40 || f.Others != 0 ||
		f.Reasons[0].Text != strings.Replace(errLong.Error(), "has 9", "has N", 1) || !strings.Contains(f.Examples[3].Reason, "has ") || f.Examples[3].Line != 5 {
		t.Errorf("%+v", f)
	}
}

func TestReasonsAreBounded(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("user_id,name\n")
	for i := range 70 {
		fmt.Fprintf(&csv, "%s,%d\n", id(i), min(i, 60))
	}
	in := input(t, "{{ name }}", csv.String())
	in.Check = func(body []byte) error { return errors.New(string(body)) }
	f := run(t, in, explain.Options{Dir: temp(t)}).Failures
	if f.Recipients != 70 || len(f.Reasons) != 50 || f.Others != 20 {
		t.Errorf("%d reasons, %d others of %d", len(f.Reasons), f.Others, f.Recipients)
	}
}

func TestShapes(t *testing.T) {
	tmpl := parse(t, `[{"type":"{{ kind }}","text":"{{ text }}","n":[1,"a",{"b":"\"{{ text }}"}]}]`)
	csv := "user_id,kind,text\n" +
		id(1) + ",text,hello\n" + id(2) + ",text,\"other \"\"text\\\"\n" + // one
		id(3) + ",textV2,hello\n" + // another type
		id(4) + ",text,\n" + id(5) + ",text,\n" + // empty
		id(6) + ",text,https://a\n" + id(7) + ",text,http://a\n" + id(8) + ",text,tel:110\n" + // schemes
		id(9) + ",text,hello again\n"
	r := run(t, explain.Input{Audience: audience.Source{Reader: strings.NewReader(csv)}, Template: tmpl}, explain.Options{Dir: temp(t)})
	var got []string
	for _, s := range r.Shapes.First {
		got = append(got, fmt.Sprintf("%d:%d", s.Line, s.Recipients))
	}
	if want := []string{"2:3", "4:1", "5:2", "7:1", "8:1", "9:1"}; !slices.Equal(got, want) || r.Shapes.Distinct != len(want) || r.Shapes.More {
		t.Errorf("%d shapes, %v, want %v", r.Shapes.Distinct, got, want)
	}
}

// However many shapes there are, and however large their bodies, few bodies are kept.
func TestShapesAreBounded(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("user_id,kind,text\n")
	for i := range 60 {
		fmt.Fprintf(&csv, "%s,k%d,x\n", id(i), i)
	}
	tmpl := parse(t, `[{"type":"{{ kind }}","text":"{{ text }}"}]`)
	r := run(t, explain.Input{Audience: audience.Source{Reader: strings.NewReader(csv.String())}, Template: tmpl}, explain.Options{Dir: temp(t)})
	if r.Shapes.Distinct != 60 || len(r.Shapes.First) != 50 {
		t.Errorf("%d shapes, %d bodies", r.Shapes.Distinct, len(r.Shapes.First))
	}
	csv.Reset()
	csv.WriteString("user_id,kind,text\n")
	for i := range 90 {
		fmt.Fprintf(&csv, "%s,k%d,%s\n", id(i), i%45, strings.Repeat("x", 60_000))
	}
	tmpl = parse(t, `[{"type":"{{ kind }}","text":"{{ text }}{{ text }}{{ text }}"}]`)
	r = run(t, explain.Input{Audience: audience.Source{Reader: strings.NewReader(csv.String())}, Template: tmpl, Sample: 90}, explain.Options{Dir: temp(t)})
	if n := 4 << 20 / 180_000; r.Shapes.Distinct != 45 || len(r.Shapes.First) != n || len(r.Sample) != n || len(r.Sample)+r.LeftOut != 90 {
		t.Errorf("%d shapes, %d bodies, %d samples, %d left out", r.Shapes.Distinct, len(r.Shapes.First), len(r.Sample), r.LeftOut)
	}
}

func TestSampleIsEvenlySpread(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("user_id,name\n")
	for i := range 100 {
		name := "n"
		if i == 20 || i == 21 {
			name = "long"
		}
		fmt.Fprintf(&csv, "%s,%s%d\n", id(i), name, i)
	}
	for range 2 {
		in := input(t, "{{ name }}", csv.String())
		in.Sample = 5
		var lines []int
		for _, m := range run(t, in, explain.Options{Dir: temp(t)}).Sample {
			lines = append(lines, m.Line)
			if want := fmt.Sprintf(`[{"type":"text","text":"n%d"}]`, m.Line-2); string(m.Body) != want || m.User != id(m.Line-2) {
				t.Errorf("line %d: %s of %s", m.Line, m.Body, m.User)
			}
		}
		if !slices.Equal(lines, []int{2, 24, 42, 62, 82}) {
			t.Errorf("lines %v", lines)
		}
	}
}

// Nothing stays on disk, whatever ends it.
func TestNothingIsLeft(t *testing.T) {
	full := errors.New("the disk is full")
	var csv strings.Builder
	csv.WriteString("user_id,name\n")
	for i := range 20_000 {
		fmt.Fprintf(&csv, "%s,%050d\n", id(i), i)
	}
	for name, room := range map[string]func(uint64) error{
		"at the first part": func(uint64) error { return full },
		"for the plan": func(bytes uint64) error {
			if bytes == 20_000*40 {
				return full
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := explain.Read(t.Context(), input(t, "{{ name }}", csv.String()), explain.Options{Dir: temp(t), Room: room})
			if err == nil {
				_, err = r.Explain(t.Context())
				r.Close()
			}
			if !errors.Is(err, full) {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := explain.Read(ctx, input(t, "{{ name }}", csv.String()), explain.Options{Dir: temp(t)})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := r.Explain(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("broken", func(t *testing.T) {
		in := input(t, "{{ name }}", csv.String()+"\x00")
		in.Audience.Gzip = true
		var bad *audience.Errors
		if _, err := explain.Read(t.Context(), in, explain.Options{Dir: temp(t)}); !errors.As(err, &bad) {
			t.Errorf("error %v", err)
		}
	})
}
