package simulation

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/calendar"
	"hayauma.example/actors/provider/linesim"
)

// series plays campaigns that begin others, for a time, and returns what the last of them has come to.
func (w *world) series(until time.Duration) (info actors.Info) {
	w.through(func(at func(time.Duration) actors.Info) { info = at(until) })
	return info
}

// through plays while watch looks; at waits for a moment, and tells what the last campaign has come to.
func (w *world) through(watch func(at func(time.Duration) actors.Info)) {
	var keeper, operators sync.WaitGroup
	stop := make(chan struct{})
	keeper.Go(func() { w.keep(stop) })
	for _, at := range w.sc.kills {
		time.AfterFunc(at, func() { w.current().die("kill") })
	}
	w.configure()
	for _, m := range w.sc.missions {
		w.submit(m)
		operators.Go(func() { w.obey(m) })
	}
	watch(func(until time.Duration) actors.Info {
		time.Sleep(until - w.now())
		info, err := insist[actors.Info](w, actors.Campaigns, w.sc.missions[len(w.sc.missions)-1].id, actors.CampaignMsg(actors.Show{}))
		if err != nil {
			w.t.Fatal(err)
		}
		return info
	})
	operators.Wait()
	close(stop)
	keeper.Wait()
}

// got is when each user got messages.
func (w *world) got() map[string][]linesim.Delivery {
	all := map[string][]linesim.Delivery{}
	for d := range w.sim.Deliveries() {
		all[d.User] = append(all[d.User], d)
	}
	return all
}

func recurring(cron string, more ...func(*actors.Definition)) *mission {
	m := newMission("hourly", 20, 510)
	m.define = func(d *actors.Definition) {
		d.Cron = cron
		for _, f := range more {
			f(d)
		}
	}
	return m
}

// TestHourly: every user gets 24 messages a day, each within its hour and once, whatever dies.
func TestHourly(t *testing.T) {
	for name, kills := range map[string][]time.Duration{
		"nothing died": nil, "died often": {30 * time.Minute, time.Hour - 5*time.Minute, 3 * time.Hour, 3*time.Hour + 500*time.Millisecond, 7*time.Hour + time.Second, 20 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := recurring("0 * * * *", func(d *actors.Definition) { d.Until = time.Now().Add(24 * time.Hour) })
				w := newWorld(t, scenario{seed: 7, dir: openDir(t.TempDir()), missions: []*mission{m}, kills: kills}.withDefaults())
				info := w.series(25 * time.Hour)
				if info.State != actors.StateFinished || info.Recurs.Begun != 24 || info.Recurs.Over != 24 || info.Recurs.Skipped != 0 {
					t.Errorf("%s, %+v", info.State, info.Recurs)
				}
				if n := info.Recurs.Sums[actors.Delivered]; n != 24*uint64(len(m.rows)) {
					t.Errorf("%d are delivered", n)
				}
				for user, all := range w.got() {
					hours := map[int]int{}
					for _, d := range all {
						hours[int(d.At.Sub(w.began)/time.Hour)]++
					}
					for h := 1; h <= 24; h++ {
						if hours[h] != 1 {
							t.Fatalf("%s got %d in hour %d", user, hours[h], h)
						}
					}
					if len(all) != 24 {
						t.Fatalf("%s got %d", user, len(all))
					}
				}
				if n := len(w.got()); n != len(m.rows) {
					t.Errorf("%d users got something", n)
				}
			})
		})
	}
}

// TestOverlap: an occurrence sends for 15 minutes, and one is due every 6.
func TestOverlap(t *testing.T) {
	const period = 6 * time.Minute
	for overlap, want := range map[actors.Overlap][]int{ // which of them begin, by 53 minutes
		actors.OverlapSkip: {1, 4, 7}, actors.OverlapWait: {1, 3, 6, 8}, actors.OverlapAllow: {1, 2, 3, 4, 5, 6, 7, 8, 9}, // the ninth is begun ahead
	} {
		t.Run(fmt.Sprintf("overlap %q", overlap), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMission("often", 900, 0)
				m.define = func(d *actors.Definition) { d.Cron, d.Overlap = "*/6 * * * *", overlap }
				m.orders = []order{{after: 53 * time.Minute, what: cancel}}
				w := newWorld(t, scenario{seed: 7, dir: openDir(t.TempDir()), missions: []*mission{m}, limits: actors.Limits{Push: 1}}.withDefaults())
				info := w.series(2 * time.Hour)
				var due []int
				for _, o := range info.Recurs.Newest {
					due = append(due, int(o.Due.Sub(w.began)/period))
				}
				slices.Sort(due)
				if !slices.Equal(due, want) {
					t.Errorf("%v began, want %v", due, want)
				}
				if info.State != actors.StateCancelled || info.Recurs.Over != info.Recurs.Begun {
					t.Errorf("it is %s, %d of %d are over", info.State, info.Recurs.Over, info.Recurs.Begun)
				}
			})
		})
	}
}

