package plan_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hayauma.example/actors/plan"
	"hayauma.example/actors/template"
)

// planned is one recipient of a plan: in which lot, how, and with which body.
type planned struct {
	lot  plan.Lot
	mode plan.Mode
	user string
	body string
}

// divided is a run with lots, and what its plan should be.
type divided struct {
	people    []person
	templates []*template.Template
	lot       func(user, name string) plan.Lot
	apart     func(user string) bool // nil: nobody
	least     int
}

// naive plans it with maps and sorting alone. Multicasts of a lot are in the order of their first rows.
func (d divided) naive(t *rapid.T) (out []planned) {
	seen := map[string]bool{}
	lots := map[plan.Lot][]planned{}
	for _, p := range d.people {
		if seen[p.user] {
			continue
		}
		seen[p.user] = true
		lot := d.lot(p.user, p.name)
		tmpl := d.templates[lot.Variant]
		body, err := tmpl.Render(nil, template.Vars{Columns: []string{"name"}, Values: []string{p.name}}, lot.Now(due))
		if err != nil {
			t.Fatal(err)
		}
		one := planned{lot: lot, mode: plan.Push, user: p.user, body: string(body)}
		if check(body) != nil {
			one.mode, one.body = plan.Failed, ""
		}
		lots[lot] = append(lots[lot], one)
	}
	var order []plan.Lot
	for lot := range lots {
		order = append(order, lot)
	}
	slices.SortFunc(order, func(a, b plan.Lot) int {
		return cmp.Or(cmp.Compare(a.Delay, b.Delay), cmp.Compare(a.Variant, b.Variant), cmp.Compare(a.Offset, b.Offset),
			strings.Compare(fmt.Sprint(a.Local), fmt.Sprint(b.Local)))
	})
	for _, lot := range order {
		out = append(out, d.naiveLot(lots[lot])...)
	}
	return out
}

func (d divided) naiveLot(rows []planned) (out []planned) {
	apart := func(user string) bool { return d.apart != nil && d.apart(user) }
	size, all, first := map[string]int{}, map[string]bool{}, map[string]int{}
	for i, r := range rows {
		if r.mode == plan.Failed {
			continue
		}
		all[r.body] = true
		if apart(r.user) {
			continue
		}
		if size[r.body]++; size[r.body] == 1 {
			first[r.body] = i
		}
	}
	least := d.least
	if len(size) == 1 { // of those who are in groups
		least = 2
	}
	for i := range rows {
		if r := &rows[i]; r.mode == plan.Push && !apart(r.user) && size[r.body] >= least {
			r.mode = plan.Multicast
		}
	}
	for _, mode := range []plan.Mode{plan.Push, plan.Multicast, plan.Failed} {
		var some []planned
		for _, r := range rows {
			if r.mode == mode {
				some = append(some, r)
			}
		}
		if mode == plan.Multicast {
			slices.SortStableFunc(some, func(a, b planned) int { return cmp.Compare(first[a.body], first[b.body]) })
		}
		out = append(out, some...)
	}
	return out
}

