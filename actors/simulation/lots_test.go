package simulation

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/calendar"
	"hayauma.example/actors/campaign"
)

// optional are the columns that rows of the mission may have.
func (m *mission) optional() []string {
	for _, r := range m.rows {
		if r.zone != "" {
			return []string{"zone"}
		}
	}
	return nil
}

// mornings are zones, and when it is 09:00 there on 26 March 2000. In Berlin clocks were set forward that night.
var mornings = map[string]string{
	"Pacific/Kiritimati": "2000-03-25T19:00:00Z", "Asia/Tokyo": "2000-03-26T00:00:00Z", "Europe/Berlin": "2000-03-26T07:00:00Z",
	"America/New_York": "2000-03-26T14:00:00Z", "Pacific/Honolulu": "2000-03-26T19:00:00Z",
}

// evening is when the world begins for them.
var evening = time.Date(2000, 3, 25, 18, 30, 0, 0, time.UTC)

var sameText = json.RawMessage(`[{"type":"text","text":"{{ text }}"}]`)

// morning is a campaign at 09:00 where the recipients are, with two variants.
func morning(t *testing.T, name string) (scenario, *mission) {
	m := newMission(name, 0, 0)
	for _, zone := range []string{"Asia/Tokyo", "Pacific/Honolulu", "Europe/Berlin", "Pacific/Kiritimati", "America/New_York"} {
		for i := range 40 {
			r := row{user: userID(name, len(m.rows)), text: name + " for all", zone: zone}
			if i < 6 {
				r.text, r.personal = fmt.Sprintf("%s for %d", name, len(m.rows)), true
			}
			m.rows = append(m.rows, r)
		}
	}
	m.define = func(d *actors.Definition) {
		local, err := calendar.ParseLocal("2000-03-26T09:00")
		if err != nil {
			t.Fatal(err)
		}
		d.At, d.LocalTime, d.ZoneColumn, d.Messages, d.Experiment = campaign.LocalDue(local), true, "zone", nil, "greeting"
		d.Variants = []actors.Variant{{Name: "a", Weight: 3, Messages: sameText}, {Name: "b", Weight: 1, Messages: sameText}}
	}
	return scenario{seed: 11, dir: openDir(t.TempDir()), missions: []*mission{m}, latency: -1, begins: evening.Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)),
		bound: 30 * time.Hour, chunk: 20}, m
}

// judgeMorning: every first call to a user started within a second of his own 09:00, unless nothing ran then; what is shown by variant adds up.
func judgeMorning(t *testing.T, r result, m *mission, down func(at time.Duration) bool) {
	t.Helper()
	zone, seen := map[string]string{}, map[string]bool{}
	for _, row := range m.rows {
		zone[row.user] = row.zone
	}
	for _, c := range r.world.calls {
		at, err := time.Parse(time.RFC3339, mornings[zone[c.user]])
		if err != nil {
			t.Fatal(err)
		}
		due := at.Sub(r.world.began)
		if late := c.at - due; late < 0 || late > time.Second && !seen[c.user] && !down(due) {
			t.Errorf("a call to a user in %s started at %v, %v after his 09:00", zone[c.user], r.world.began.Add(c.at).UTC(), late)
		}
		seen[c.user] = true
	}
	info := r.ended[m.id]
	var sum actors.Totals
	for _, v := range info.Variants {
		for o, n := range v.Totals {
			sum[o] += n
		}
	}
	a, b := info.Variants[0].Totals.Sum(), info.Variants[1].Totals.Sum()
	if sum != info.Totals || info.Totals.Sum() != uint32(len(m.rows)) || a < 120 || b < 20 {
		t.Errorf("%v by variant (%d and %d), %v in all", sum, a, b, info.Totals)
	}
}

// TestMorningComesToEveryZone: at 09:00 where each recipient is, in five zones, on the day on which one of them sets its clocks forward, whatever
// dies in between.
func TestMorningComesToEveryZone(t *testing.T) {
	hour := func(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }
	for name, kills := range map[string][]time.Duration{
		"nothing died": nil, "between": {hour(0.25), hour(3), hour(9), hour(9.1), hour(20)},
		"just before": {hour(5.5) - 1500*time.Millisecond, hour(12.5) - 1500*time.Millisecond},
		"meanwhile":   {hour(0.5) + 2*time.Millisecond, hour(12.5) + 3*time.Millisecond, hour(24.5) + time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sc, m := morning(t, "morning")
			sc.kills = kills
			r := play(t, sc)
			report(t, r)
			judgeMorning(t, r, m, func(due time.Duration) bool {
				for _, at := range kills {
					if at <= due+time.Second && due <= at+sc.downtime+time.Second {
						return true
					}
				}
				return false
			})
			if got := r.ended[m.id]; got.Totals[actors.Delivered] != uint32(len(m.rows)) || got.Spread != 24*time.Hour {
				t.Errorf("%v, the last %v after the first", got.Totals, got.Spread)
			}
		})
	}
}

