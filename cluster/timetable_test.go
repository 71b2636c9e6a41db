package cluster

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	minute = int64(time.Minute)
	hour   = int64(time.Hour)
	t0     = 500_000 * hour
)

func set(name string, due int64) change {
	return change{entry: entry{reminderKey: reminderKey{"k", "id", name}, due: due}}
}

func forget(name string, due int64) change {
	c := set(name, due)
	c.forget = true
	return c
}

func fired(t *timetable, now int64) string {
	var names []string
	for e, ok := t.take(now); ok; e, ok = t.take(now) {
		names = append(names, e.name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestTimetable(t *testing.T) {
	type step struct {
		at    int64 // after t0
		do    []change
		fires string
	}
	cases := map[string][]step{
		"fires when due and every 30 s until forgotten": {
			{at: 0, do: []change{set("a", t0+minute)}},
			{at: minute - 1},
			{at: minute, fires: "a"},
			{at: minute + 1},
			{at: minute + int64(again) - 1},
			{at: minute + int64(again), fires: "a"},
			{at: 2*minute - 1, do: []change{forget("a", t0+minute)}},
			{at: 3 * minute},
		},
		"overdue fires at once":       {{at: 0, do: []change{set("a", t0-100*hour)}, fires: "a"}},
		"replaced within an hour":     {{at: 0, do: []change{set("a", t0+minute), set("a", t0+2*minute)}}, {at: minute}, {at: 2 * minute, fires: "a"}},
		"forgetting the replaced one": {{at: 0, do: []change{set("a", t0+minute), set("a", t0+2*minute), forget("a", t0+minute)}}, {at: 2 * minute, fires: "a"}},
		"replaced over hours": {{at: 0, do: []change{set("a", t0+minute), forget("a", t0+minute), set("a", t0+hour+minute)}}, {at: hour},
			{at: hour + minute, fires: "a"}},
		"replaced to an earlier hour": {{at: 0, do: []change{set("a", t0+hour+minute), forget("a", t0+hour+minute), set("a", t0+minute)}}, {at: minute, fires: "a"}},
		"names are apart":             {{at: 0, do: []change{set("a", t0), set("b", t0), forget("a", t0)}, fires: "b"}},
		"forgetting nothing":          {{at: 0, do: []change{forget("a", t0)}}},
	}
	for name, steps := range cases {
		t.Run(name, func(t *testing.T) {
			table := newTimetable(nil)
			for i, s := range steps {
				for _, c := range s.do {
					table.apply(c, t0+s.at)
				}
				if got := fired(table, t0+s.at); got != s.fires {
					t.Errorf("step %d fires %q, want %q", i, got, s.fires)
				}
			}
		})
	}
}

func TestFarBuckets(t *testing.T) {
	table := newTimetable(nil)
	k := hourOf(t0 + 5*hour)
	table.apply(set("a", t0+5*hour+minute), t0)
	if table.pending.len() != 0 {
		t.Error("a far reminder is in memory")
	}
	if at, ok := table.wake(t0); !ok || at != t0+hour {
		t.Errorf("wakes at %d", at-t0)
	}
	if keys := table.approach(t0 + 4*hour - 1); keys != nil {
		t.Errorf("%v is not near yet", keys)
	}
	keys := table.approach(t0 + 4*hour)
	if len(keys) != 1 || keys[0] != k {
		t.Fatalf("near are %v", keys)
	}
	table.apply(forget("a", t0+5*hour+minute), t0+4*hour) // while it is being read
	table.apply(set("b", t0+5*hour), t0+4*hour)
	table.loaded(keys[0], []change{set("a", t0+5*hour+minute), set("c", t0+5*hour)}, 0)
	if got := fired(table, t0+6*hour); got != "b c" {
		t.Errorf("fired %q", got)
	}
	table.apply(forget("b", t0+5*hour), t0+6*hour)
	if table.spent(k) {
		t.Error("there is c yet")
	}
	table.apply(forget("c", t0+5*hour), t0+6*hour)
	if keys := table.overAndSpent(t0 + 6*hour); !slices.Equal(keys, []int64{k}) {
		t.Errorf("over and spent are %v", keys)
	}
	table.drop(k)
	if at, ok := table.wake(t0 + 6*hour); ok {
		t.Errorf("an empty timetable wakes at %d", at)
	}
}

func TestFailedReadIsTriedAgain(t *testing.T) {
	table := newTimetable(nil)
	k := hourOf(t0)
	table.know(k)
	first := table.approach(t0)
	if len(first) != 1 || len(table.approach(t0)) != 0 {
		t.Fatal("a bucket that is being read approaches")
	}
	table.failed(first[0])
	second := table.approach(t0)
	if len(second) != 1 {
		t.Fatal("a bucket that could not be read doesn't approach again")
	}
	table.loaded(second[0], []change{set("b", t0)}, 0)
	table.loaded(second[0], []change{set("a", t0)}, 0)
	table.failed(second[0]) // nobody has asked for either
	if got := fired(table, t0); got != "b" {
		t.Errorf("fired %q", got)
	}
}

// The model keeps every reminder in one map and looks at all of them.
func TestTimetableMatchesModel(t *testing.T) {
	type want struct{ due, next int64 }
	rapid.Check(t, func(r *rapid.T) {
		table, model, store := newTimetable(nil), map[string]*want{}, map[int64][]change{}
		at := t0
		load := func(keys []int64) {
			for _, k := range keys {
				table.loaded(k, store[k], 0)
			}
		}
		apply := func(c change) {
			k := hourOf(c.entry.due)
			store[k] = append(store[k], c)
			table.apply(c, at)
		}
		r.Repeat(map[string]func(*rapid.T){
			"set": func(r *rapid.T) {
				name := rapid.StringMatching("[abc]").Draw(r, "name")
				due := at + rapid.Int64Range(-2*hour, 6*hour).Draw(r, "due")
				if old := model[name]; old != nil {
					apply(forget(name, old.due))
				}
				apply(set(name, due))
				model[name] = &want{due, due}
			},
			"forget": func(r *rapid.T) {
				name := rapid.StringMatching("[abc]").Draw(r, "name")
				if old := model[name]; old != nil {
					apply(forget(name, old.due))
					delete(model, name)
				}
			},
			"restart": func(r *rapid.T) {
				table = newTimetable(nil)
				for k := range store {
					table.know(k)
				}
				load(table.approach(at))
				for _, w := range model {
					w.next = w.due
				}
			},
			"purge": func(r *rapid.T) {
				for _, k := range table.overAndSpent(at) {
					delete(store, k)
					table.drop(k)
				}
			},
			"wait": func(r *rapid.T) {
				at += rapid.Int64Range(1, 3*hour).Draw(r, "nanoseconds")
				load(table.approach(at))
				var due []string
				for name, w := range model {
					if w.next <= at {
						due = append(due, name)
						w.next = at + int64(again)
					}
				}
				slices.Sort(due)
				if got := fired(table, at); got != strings.Join(due, " ") {
					r.Fatalf("fired %q, want %q", got, due)
				}
			},
			"": func(r *rapid.T) {
				next, ok := table.wake(at)
				for name, w := range model {
					if !ok || next > w.next && w.next > at && isNear(hourOf(w.due), at) {
						r.Fatalf("wakes at %d (%v), but %s is due at %d", next-at, ok, name, w.next-at)
					}
				}
			},
		})
	})
}

func TestHourOf(t *testing.T) {
	for nanos, want := range map[int64]int64{0: 0, hour - 1: 0, hour: 1, -1: -1, -hour: -1, -hour - 1: -2} {
		if got := hourOf(nanos); got != want {
			t.Errorf("hourOf(%d) = %d, want %d", nanos, got, want)
		}
	}
}

func TestBucketIDs(t *testing.T) {
	at := time.Date(2026, 11, 20, 7, 59, 59, 0, time.UTC)
	if id := bucketID(17, hourOf(nanos(at))); id != "17-2026112007" {
		t.Errorf("id %s", id)
	}
	for _, due := range []time.Time{{}, at, time.Unix(0, 0), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2262, 4, 11, 0, 0, 0, 0, time.UTC)} {
		h := hourOf(nanos(due))
		if shard, got, err := parseBucketID(bucketID(5, h)); err != nil || shard != 5 || got != h {
			t.Errorf("%v: bucket %s is %d %d, %v", due, bucketID(5, h), shard, got, err)
		}
	}
	for _, id := range []string{"", "17", "-2026112007", "64-2026112007", "1-20261120", "1-2026112024", "x-2026112007"} {
		if _, _, err := parseBucketID(id); err == nil {
			t.Errorf("%q is the id of a bucket", id)
		}
	}
}

func FuzzChanges(f *testing.F) {
	f.Add(appendChange(appendChange(nil, set("a", t0)), forget("b", -1)))
	f.Add([]byte{0, 2, 255, 255, 255, 255, 255, 255, 255, 255, 127})
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := decodeChanges(nil, data)
		var again []byte
		for _, c := range list {
			again = appendChange(again, c)
		}
		list2, err2 := decodeChanges(nil, again)
		if err2 != nil || fmt.Sprint(list) != fmt.Sprint(list2) {
			t.Errorf("%x (%v) became %x (%v)", data, err, again, err2)
		}
	})
}

func TestChangesSurviveJoining(t *testing.T) {
	c := set("name", t0)
	c.entry.payload = []byte{0, 1, 2}
	data := slices.Concat(appendChange(nil, c), appendChange(nil, forget("ユーザー", 0)))
	list, err := decodeChanges(nil, data)
	if err != nil || len(list) != 2 || !bytes.Equal(list[0].entry.payload, c.entry.payload) || cmp.Compare(list[1].entry.name, "ユーザー") != 0 || !list[1].forget {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := decodeChanges(nil, data[:len(data)-1]); err == nil {
		t.Error("a cut record was read")
	}
}