// recipients reads a plan from its table and chunks alone, as a composer does.
func (f frozen) recipients(t *rapid.T, templates []*template.Template) (out []planned) {
	next := uint32(0)
	for n, data := range f.data {
		c, err := plan.DecodeChunk(data)
		if err != nil {
			t.Fatal(err)
		}
		lot, number := plan.LotOf(f.table, c.First)
		if c.Entry != f.table.Chunks[n] || c.First != next || c.Lot != lot || len(data) > 256<<10 || c.Count > 500 {
			t.Fatalf("chunk %d: %+v of %+v, the table has %+v of %+v", n, c.Entry, c.Lot, f.table.Chunks[n], lot)
		}
		if _, last := plan.LotOf(f.table, c.First+c.Count-1); last != number {
			t.Fatalf("chunk %d is of two lots", n)
		}
		next += c.Count
		var bound *template.Bound
		if c.Mode != plan.Failed {
			if bound, err = templates[c.Variant].Bind(c.Columns, c.Now(due)); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range c.Recipients {
			one := planned{lot: c.Lot, mode: c.Mode, user: r.User}
			values, hash := c.Values, c.Hash
			if c.Mode == plan.Push {
				values, hash = r.Values, r.Hash
			}
			if c.Mode != plan.Failed {
				body, err := bound.Render(nil, values)
				if err != nil || plan.Sum(body) != hash {
					t.Fatalf("chunk %d: %s, %v: that is not what was hashed", n, body, err)
				}
				one.body = string(body)
			}
			out = append(out, one)
		}
	}
	if next != f.table.Recipients {
		t.Fatalf("%d recipients, the table has %d", next, f.table.Recipients)
	}
	return out
}

// number is what a made-up user is made of.
func number(user string) int {
	n, _ := strconv.ParseInt(strings.TrimPrefix(user, "U"), 16, 64)
	return int(n)
}

// TestLotsMatchANaivePlan: any audience, divided in any way, with anybody apart, under any memory layout.
func TestLotsMatchANaivePlan(t *testing.T) {
	templates := []*template.Template{
		parse(t, "{{ name }}"), parse(t, "Hello"), parse(t, "{{ name }} at {{ now | date: '%H:%M' }}"), parse(t, "Good day, {{ name | upcase }}"),
	}
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		d := divided{templates: templates, least: rapid.IntRange(2, 12).Draw(t, "least")}
		for range rapid.IntRange(1, 400).Draw(t, "rows") {
			d.people = append(d.people, person{
				user: id(rapid.IntRange(0, 500).Draw(t, "user")),
				name: rapid.SampledFrom([]string{"a", "b", "c", "refuse me", "d e f", "g"}).Draw(t, "name"),
			})
		}
		variants, times := rapid.IntRange(1, len(templates)).Draw(t, "variants"), rapid.IntRange(1, 6).Draw(t, "times")
		seed := rapid.IntRange(1, 1000).Draw(t, "seed")
		d.lot = func(user, name string) plan.Lot {
			n := number(user)*seed + len(name)
			lot := plan.Lot{Variant: uint8(n % variants), Local: times > 1}
			if lot.Local {
				lot.Delay, lot.Offset = time.Duration(n/7%times)*90*time.Minute, int32(50400-n/7%times*5400)
			}
			return lot
		}
		if one := rapid.IntRange(0, 3).Draw(t, "apart"); one > 0 {
			d.apart = func(user string) bool { return number(user)%(one+1) == 0 }
		}
		in := ingest(outer, d.people).input(nil)
		in.Template, in.Templates, in.Check, in.Apart = nil, templates, check, d.apart
		in.LotColumns = []string{"name"}
		in.Lot = func(user string, values []string) plan.Lot { return d.lot(user, values[0]) }
		var told []string
		in.Watch.Row = func(r plan.Rendered) error {
			told = append(told, r.User)
			return nil
		}
		opts := rapid.SampledFrom([]plan.Options{{}, {Partitions: 1, ChunkRecipients: 7}, {Partitions: 5, PartitionBytes: 64, SorterBytes: 1}}).Draw(t, "layout")
		opts.MulticastLeast = d.least
		f := freeze(outer, in, opts)
		got, want := f.recipients(t, templates), d.naive(t)
		if !slices.Equal(got, want) {
			t.Fatalf("got  %d %.2000v\nwant %d %.2000v", len(got), got, len(want), want)
		}
		var order []string
		for _, p := range d.people {
			if !slices.Contains(order, p.user) {
				order = append(order, p.user)
			}
		}
		if !slices.Equal(told, order) {
			t.Fatalf("rows are told in another order than that of the audience")
		}
		again, err := plan.DecodeTable(plan.AppendTable(nil, f.table))
		if err != nil || !reflect.DeepEqual(again, f.table) {
			t.Fatalf("%+v is read as %+v, %v", f.table, again, err)
		}
		for i, l := range f.table.Lots {
			if ready := f.table.Ready(l.Delay - 1); ready > l.First {
				t.Fatalf("%d are ready before lot %d begins at %d", ready, i, l.First)
			}
			if ready := f.table.Ready(l.Delay); ready <= l.First {
				t.Fatalf("%d are ready when lot %d is, which begins at %d", ready, i, l.First)
			}
		}
		if f.table.Ready(-1) != 0 || f.table.Ready(f.table.LastDelay()) != f.table.Recipients {
			t.Fatal("nobody is ready before the run is due, and all are after the last delay")
		}
	})
}

// A message for everybody stays one multicast for all but those who are apart, however few they are.
func TestApart(t *testing.T) {
	for _, leaf := range []string{"Hello", "Hello {{ name }}"} {
		tmpl := parse(t, leaf)
		in := ingest(t, uniform(7)).input(tmpl)
		in.Apart = func(user string) bool { return user == id(0) || user == id(3) || user == id(4) }
		distinct := uint32(0)
		in.Watch.Bodies = func(n uint32) { distinct = n }
		f := freeze(t, in, plan.Options{MulticastLeast: 10})
		f.read(t, tmpl)
		if want := []plan.Entry{{0, 3, plan.Push}, {3, 4, plan.Multicast}}; !slices.Equal(f.table.Chunks, want) || distinct != 1 || len(f.table.Lots) > 0 {
			t.Errorf("%s: %+v, %d bodies", leaf, f.table, distinct)
		}
	}
	tmpl := parse(t, "{{ name }}") // they don't count for groups
	in := ingest(t, append(uniform(10), person{id(100), "b"})).input(tmpl)
	in.Apart = func(user string) bool { return user == id(5) }
	f := freeze(t, in, plan.Options{MulticastLeast: 10})
	if f.read(t, tmpl); !slices.Equal(f.table.Chunks, []plan.Entry{{0, 11, plan.Push}}) {
		t.Errorf("nine others make no group of ten: %v", f.table.Chunks)
	}
	in.Apart = func(user string) bool { return true }
	f = freeze(t, in, plan.Options{})
	if f.read(t, tmpl); !slices.Equal(f.table.Chunks, []plan.Entry{{0, 11, plan.Push}}) {
		t.Errorf("all are apart: %v", f.table.Chunks)
	}
}

