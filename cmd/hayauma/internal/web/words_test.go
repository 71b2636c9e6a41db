package web

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

func TestWords(t *testing.T) {
	day := 24 * time.Hour
	for got, want := range map[string]string{
		number(0): "0", number(999): "999", number(uint64(1234567)): "1\u202f234\u202f567",
		span(250 * time.Millisecond): "250 ms", span(1500 * time.Millisecond): "1.5 s", span(59 * time.Second): "59 s", span(61 * time.Second): "1 min 1 s",
		span(2 * time.Hour): "2 h", span(50*time.Hour + 59*time.Minute): "2 d 2 h", span(3 * day): "3 d",
		share(0, 10): "0 %", share(10, 10): "100 %", share(1, 100000): "< 0.1 %", share(99999, 100000): "> 99.9 %", share(1, 3): "33.3 %", share(0, 0): "0 %",
		short("0123456789"): "01234567", short("ab"): "ab", moment((*time.Time)(nil)): "–", moment(time.Time{}): "–", ago(time.Time{}): "",
		moment(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)): "2030-01-02 03:04:05", stamp("no time"): "no time",
		plural(1, "campaign", "campaigns"): "1 campaign", plural(2, "campaign", "campaigns"): "2 campaigns",
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	for _, state := range []string{"running", "paused", "failed", "unknown", "finished", "scheduled"} {
		if mark(state) == mark("none of them") {
			t.Errorf("%s has no sign of its own", state)
		}
	}
}

func TestPace(t *testing.T) {
	now := time.Now()
	begun := now.Add(-100 * time.Second)
	least := 30.0
	c := api.Campaign{State: "running", Accepted: 1100, Delivered: 200, Failed: 100, Pending: 800, StartedAt: &begun, Plan: &api.CampaignPlan{QuotaNeeded: 1000, SecondsAtLeast: &least}}
	if p := paceOf(c, now); p.PerSecond != "2.0" || p.Left != "about 6 min 40 s" || p.End != moment(now.Add(400*time.Second)) {
		t.Errorf("200 of 1000 in 100 s: %+v", p) // those who failed when it was planned took no time
	}
	early := now.Add(-time.Second)
	c.StartedAt = &early
	if p := paceOf(c, now); p.PerSecond != "" || p.Left != "at least 30 s" {
		t.Errorf("too early: %+v", p)
	}
	c.StartedAt, c.Pending = &begun, 999
	if p := paceOf(c, now); !strings.HasPrefix(p.Left, "about 1 d 3 h") {
		t.Errorf("slow: %+v", p)
	}
	for _, other := range []api.Campaign{{State: "finished"}, {State: "paused", Pending: 5, StartedAt: &begun}, {State: "running", Pending: 5, Recurrence: &api.Recurrence{}}} {
		if p := paceOf(other, now); p != (pace{}) {
			t.Errorf("%s has a pace: %+v", other.State, p)
		}
	}
}

func TestBarsFillTheirChart(t *testing.T) {
	for _, counts := range [][]uint64{{0, 0, 0, 0, 0, 0, 0}, {5, 0, 0, 0, 0, 0, 0}, {1, 1, 1, 1, 1, 1, 10_000_000}, {math.MaxUint32, 1, 0, 0, 0, 0, 0}} {
		b := bars("id", "title", counts)
		x := 0.0
		for _, p := range b.Parts {
			if p.X < x-0.01 || (p.N > 0) != (p.W > 0) {
				t.Errorf("%v: the part %+v", counts, p)
			}
			x = p.X + p.W
		}
		if x > chartWide+0.01 || b.Text == "" {
			t.Errorf("%v ends at %.2f, and says %q", counts, x, b.Text)
		}
	}
}

func TestWindowCurve(t *testing.T) {
	at := func(s int) *time.Time { t := time.Unix(int64(s), 0); return &t }
	c := api.Campaign{FinishedAt: at(200)}
	list := api.WindowList{Total: 3, Windows: []api.Window{{Window: 3, OpenedAt: at(150), Recipients: 50}, {Window: 2, OpenedAt: at(100), Recipients: 25}, {Window: 1, OpenedAt: at(0), Recipients: 25}}}
	got := windowCurve(c, list)
	if want := "0,200 0.0,200.0 0.0,151.0 500.0,151.0 500.0,102.0 750.0,102.0 750.0,4.0 1000,4.0"; got == nil || got.Line != want {
		t.Errorf("drawn as %+v", got)
	}
	list.Total = 4 // some are missing
	if got := windowCurve(c, list); got != nil {
		t.Errorf("a part is drawn as the whole: %+v", got)
	}
	if got := windowCurve(c, api.WindowList{Total: 1, Windows: list.Windows[:1]}); got != nil {
		t.Error("one window is no curve")
	}
}

func TestDue(t *testing.T) {
	at := func(h int) *time.Time { t := time.Now().Add(time.Duration(h) * time.Hour); return &t }
	list := []api.Campaign{
		{Name: "later", State: "scheduled", Due: at(30)}, {Name: "runs", State: "running", Due: at(-1)},
		{Name: "series", State: "scheduled", Recurrence: &api.Recurrence{Begun: 3, Skipped: 1, Next: at(2)}}, {Name: "soon", State: "scheduled", Due: at(1), Series: series},
		{Name: "ended", State: "finished", FinishedAt: at(-2), Recurrence: &api.Recurrence{Next: at(1)}}, {Name: "idle", State: "scheduled", Recurrence: &api.Recurrence{}},
	}
	var names []string
	due := dueOf(list)
	for _, e := range due {
		names = append(names, e.Name+" "+e.What)
	}
	if want := "[soon of a series series occurrence 5 later once]"; fmt.Sprint(names) != want {
		t.Errorf("due: %v", names)
	}
	line := timelineOf(due, time.Now())
	if len(line.Ticks) != 2 || line.Ticks[0].X >= line.Ticks[1].X || !strings.Contains(line.Text, "2 entries are due") {
		t.Errorf("drawn as %+v", line)
	}
	for range 5000 {
		due = append(due, dueEntry{Due: time.Now().Add(time.Duration(len(due)) * 17 * time.Second), Name: "one of many"})
	}
	slices.SortFunc(due, func(a, b dueEntry) int { return a.Due.Compare(b.Due) })
	if line := timelineOf(due, time.Now()); len(line.Ticks) > chartWide/tickWide || len(line.Ticks) < chartWide/tickWide-20 || !strings.HasPrefix(line.Text, "5\u202f00") {
		t.Errorf("%d ticks for %d entries; %s", len(line.Ticks), len(due), line.Text)
	}
}

func TestShardsHaveOwners(t *testing.T) {
	s := api.ClusterStatus{Members: []api.ClusterMember{{Node: "b"}, {Node: "a"}}}
	for n := range 40 {
		s.Shards = append(s.Shards, api.ClusterShard{Role: "poster", Shard: n, Owner: []string{"a", "b", ""}[n%3]})
	}
	s.Shards[1].Phase = "claiming"
	maps, owners := shardMaps(s)
	if len(maps) != 1 || fmt.Sprint(owners) != "[a b]" || maps[0].Text != "a 14, b 13, nobody 13" || maps[0].High != 2*squareSide {
		t.Fatalf("%v: %+v", owners, maps[0])
	}
	q := maps[0].Squares
	if q[0].Fill != "url(#p-owner0)" || q[1].Fill != "url(#p-owner1)" || !strings.Contains(q[1].Class, "moving") || q[2].Class != "nobody" || q[2].Fill != "" || q[39].Y != squareSide {
		t.Errorf("%+v", q)
	}
}