// TestMorningThatIsOver: whose 09:00 passed while nothing ran gets it at once, or not at all where it is too late by his clock; the others do.
func TestMorningThatIsOver(t *testing.T) {
	for name, x := range map[string]struct {
		expire  time.Duration
		expired uint32
	}{"may be late": {0, 0}, "by two hours": {2 * time.Hour, 40}, "by nine hours": {9 * time.Hour, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sc, m := morning(t, "late")
			m.expire = x.expire
			sc.kills, sc.downtime = []time.Duration{5 * time.Hour}, 4*time.Hour // 23:30Z to 03:30Z: it is 09:00 in Tokyo at midnight
			r := play(t, sc)
			report(t, r)
			judgeMorning(t, r, m, func(due time.Duration) bool { return due > 5*time.Hour && due < 9*time.Hour })
			got := r.ended[m.id]
			if got.Totals != (actors.Totals{actors.Delivered: 200 - x.expired, actors.Expired: x.expired}) || got.State != actors.StateFinished {
				t.Errorf("%s %v", got.State, got.Totals)
			}
		})
	}
}

// TestMorningPasses while the campaign is paused: for each zone by its own clock.
func TestMorningPasses(t *testing.T) {
	sc, m := morning(t, "paused")
	m.expire = 2 * time.Hour
	m.orders = []order{{time.Hour, pause}, {15 * time.Hour, resume}}
	r := play(t, sc)
	report(t, r)
	judgeMorning(t, r, m, func(time.Duration) bool { return false })
	if got := r.ended[m.id].Totals; got != (actors.Totals{actors.Delivered: 120, actors.Expired: 80}) || m.finalAt > 24*time.Hour+40*time.Minute {
		t.Errorf("%v after %v", got, m.finalAt)
	}
}

// TestMorningIsRedriven: who failed in one zone is sent to again while others' time has not come, unless it is too late by his clock.
func TestMorningIsRedriven(t *testing.T) {
	for name, x := range map[string]struct {
		expire, redriven time.Duration
		late             bool // another zone's came too late before
		twice            bool
		failed, expired  uint32
	}{
		"any time": {redriven: 9 * time.Hour}, "in time": {expire: 4 * time.Hour, redriven: 9 * time.Hour},
		"too late":                      {expire: 2 * time.Hour, redriven: 9 * time.Hour, failed: 3},
		"in time, others were too late": {expire: 4 * time.Hour, redriven: 9 * time.Hour, late: true, expired: 40},
		"too late, as others were":      {expire: 3 * time.Hour, redriven: 9 * time.Hour, late: true, failed: 3, expired: 40},
		"too late, tried twice":         {expire: 2 * time.Hour, redriven: 9 * time.Hour, twice: true, failed: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sc, m := morning(t, "again")
			tokyo := 0
			for i, r := range m.rows {
				if r.zone == "Asia/Tokyo" && r.personal && tokyo < 3 {
					m.forget(i)
					tokyo++
				}
			}
			sc.restore, m.expire = 8*time.Hour, x.expire
			m.orders = []order{{x.redriven, redriveFailed}}
			generation := uint32(1)
			if x.twice {
				m.orders, generation = append(m.orders, order{time.Minute, redriveFailed}), 2
			} else {
				sc.kills = []time.Duration{x.redriven + 30*time.Second, x.redriven + 40*time.Second, 10 * time.Hour}
			}
			if x.late { // 09:00 in Kiritimati was half an hour after the beginning
				m.wait = 5 * time.Hour
				m.orders[0].after -= m.wait
			}
			r := play(t, sc)
			report(t, r)
			got := r.ended[m.id]
			want := actors.Totals{actors.Delivered: 200 - x.failed - x.expired, actors.Failed: x.failed, actors.Expired: x.expired}
			if got.Totals != want || got.Generation != generation {
				t.Errorf("%v in generation %d, want %v", got.Totals, got.Generation, want)
			}
			if m.finalAt > 24*time.Hour+40*time.Minute { // ten minutes after 09:00 in Honolulu
				t.Errorf("it ended only after %v", m.finalAt)
			}
			judgeMorning(t, r, m, func(due time.Duration) bool { return due < m.wait })
		})
	}
}