// TestSequence: steps come in order, to each user once, at their times.
func TestSequence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zone, err := calendar.Zone("Asia/Tokyo")
		if err != nil {
			t.Fatal(err)
		}
		m := newMission("course", 20, 510)
		m.define = func(d *actors.Definition) {
			text := func(n int) []byte { return fmt.Appendf(nil, `[{"type":"text","text":"step %d: {{ text }}"}]`, n) }
			d.Zone, d.Messages = "Asia/Tokyo", nil
			d.Steps = []actors.Step{{Messages: text(0)}, {After: 24 * time.Hour, At: "09:00", Messages: text(1)}, {After: 72 * time.Hour, At: "21:30", Messages: text(2)}}
		}
		w := newWorld(t, scenario{seed: 7, dir: openDir(t.TempDir()), missions: []*mission{m}, kills: []time.Duration{time.Hour, 30 * time.Hour}, bound: 100 * time.Hour}.withDefaults())
		info := w.series(99 * time.Hour)
		if info.State != actors.StateFinished || info.Recurs.Over != 3 {
			t.Errorf("%s, %+v", info.State, info.Recurs)
		}
		begin := w.began.In(zone)
		due := []time.Time{w.began, time.Date(begin.Year(), begin.Month(), begin.Day()+1, 9, 0, 0, 0, zone), time.Date(begin.Year(), begin.Month(), begin.Day()+3, 21, 30, 0, 0, zone)}
		for user, all := range w.got() {
			if len(all) != 3 {
				t.Fatalf("%s got %d", user, len(all))
			}
			for i, d := range all {
				if late := d.At.Sub(due[i]); late < 0 || late > time.Minute {
					t.Fatalf("%s got step %d at %v, due %v", user, i, d.At, due[i])
				}
			}
		}
	})
}

// TestAfter: one campaign begins when another is over.
func TestAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newMission("first", 20, 0), newMission("second", 20, 0)
		first.at = 2 * time.Hour
		second.define = func(d *actors.Definition) { d.After = first.id }
		w := newWorld(t, scenario{seed: 7, dir: openDir(t.TempDir()), missions: []*mission{first, second}, kills: []time.Duration{time.Hour}}.withDefaults())
		info := w.series(3 * time.Hour)
		if info.State != actors.StateFinished || info.Totals[actors.Delivered] != 20 {
			t.Fatalf("%s %v", info.State, info.Totals)
		}
		if at := info.StartedAt.Sub(w.began); at < 2*time.Hour || at > 2*time.Hour+time.Minute {
			t.Errorf("it began at %v", at)
		}
	})
}

// TestHours: calls start within the hours only, to the second.
func TestHours(t *testing.T) {
	long(t)
	synctest.Test(t, func(t *testing.T) {
		m := newMission("by day", 3000, 0)
		m.define = func(d *actors.Definition) { d.Hours, d.Zone = "10:00-10:05, 15:00-15:01, 20:00-23:00", "UTC" }
		w := newWorld(t, scenario{seed: 7, dir: openDir(t.TempDir()), missions: []*mission{m}, limits: actors.Limits{Push: 5},
			kills: []time.Duration{10*time.Hour + 2*time.Minute, 12 * time.Hour}}.withDefaults())
		info := w.series(24 * time.Hour)
		if info.State != actors.StateFinished || info.Totals[actors.Delivered] != 3000 {
			t.Errorf("%s %v", info.State, info.Totals)
		}
		open, err := calendar.ParseHours("10:00-10:05, 15:00-15:01, 20:00-23:00")
		if err != nil {
			t.Fatal(err)
		}
		within := map[int]int{}
		for _, all := range w.got() {
			for _, d := range all {
				within[d.At.UTC().Hour()]++
				if !open.Open(d.At, time.UTC) && !open.Open(d.At.Add(-time.Second), time.UTC) {
					t.Fatalf("a message at %v", d.At)
				}
			}
		}
		if within[10] < 1300 || within[15] < 270 || within[20] < 1000 {
			t.Errorf("by hour: %v", within)
		}
	})
}

