package plan_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"hayauma.example/actors/audience"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/template"
)

var due = time.Date(2026, 3, 9, 18, 30, 0, 0, time.FixedZone("JST", 9*3600))

// stored is an audience in memory.
type stored struct {
	parts [][]byte
	sum   audience.Summary
}

func (s *stored) Part(_ int, data []byte) error {
	s.parts = append(s.parts, bytes.Clone(data))
	return nil
}

func (s *stored) input(t *template.Template) plan.Input {
	return plan.Input{
		Parts: s.sum.Parts, DuplicateParts: s.sum.DuplicateParts, Template: t, Now: due,
		Part: func(n int) ([]byte, error) { return s.parts[n], nil },
	}
}

func tempRoot(t testing.TB) *os.Root {
	t.Helper()
	r, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, _ := fs.ReadDir(r.FS(), "."); len(left) > 0 {
			t.Errorf("temporary files are left: %v", left)
		}
		_ = r.Close()
	})
	return r
}

func parse(t testing.TB, leaf string) *template.Template {
	t.Helper()
	source, _ := json.Marshal([]map[string]string{{"type": "text", "text": leaf}})
	tmpl, err := template.Parse(source, template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

type person struct{ user, name string }

func ingest(t testing.TB, people []person) *stored {
	t.Helper()
	var b strings.Builder
	b.WriteString("user_id,name\n")
	for _, p := range people {
		b.WriteString(p.user + "," + p.name + "\n")
	}
	s := &stored{}
	sum, err := audience.Ingest(context.Background(), audience.Source{Reader: strings.NewReader(b.String())}, s,
		audience.Options{Dir: tempRoot(t), Needs: []string{"name"}, ID: func([]byte) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	s.sum = sum
	return s
}

func id(n int) string { return fmt.Sprintf("U%032x", n) }

type frozen struct {
	table plan.Table
	data  [][]byte
}

func freeze(t testing.TB, in plan.Input, opts plan.Options) frozen {
	t.Helper()
	opts.Dir = tempRoot(t)
	var f frozen
	table, err := plan.Freeze(context.Background(), in, opts, func(n int, e plan.Entry, data []byte) error {
		if n != len(f.data) {
			t.Fatalf("chunk %d after %d", n, len(f.data))
		}
		f.data = append(f.data, bytes.Clone(data))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f.table = table
	return f
}

var errCheck = errors.New("refused by the check")

func check(messages []byte) error {
	if bytes.Contains(messages, []byte("refuse me")) {
		return errCheck
	}
	return nil
}

// crowd has duplicates, groups of all sizes, single bodies and rows that fail in both ways.
func crowd(seed uint64, n int) []person {
	rng := rand.New(rand.NewPCG(seed, 1))
	people := make([]person, n)
	for i := range people {
		p := person{user: id(rng.IntN(n * 4)), name: fmt.Sprintf("single %d", i)}
		switch rng.IntN(8) {
		case 0:
			p.name = "everyone"
		case 1, 2:
			p.name = fmt.Sprintf("group %d", rng.IntN(n/4+1))
		case 3:
			p.name = "refuse me"
		case 4:
			p.user = fmt.Sprintf("someone-%d", rng.IntN(n))
		}
		people[i] = p
	}
	return people
}

// expected is the plan of a crowd, made the simple way: each recipient as mode, user, name.
func expected(people []person) (out []string, chunks int) {
	seen, size, order := map[string]bool{}, map[string]int{}, []string{}
	var rows []person
	for _, p := range people {
		if !seen[p.user] {
			seen[p.user] = true
			rows = append(rows, p)
			if size[p.name]++; size[p.name] == 1 {
				order = append(order, p.name)
			}
		}
	}
	refused := func(p person) bool { return p.name == "refuse me" }
	take := func(mode plan.Mode, belongs func(person) bool) {
		before := len(out)
		for _, p := range rows {
			if belongs(p) {
				out = append(out, fmt.Sprint(mode, p.user, p.name))
			}
		}
		chunks += (len(out) - before + 499) / 500
	}
	take(plan.Push, func(p person) bool { return !refused(p) && size[p.name] == 1 })
	for _, name := range order {
		take(plan.Multicast, func(p person) bool { return !refused(p) && p.name == name && size[name] > 1 })
	}
	take(plan.Failed, refused)
	return out, chunks
}

// read decodes a plan the same way, checking every chunk against the table and every hash against a new rendering.
func (f frozen) read(t *testing.T, tmpl *template.Template) (out []string) {
	t.Helper()
	next := uint32(0)
	for n, data := range f.data {
		c, err := plan.DecodeChunk(data)
		if err != nil {
			t.Fatal(err)
		}
		if c.Entry != f.table.Chunks[n] || c.First != next || int(c.Count) != len(c.Recipients) || c.Count > 500 || len(data) > 256<<10 {
			t.Fatalf("chunk %d: %+v, %d bytes, table has %+v", n, c.Entry, len(data), f.table.Chunks[n])
		}
		next += c.Count
		for _, r := range c.Recipients {
			values, hash := c.Values, c.Hash
			if c.Mode == plan.Push {
				values, hash = r.Values, r.Hash
			}
			name := "refuse me"
			if c.Mode == plan.Failed && r.Reason != errCheck.Error() {
				t.Fatalf("reason %q", r.Reason)
			}
			if c.Mode != plan.Failed {
				body, err := tmpl.Render(nil, template.Vars{Columns: c.Columns, Values: values}, due)
				if err != nil || plan.Sum(body) != hash {
					t.Fatalf("chunk %d: the hash is not that of %s, %v", n, body, err)
				}
				name = strings.Join(values, "")
			}
			out = append(out, fmt.Sprint(c.Mode, r.User, name))
		}
	}
	if next != f.table.Recipients || len(f.data) != len(f.table.Chunks) {
		t.Fatalf("%d recipients in %d chunks, the table has %d in %d", next, len(f.data), f.table.Recipients, len(f.table.Chunks))
	}
	return out
}

// TestFreezeMatchesModel freezes crowds under many memory layouts: all give the model's plan, byte for byte the same.
func TestFreezeMatchesModel(t *testing.T) {
	tmpl := parse(t, "{{ name }}")
	for seed, n := range []int{1, 2, 3, 10, 300, 6000} {
		people := crowd(uint64(seed), n)
		want, chunks := expected(people)
		in := ingest(t, people).input(tmpl)
		in.Check = check
		var before frozen
		for i, opts := range []plan.Options{{}, {Partitions: 1}, {Partitions: 7, PartitionBytes: 64, SorterBytes: 1}, {Partitions: 200}} {
			f := freeze(t, in, opts)
			if got := f.read(t, tmpl); !slices.Equal(got, want) {
				t.Fatalf("%d rows, layout %d: %d recipients, want %d\ngot  %.300q\nwant %.300q", n, i, len(got), len(want), got, want)
			}
			if len(f.data) != chunks {
				t.Errorf("%d rows: %d chunks, want %d", n, len(f.data), chunks)
			}
			if i > 0 && !slices.EqualFunc(before.data, f.data, bytes.Equal) {
				t.Errorf("%d rows: layout %d gives other bytes", n, i)
			}
			before = f
		}
	}
}

// TestFreezeIsWatched: what is told of rows adds up to the plan.
func TestFreezeIsWatched(t *testing.T) {
	tmpl := parse(t, "{{ name }}")
	for seed, people := range [][]person{crowd(0, 1), crowd(1, 7), crowd(2, 900), uniform(1), uniform(30), {{id(1), "refuse me"}}} {
		stored := ingest(t, people)
		in := stored.input(tmpl)
		in.Check = check
		var numbers []uint32
		bodies, failed, distinct := map[string]bool{}, uint32(0), -1
		in.Watch = plan.Watch{
			Row: func(r plan.Rendered) error {
				numbers = append(numbers, r.Number)
				switch {
				case r.User != people[r.Number].user:
					t.Errorf("crowd %d: row %d is %s", seed, r.Number, r.User)
				case r.Reason != "":
					failed++
				case r.Hash != plan.Sum(r.Body):
					t.Errorf("crowd %d: row %d has the body %s", seed, r.Number, r.Body)
				default:
					bodies[string(r.Body)] = true
				}
				return nil
			},
			Bodies: func(n uint32) { distinct = int(n) },
		}
		sends := freeze(t, in, plan.Options{MulticastLeast: 3}).table.Sends()
		if !slices.IsSorted(numbers) || len(numbers) != stored.sum.Rows-stored.sum.Duplicates || distinct != len(bodies) {
			t.Errorf("crowd %d: %d rows and %d bodies are told, there are %d bodies", seed, len(numbers), distinct, len(bodies))
		}
		if sends.Failed != failed || sends.Billed()+failed != uint32(len(numbers)) {
			t.Errorf("crowd %d: %+v", seed, sends)
		}
	}
	broken := errors.New("enough")
	in := ingest(t, uniform(3)).input(tmpl)
	in.Watch.Row = func(plan.Rendered) error { return broken }
	if _, err := plan.Freeze(t.Context(), in, plan.Options{Dir: tempRoot(t)}, nil); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func uniform(n int) []person {
	people := make([]person, n)
	for i := range people {
		people[i] = person{id(i), "same"}
	}
	return people
}

func TestFreezeUniform(t *testing.T) {
	people := uniform(1201)
	people[1200] = people[7] // a duplicate
	for _, leaf := range []string{"Hello", "Hello {{ name }}"} {
		tmpl := parse(t, leaf)
		calls := 0
		in := ingest(t, people).input(tmpl)
		in.Check = func([]byte) error { calls++; return nil }
		f := freeze(t, in, plan.Options{})
		f.read(t, tmpl)
		want := []plan.Entry{{0, 500, plan.Multicast}, {500, 500, plan.Multicast}, {1000, 200, plan.Multicast}}
		if !slices.Equal(f.table.Chunks, want) || calls != 1 {
			t.Errorf("%s: %v, %d checks", leaf, f.table.Chunks, calls)
		}
	}
}

func TestFreezeSingleRecipientIsPushed(t *testing.T) {
	tmpl := parse(t, "Hello")
	f := freeze(t, ingest(t, uniform(1)).input(tmpl), plan.Options{})
	f.read(t, tmpl)
	if !slices.Equal(f.table.Chunks, []plan.Entry{{0, 1, plan.Push}}) {
		t.Errorf("got %v", f.table.Chunks)
	}
}

func TestFreezeMulticastLeast(t *testing.T) {
	tmpl := parse(t, "{{ name }}")
	people := append(uniform(9), person{id(100), "b"}, person{id(101), "b"})
	f := freeze(t, ingest(t, people).input(tmpl), plan.Options{MulticastLeast: 3})
	f.read(t, tmpl)
	if !slices.Equal(f.table.Chunks, []plan.Entry{{0, 2, plan.Push}, {2, 9, plan.Multicast}}) {
		t.Errorf("got %v", f.table.Chunks)
	}
}

func TestFreezeAllFail(t *testing.T) {
	tmpl := parse(t, "refuse me")
	in := ingest(t, uniform(501)).input(tmpl)
	in.Check = check
	f := freeze(t, in, plan.Options{})
	f.read(t, tmpl)
	if !slices.Equal(f.table.Chunks, []plan.Entry{{0, 500, plan.Failed}, {500, 1, plan.Failed}}) {
		t.Errorf("got %v", f.table.Chunks)
	}
}

func TestFreezeRenderFailureIsARecipient(t *testing.T) {
	tmpl := parse(t, `{{ name | date: "%Y" }}`)
	people := []person{{id(1), "2026-01-01"}, {id(2), "secret"}, {id(3), "2027-01-01"}}
	f := freeze(t, ingest(t, people).input(tmpl), plan.Options{})
	if !slices.Equal(f.table.Chunks, []plan.Entry{{0, 2, plan.Push}, {2, 1, plan.Failed}}) {
		t.Fatalf("got %v", f.table.Chunks)
	}
	c, err := plan.DecodeChunk(f.data[1])
	if err != nil || c.Recipients[0].User != id(2) || !strings.Contains(c.Recipients[0].Reason, "date") || strings.Contains(c.Recipients[0].Reason, "secret") {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestFreezeKeepsChunksSmall(t *testing.T) {
	tmpl := parse(t, "{{ name }}")
	var people []person
	for i := range 20 {
		people = append(people, person{id(i), fmt.Sprint(i) + strings.Repeat("x", 40_000)})
	}
	f := freeze(t, ingest(t, people).input(tmpl), plan.Options{})
	if f.read(t, tmpl); len(f.data) != 4 {
		t.Errorf("%d chunks", len(f.data))
	}
}

func TestFreezeReportsErrors(t *testing.T) {
	broken := errors.New("object is gone")
	tmpl := parse(t, "{{ name }}")
	good := ingest(t, crowd(1, 50)).input(tmpl)
	emit := func(int, plan.Entry, []byte) error { return nil }
	for name, c := range map[string]struct {
		change func(*plan.Input)
		emit   plan.Emit
		want   error
	}{
		"part":      {func(in *plan.Input) { in.Part = func(int) ([]byte, error) { return nil, broken } }, emit, broken},
		"damage":    {func(in *plan.Input) { in.Part = func(int) ([]byte, error) { return []byte("x"), nil } }, emit, audience.ErrDamaged},
		"emit":      {func(*plan.Input) {}, func(int, plan.Entry, []byte) error { return broken }, broken},
		"variables": {func(in *plan.Input) { in.Template = parse(t, "{{ other }}") }, emit, nil},
	} {
		in := good
		c.change(&in)
		_, err := plan.Freeze(context.Background(), in, plan.Options{Dir: tempRoot(t)}, c.emit)
		var missing *template.MissingError
		if c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.As(err, &missing) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(broken)
	if _, err := plan.Freeze(ctx, good, plan.Options{Dir: tempRoot(t)}, emit); !errors.Is(err, broken) {
		t.Errorf("context: %v", err)
	}
}
