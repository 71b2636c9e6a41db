package campaign

import (
	"testing"
	"time"

	"hayauma.example/actors"
)

func seriesOf(d actors.Definition, events ...Event) *Intent {
	s := &Intent{}
	s.Apply(Accepted{Definition: d, Audience: actors.Audience{Rows: 10}, At: due, Due: due})
	for _, e := range events {
		s.Apply(e)
	}
	return s
}

func TestTurn(t *testing.T) {
	hourly := actors.Definition{Cron: "0 * * * *"}
	at := func(h, m int) time.Time { return due.Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute) }
	with := func(change func(*actors.Definition)) actors.Definition { d := hourly; change(&d); return d }
	begun := func(h int) Event { return Occurred{Campaign: "c", Due: at(h, 0)} }
	over := OccurrenceEnded{Campaign: "c", State: actors.StateFinished, Totals: actors.Totals{actors.Delivered: 10}}
	steps := actors.Definition{Steps: []actors.Step{{}, {After: 24 * time.Hour}}}
	for _, c := range []struct {
		name string
		s    *Intent
		now  time.Time
		want turn
	}{
		{"the first, planned ahead", seriesOf(hourly), at(0, -10), turn{do: turnBegin, due: at(0, 0)}},
		{"the first, too early", seriesOf(hourly), at(0, -11), turn{at: at(0, -10)}},
		{"nothing runs, ten minutes before", seriesOf(hourly, begun(0), over), at(0, 50), turn{do: turnBegin, due: at(1, 0)}},
		{"nothing runs, earlier", seriesOf(hourly, begun(0), over), at(0, 49), turn{at: at(0, 50)}},
		{"every minute is planned half a minute ahead", seriesOf(actors.Definition{Cron: "* * * * *"}, begun(0), over), at(0, 0),
			turn{at: at(0, 1).Add(-30 * time.Second)}},
		{"one still sends, not due", seriesOf(hourly, begun(0)), at(0, 50), turn{at: at(1, 0)}},
		{"one still sends, due", seriesOf(hourly, begun(0)), at(1, 0), turn{do: turnSkip, due: at(1, 0), why: skippedBusy}},
		{"one still sends, the next waits", seriesOf(with(func(d *actors.Definition) { d.Overlap = actors.OverlapWait }), begun(0)), at(1, 5), turn{}},
		{"it has waited", seriesOf(with(func(d *actors.Definition) { d.Overlap = actors.OverlapWait }), begun(0), over), at(1, 5),
			turn{do: turnBegin, due: at(1, 0)}},
		{"both may send", seriesOf(with(func(d *actors.Definition) { d.Overlap = actors.OverlapAllow }), begun(0)), at(1, 0), turn{do: turnBegin, due: at(1, 0)}},
		{"the newest of those missed", seriesOf(hourly, begun(0), over), at(3, 5), turn{do: turnSkip, due: at(1, 0), why: skippedMissed}},
		{"… is begun late", seriesOf(hourly, begun(0), over, Skipped{Due: at(1, 0)}, Skipped{Due: at(2, 0)}), at(3, 5), turn{do: turnBegin, due: at(3, 0)}},
		{"… or too late", seriesOf(with(func(d *actors.Definition) { d.ExpireAfter = time.Minute }), begun(0), over, Skipped{Due: at(2, 0)}), at(3, 5),
			turn{do: turnSkip, due: at(3, 0), why: skippedLate}},
		{"paused", seriesOf(hourly, begun(0), over, Paused{}), at(1, 0), turn{}},
		{"cancelled, one sends", seriesOf(hourly, begun(0), CancelAsked{At: due}), at(1, 0), turn{}},
		{"cancelled, all over", seriesOf(hourly, begun(0), over, CancelAsked{At: due}), at(1, 0), turn{do: turnOver}},
		{"the last is over", seriesOf(with(func(d *actors.Definition) { d.Until = at(0, 59) }), begun(0), over), at(0, 50), turn{do: turnOver}},
		{"the last sends", seriesOf(with(func(d *actors.Definition) { d.Until = at(0, 59) }), begun(0)), at(0, 50), turn{}},
		{"one more at the end", seriesOf(with(func(d *actors.Definition) { d.Until = at(1, 0) }), begun(0), over), at(0, 50), turn{do: turnBegin, due: at(1, 0)}},
		{"first step", seriesOf(steps), at(0, 0), turn{do: turnBegin, due: at(0, 0)}},
		{"second step, not due", seriesOf(steps, begun(0), over), at(1, 0), turn{at: at(24, -10)}},
		{"second step while the first sends", seriesOf(steps, begun(0)), at(30, 0), turn{}},
		{"second step, late", seriesOf(steps, begun(0), over), at(30, 0), turn{do: turnBegin, due: at(24, 0)}},
		{"no more steps", seriesOf(steps, begun(0), over, begun(24), over), at(30, 0), turn{do: turnOver}},
	} {
		r, ok := c.s.rhythm()
		if got := c.s.turn(r, c.now); !ok || got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestStepDue(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 3, 27, 18, 30, 15, 0, zone)
	const day = 24 * time.Hour
	for _, c := range []struct {
		step actors.Step
		want time.Time
	}{
		{actors.Step{}, begin},
		{actors.Step{After: 90 * time.Minute}, begin.Add(90 * time.Minute)},
		{actors.Step{After: 3 * day}, begin.Add(3 * day)},
		{actors.Step{After: day, At: "09:00"}, time.Date(2026, 3, 28, 9, 0, 0, 0, zone)},
		{actors.Step{After: 2 * day, At: "02:30"}, time.Date(2026, 3, 29, 3, 0, 0, 0, zone)}, // skipped
		{actors.Step{After: 5 * day, At: "23:59"}, time.Date(2026, 4, 1, 23, 59, 0, 0, zone)},
	} {
		if got := StepDue(begin, c.step, zone); !got.Equal(c.want) {
			t.Errorf("%+v is due at %v, want %v", c.step, got, c.want)
		}
	}
}

