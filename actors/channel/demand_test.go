package channel

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hayauma.example/actors"
)

func want(run string, window uint32, bytes int) actors.WantDemand {
	return actors.WantDemand{Composer: actors.ComposerID(run, window), Run: run, Window: window, Bytes: bytes}
}

func all(string) bool { return true }

// granted takes everything that there is room for.
func granted(d *demand, active func(string) bool) (got []string) {
	for {
		g, ok := d.next(active)
		if !ok {
			return got
		}
		got = append(got, fmt.Sprintf("%s:%d", g.composer, g.bytes))
	}
}

func TestDemand(t *testing.T) {
	tests := []struct {
		name string
		do   func(d *demand)
		want string
		out  int
	}{
		{"nothing", func(*demand) {}, "[]", 0},
		{"fits", func(d *demand) { d.want(want("a", 1, 100)) }, "[a/1:100]", 100},
		{"runs take turns", func(d *demand) {
			d.want(want("a", 1, 10))
			d.want(want("a", 2, 10))
			d.want(want("b", 1, 10))
		}, "[a/1:10 b/1:10 a/2:10]", 30},
		{"a big one is not passed over", func(d *demand) {
			d.want(want("a", 1, 60))
			d.want(want("b", 1, 60))
			d.want(want("c", 1, 10))
		}, "[a/1:60]", 60},
		{"larger than all, alone", func(d *demand) { d.want(want("a", 1, 500)) }, "[a/1:500]", 500},
		{"larger than all, not alone", func(d *demand) {
			d.want(want("b", 1, 1))
			d.want(want("a", 1, 500))
		}, "[b/1:1]", 1},
		{"asked again while waiting", func(d *demand) {
			d.want(want("a", 1, 30))
			d.want(want("a", 1, 40))
		}, "[a/1:40]", 40},
		{"a node went, and what it held is not known", func(d *demand) {
			d.want(want("a", 1, 90))
			granted(d, all)
			d.want(want("b", 1, 40)) // has to wait
			d.forget()
			granted(d, all)
			d.free("a", 1, 90) // comes late, and takes nothing from others
		}, "[]", 40},
		{"only open windows keep theirs, and those opened since", func(d *demand) {
			for n := range uint32(4) {
				d.want(want("a", n+1, 10))
			}
			d.want(want("b", 1, 1))
			granted(d, all)
			d.keepOpen("a", 3, []uint32{2})
		}, "[]", 21},
		{"void", func(d *demand) {
			d.want(want("a", 1, 30))
			d.void("a", 1)
		}, "[]", 0},
		{"over", func(d *demand) {
			d.want(want("a", 1, 30))
			d.want(want("b", 1, 30))
			d.over("a")
		}, "[b/1:30]", 30},
		{"negative", func(d *demand) { d.want(want("a", 1, -30)) }, "[a/1:0]", 0},
	}
	for _, tt := range tests {
		d := newDemand(100)
		tt.do(d)
		if got := fmt.Sprint(granted(d, all)); got != tt.want || d.out != tt.out {
			t.Errorf("%s: %s with %d out, want %s with %d", tt.name, got, d.out, tt.want, tt.out)
		}
	}
}

func TestDemandIsFreedAtMostOnce(t *testing.T) {
	d := newDemand(100)
	d.want(want("a", 1, 60))
	d.want(want("b", 1, 60))
	granted(d, all)
	d.free("a", 1, 40)
	d.free("a", 1, 40)
	d.free("a", 9, 40)
	d.free("a", 1, -40)
	if d.out != 0 {
		t.Errorf("%d out, want 0", d.out)
	}
	if got := fmt.Sprint(granted(d, all)); got != "[b/1:60]" {
		t.Error(got)
	}
	again := want("b", 1, 20)
	again.Anew = true
	d.want(again)
	if got := fmt.Sprint(granted(d, all)); got != "[b/1:20]" || d.out != 20 {
		t.Errorf("re-drive: %s with %d out", got, d.out)
	}
}

func TestHeldRunsWaitForDemand(t *testing.T) {
	d := newDemand(100)
	d.want(want("held", 1, 10))
	d.want(want("a", 1, 10))
	if got := fmt.Sprint(granted(d, func(run string) bool { return run == "a" })); got != "[a/1:10]" {
		t.Error(got)
	}
	if got := fmt.Sprint(granted(d, all)); got != "[held/1:10]" {
		t.Error(got)
	}
}

// turn is the run whose turn it is: whose request had no room before, else the first of those that had the least.
func (d *demand) turn(held map[string]bool) string {
	open := slices.DeleteFunc(slices.Clone(d.turns), func(run string) bool { return held[run] })
	switch {
	case len(open) == 0:
		return ""
	case slices.Contains(open, d.head):
		return d.head
	}
	return slices.MinFunc(open, func(a, b string) int { return cmp.Compare(d.had[a], d.had[b]) })
}

// TestDemandKeepsItsBudget holds the budget against any sequence, and everything is granted in the end.
func TestDemandKeepsItsBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDemand(100)
		runs := rapid.SampledFrom([]string{"a", "b", "c"})
		windows := rapid.Uint32Range(1, 3)
		held := map[string]bool{}
		sum := map[windowKey]int{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			run, w := runs.Draw(t, "run"), windows.Draw(t, "window")
			k := windowKey{run, w}
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1:
				m := want(run, w, rapid.IntRange(0, 150).Draw(t, "bytes"))
				if m.Anew = rapid.Bool().Draw(t, "anew"); m.Anew {
					delete(sum, k)
				}
				d.want(m)
			case 2:
				n := rapid.IntRange(0, 150).Draw(t, "freed")
				d.free(run, w, n)
				sum[k] = max(0, sum[k]-n)
			case 3:
				d.void(run, w)
				delete(sum, k)
			case 4:
				held[run] = !held[run]
			case 5:
				d.over(run)
				for k := range sum {
					if k.run == run {
						delete(sum, k)
					}
				}
			}
			for {
				turn := d.turn(held)
				before := d.out
				g, ok := d.next(func(run string) bool { return !held[run] })
				if !ok {
					break
				}
				if before > 0 && before+g.bytes > 100 {
					t.Fatalf("%d granted with %d out", g.bytes, before)
				}
				var window uint32
				fmt.Sscanf(g.composer, turn+"/%d", &window)
				if window == 0 {
					t.Fatalf("%s granted, it was the turn of %s", g.composer, turn)
				}
				sum[windowKey{turn, window}] += g.bytes
			}
			total := 0
			for _, n := range sum {
				total += n
			}
			if total != d.out {
				t.Fatalf("%d counted as out, %d are", d.out, total)
			}
		}
		for range 300 {
			for k, n := range sum {
				d.free(k.run, k.window, n)
			}
			granted(d, all)
			for _, run := range []string{"a", "b", "c"} {
				for w := range uint32(4) {
					d.free(run, w, 1<<20)
				}
			}
		}
		if d.waits() || d.out != 0 || len(d.windows) != 0 {
			t.Fatalf("left: %v, %d out", d.turns, d.out)
		}
	})
}