// TestSeriesFollowsARedrive: what is sent to again of an occurrence that is over counts in its series, also where the process dies as it ends.
func TestSeriesFollowsARedrive(t *testing.T) {
	for name, crashes := range map[string][]crash{"nothing died": nil, "died at its end": {{"campaign.finished", 2}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMission("course", 20, 0)
				m.forget(3)
				m.define = func(d *actors.Definition) { d.Steps, d.Messages = []actors.Step{{Messages: d.Messages}}, nil }
				w := newWorld(t, scenario{seed: 7, dir: openDir(t.TempDir()), missions: []*mission{m}, restore: 10 * time.Minute, crashes: crashes,
					bound: 3 * time.Hour}.withDefaults())
				w.sim.Forget(m.unknown...)
				w.through(func(at func(time.Duration) actors.Info) {
					info := at(30 * time.Minute)
					id := info.Recurs.Newest[0].Campaign
					r, err := insist[actors.Redriving](w, actors.Campaigns, id, actors.CampaignMsg(actors.Redrive{State: actors.Failed}))
					if err != nil || r.Recipients != 1 {
						t.Fatalf("%d are sent to again: %v", r.Recipients, err)
					}
					time.Sleep(time.Hour)
					if i, err := insist[actors.Info](w, actors.Campaigns, id, actors.CampaignMsg(actors.Show{})); err != nil || i.Totals[actors.Delivered] != 20 {
						t.Errorf("the occurrence has %v, %v", i.Totals, err)
					}
					info = at(2 * time.Hour)
					if r := info.Recurs; r.Sums[actors.Delivered] != 20 || r.Sums[actors.Failed] != 0 || r.Newest[0].Totals[actors.Delivered] != 20 {
						t.Errorf("its series has %+v", r)
					}
				})
			})
		})
	}
}

// TestVariantsOfASeriesFollowARedrive: what is shown by variant adds up to the totals, of an occurrence and of its series, before a redrive and after.
func TestVariantsOfASeriesFollowARedrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMission("course", 20, 0)
		m.forget(3)
		m.define = func(d *actors.Definition) {
			d.Cron, d.Until, d.Messages = "0 * * * *", time.Now().Add(time.Hour+time.Minute), nil
			d.Variants = []actors.Variant{{Name: "a", Weight: 1, Messages: sameText}, {Name: "b", Weight: 1, Messages: sameText}}
		}
		w := newWorld(t, scenario{seed: 7, dir: openDir(t.TempDir()), missions: []*mission{m}, restore: 95 * time.Minute, bound: 5 * time.Hour}.withDefaults())
		w.sim.Forget(m.unknown...)
		w.through(func(at func(time.Duration) actors.Info) {
			adds := func(info actors.Info, failed uint64) {
				t.Helper()
				var sums [actors.Delivered + 1]uint64
				for _, v := range info.Recurs.Variants {
					for o, n := range v {
						sums[o] += n
					}
				}
				if sums != info.Recurs.Sums || sums[actors.Failed] != failed || sums[actors.Delivered] != 20-failed || len(info.Recurs.Variants) != 2 {
					t.Errorf("%v, variants %v", info.Recurs.Sums, info.Recurs.Variants)
				}
				one, err := insist[actors.Info](w, actors.Campaigns, info.Recurs.Newest[0].Campaign, actors.CampaignMsg(actors.Show{}))
				var totals actors.Totals
				for _, v := range one.Variants {
					for o, n := range v.Totals {
						totals[o] += n
					}
				}
				if err != nil || totals != one.Totals || uint64(totals[actors.Failed]) != failed {
					t.Errorf("of the occurrence %v, variants %v: %v", one.Totals, one.Variants, err)
				}
			}
			adds(at(90*time.Minute), 1)
			id := at(100 * time.Minute).Recurs.Newest[0].Campaign
			r, err := insist[actors.Redriving](w, actors.Campaigns, id, actors.CampaignMsg(actors.Redrive{State: actors.Failed}))
			if err != nil || r.Recipients != 1 {
				t.Fatalf("%d are sent to again: %v", r.Recipients, err)
			}
			adds(at(3*time.Hour), 0)
		})
	})
}

// TestFiguresAfterARestart: the first answer after a restart has the figures of before, whatever is asked: a campaign's orders, and its series.
func TestFiguresAfterARestart(t *testing.T) {
	for _, series := range []bool{false, true} {
		t.Run(fmt.Sprintf("series %t", series), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMission("long", 100, 0)
				if series {
					m.define = func(d *actors.Definition) { d.Steps, d.Messages = []actors.Step{{Messages: d.Messages}}, nil }
				}
				w := newWorld(t, scenario{seed: 7, dir: openDir(t.TempDir()), missions: []*mission{m}, limits: actors.Limits{Push: 2, Multicast: 2}}.withDefaults())
				w.through(func(at func(time.Duration) actors.Info) {
					of := func(i actors.Info) uint64 {
						if i.Recurs != nil {
							return i.Recurs.Sums[actors.Delivered]
						}
						return uint64(i.Totals[actors.Delivered])
					}
					before := of(at(20 * time.Second))
					w.current().die("kill")
					i, err := insist[actors.Info](w, actors.Campaigns, m.id, actors.CampaignMsg(actors.Pause{}))
					if n := of(i); err != nil || before == 0 || n < before {
						t.Errorf("%d are delivered after %d: %v", n, before, err)
					}
					w.current().die("kill")
					i, err = insist[actors.Info](w, actors.Campaigns, m.id, actors.CampaignMsg(actors.Show{}))
					if n := of(i); err != nil || n < before {
						t.Errorf("%d are delivered after %d: %v", n, before, err)
					}
				})
			})
		})
	}
}
