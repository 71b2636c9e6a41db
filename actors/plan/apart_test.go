package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hayauma.example/actors/plan"
)

// modes counts recipients by mode, and tells who is in a multicast.
func (f frozen) modes(t *testing.T) (sends plan.Sends, grouped map[string]bool) {
	t.Helper()
	grouped = map[string]bool{}
	for _, data := range f.data {
		c, err := plan.DecodeChunk(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range c.Recipients {
			if c.Mode == plan.Multicast {
				grouped[r.User] = true
			}
		}
	}
	return f.table.Sends(), grouped
}

// A run of one body keeps its multicast for all who are not apart, however few they are.
func TestOneBodyIsAMulticastForTheRest(t *testing.T) {
	for _, text := range []string{"hello", "hello {{ name | size }}"} {
		for _, c := range []struct{ people, apart, multicast int }{{30, 1, 29}, {30, 25, 5}, {30, 28, 2}, {30, 29, 0}, {30, 30, 0}, {1200, 100, 1100}, {2, 1, 0}} {
			people := make([]person, c.people)
			for i := range people {
				people[i] = person{id(i), "same"}
			}
			apart := map[string]bool{}
			for i := range c.apart {
				apart[id(c.people-1-i)] = true // the first row is not apart …
			}
			if c.people%4 == 2 && c.apart > 0 {
				delete(apart, id(c.people-c.apart))
				apart[id(0)] = true // … or is
			}
			in := ingest(t, people).input(parse(t, text))
			in.Apart = func(user string) bool { return apart[user] }
			distinct := uint32(0)
			in.Watch.Bodies = func(n uint32) { distinct = n }
			sends, grouped := freeze(t, in, plan.Options{MulticastLeast: 10}).modes(t)
			if int(sends.MulticastRecipients) != c.multicast || int(sends.Pushes) != c.people-c.multicast || distinct != 1 {
				t.Errorf("%q, %d of %d apart: %+v, %d bodies", text, c.apart, c.people, sends, distinct)
			}
			for user := range apart {
				if grouped[user] {
					t.Errorf("%s is apart and in a multicast", user)
				}
			}
		}
	}
}

// TestWhoIsApartIsInNoGroup: groups are those of the others.
func TestWhoIsApartIsInNoGroup(t *testing.T) {
	tmpl := parse(t, "{{ name }}")
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 80).Draw(r, "people")
		people, apart, size, bodies := make([]person, n), map[string]bool{}, map[string]int{}, map[string]bool{}
		for i := range people {
			people[i] = person{id(i), rapid.SampledFrom([]string{"a", "b", "c", fmt.Sprint(i)}).Draw(r, "name")}
			if rapid.IntRange(0, 3).Draw(r, "apart") == 0 {
				apart[id(i)] = true
			} else {
				size[people[i].name]++
			}
			bodies[people[i].name] = true
		}
		in := ingest(t, people).input(tmpl)
		in.Apart = func(user string) bool { return apart[user] }
		_, grouped := freeze(t, in, plan.Options{MulticastLeast: 4}).modes(t)
		least := 4
		if len(size) == 1 {
			least = 2
		}
		for _, p := range people {
			if want := !apart[p.user] && size[p.name] >= least; grouped[p.user] != want {
				r.Fatalf("%s %q: in a multicast %v, want %v", p.user, p.name, grouped[p.user], want)
			}
		}
	})
}

// Nobody apart is as if nobody had asked: byte for byte.
func TestNobodyApartChangesNothing(t *testing.T) {
	for _, people := range [][]person{crowd(3, 900), uniform(700), uniform(1)} {
		in := ingest(t, people).input(parse(t, "{{ name }}"))
		before := freeze(t, in, plan.Options{})
		in.Apart = func(string) bool { return false }
		after := freeze(t, in, plan.Options{})
		var a, b strings.Builder
		for i := range before.data {
			a.Write(before.data[i])
		}
		for i := range after.data {
			b.Write(after.data[i])
		}
		if a.String() != b.String() {
			t.Error("other bytes")
		}
	}
}