// TestGoldenLots holds the stored form of version 2.
func TestGoldenLots(t *testing.T) {
	people := []person{{id(1), "a"}, {"bob", "b"}, {id(2), "a"}, {id(3), "refuse me"}}
	in := ingest(t, people).input(nil)
	in.Template, in.Templates = nil, []*template.Template{parse(t, "Hi"), parse(t, "{{ name }}")}
	in.Check = check
	in.Lot = func(user string, _ []string) plan.Lot {
		if user == "bob" {
			return plan.Lot{Local: true, Delay: 19 * time.Hour, Offset: -5 * 3600}
		}
		return plan.Lot{Variant: 1, Local: true, Delay: 5 * time.Hour, Offset: 9 * 3600}
	}
	f := freeze(t, in, plan.Options{})
	got := []string{hex.EncodeToString(plan.AppendTable(nil, f.table))}
	for _, data := range f.data {
		got = append(got, hex.EncodeToString(data))
	}
	hash := func(body string) string {
		h := plan.Sum([]byte(body))
		return hex.EncodeToString(h[:])
	}
	one, two := "0101"+"ac02"+"a0fa03", "0001"+"f408"+"9f9902"
	want := []string{
		"540203" + "14" + "0e" + "0a" + "02" + "00" + one + "03" + two,
		"430202" + "0002" + one + "01046e616d65" + hash(`[{"text":"a","type":"text"}]`) + "0161" +
			"0000000000000000000000000000000001" + "0000000000000000000000000000000002",
		"430203" + "0201" + one + "0000000000000000000000000000000003" + "14" + hex.EncodeToString([]byte(errCheck.Error())),
		"430201" + "0301" + two + "00" + "03626f62" + hash(`[{"text":"Hi","type":"text"}]`),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestLotsRefuse(t *testing.T) {
	in := ingest(t, crowd(1, 1500)).input(parse(t, "{{ name }}"))
	emit := func(int, plan.Entry, []byte) error { return nil }
	rows := 0
	for name, lot := range map[string]func(string, []string) plan.Lot{
		"variant":  func(string, []string) plan.Lot { return plan.Lot{Variant: 1} },
		"negative": func(string, []string) plan.Lot { return plan.Lot{Delay: -time.Minute} },
		"seconds":  func(string, []string) plan.Lot { return plan.Lot{Delay: time.Second} },
		"clock":    func(string, []string) plan.Lot { return plan.Lot{Offset: 100_000} },
		"too many": func(string, []string) plan.Lot { rows++; return plan.Lot{Delay: time.Duration(rows) * time.Minute} },
	} {
		in.Lot = lot
		if _, err := plan.Freeze(t.Context(), in, plan.Options{Dir: tempRoot(t)}, emit); !errors.Is(err, plan.ErrLots) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if rows != plan.MaxLots+1 {
		t.Errorf("%d rows were read", rows)
	}
}

// TestOneLotIsPlannedAsWithout: but for the lot itself.
func TestOneLotIsPlannedAsWithout(t *testing.T) {
	tmpl := parse(t, "{{ name }}")
	for seed, n := range []int{1, 2, 30, 3000} {
		in := ingest(t, crowd(uint64(seed), n)).input(tmpl)
		in.Check = check
		without := freeze(t, in, plan.Options{})
		in.Lot = func(string, []string) plan.Lot { return plan.Lot{} }
		with := freeze(t, in, plan.Options{})
		if !slices.Equal(with.table.Chunks, without.table.Chunks) || len(with.table.Lots) != 1 {
			t.Errorf("%d rows: %v, without lots %v", n, with.table, without.table)
		}
		for i, data := range with.data {
			plain, err := plan.DecodeChunk(without.data[i])
			got, wrong := plan.DecodeChunk(data)
			if err != nil || wrong != nil || !reflect.DeepEqual(got, plain) || bytes.Equal(data, without.data[i]) {
				t.Fatalf("%d rows, chunk %d: %v %v\n%+v\n%+v", n, i, err, wrong, got, plain)
			}
		}
	}
}