// What a series has come to adds up, in whatever order its occurrences end.
func TestSeriesAddsUp(t *testing.T) {
	s := seriesOf(actors.Definition{Cron: "* * * * *", Overlap: actors.OverlapAllow})
	for i := range 70 {
		s.Apply(Occurred{Campaign: string(rune('A' + i)), Due: due.Add(time.Duration(i) * time.Minute)})
	}
	for i := 69; i > 1; i-- {
		s.Apply(OccurrenceEnded{Campaign: string(rune('A' + i)), State: actors.StateFinished, Totals: actors.Totals{actors.Delivered: 4_000_000_000}})
		s.Apply(OccurrenceEnded{Campaign: string(rune('A' + i)), State: actors.StateFinished, Totals: actors.Totals{actors.Delivered: 1}}) // a repeat
	}
	if s.Series.Over != 68 || len(s.Series.Open) != 2 || len(s.Series.Newest) != newestShown || s.Series.Sums[actors.Delivered] != 68*4_000_000_000 {
		t.Errorf("%d over, %d open, %d shown, %d delivered", s.Series.Over, len(s.Series.Open), len(s.Series.Newest), s.Series.Sums[actors.Delivered])
	}
	s.Apply(OccurrenceAmended{Campaign: "C", State: actors.StateFinished, Totals: actors.Totals{actors.Failed: 3, actors.Delivered: 3_999_999_997}})
	s.Apply(OccurrenceAmended{Campaign: "A", State: actors.StateFinished, Totals: actors.Totals{actors.Failed: 3}}) // not over
	if n := &s.Series.Sums; n[actors.Failed] != 3 || n[actors.Delivered] != 68*4_000_000_000-3 || s.Series.Newest[0].Totals[actors.Failed] != 3 {
		t.Errorf("after one was amended: %v", n)
	}
	s.Apply(OccurrenceAmended{Campaign: "C", State: actors.StateFinished, Totals: actors.Totals{actors.Failed: 3}, Variants: []actors.Totals{{actors.Failed: 1}, {actors.Failed: 2}}})
	s.Apply(OccurrenceAmended{Campaign: "C", State: actors.StateFinished, Totals: actors.Totals{actors.Failed: 3}, Variants: []actors.Totals{{actors.Failed: 3}, {}}})
	if v := s.Series.Variants; len(v) != 2 || v[0][actors.Failed] != 3 || v[1][actors.Failed] != 0 {
		t.Errorf("after one was amended: %v by variant", v)
	}
	if s.Series.Newest[0].Campaign != "C" {
		t.Errorf("the newest is %s", s.Series.Newest[0].Campaign)
	}
}
