package simulation

import (
	"testing"
	"time"

	"hayauma.example/actors"
)

// firstCall is when the first call started.
func firstCall(t *testing.T, r result) time.Duration {
	t.Helper()
	if len(r.world.calls) == 0 {
		t.Fatal("no call started")
	}
	return r.world.calls[0].at
}

func scheduled(t *testing.T, at, expire time.Duration) (scenario, *mission) {
	m := newMission("scheduled", 20, 510)
	m.at, m.expire = at, expire
	return scenario{seed: 7, dir: openDir(t.TempDir()), missions: []*mission{m}, latency: -1}, m
}

// TestStartsAtItsTime: to the millisecond, whatever died before.
func TestStartsAtItsTime(t *testing.T) {
	const due = 3*time.Hour + 123*time.Millisecond
	for name, kills := range map[string][]time.Duration{
		"nothing died": nil, "died long before": {time.Hour}, "died after planning": {due - 5*time.Minute}, "died just before": {due - 1500*time.Millisecond},
		"died often": {time.Minute, time.Hour, due - 10*time.Minute, due - 9*time.Minute, due - 1200*time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sc, _ := scheduled(t, due, 0)
			sc.kills = kills
			r := play(t, sc)
			report(t, r)
			if at := firstCall(t, r); at < due || at >= due+time.Millisecond {
				t.Errorf("the first call started at %v, due at %v", at, due)
			}
		})
	}
}

// TestTimePassedWhileDown: a campaign whose time came while nothing ran starts at once, or expires.
func TestTimePassedWhileDown(t *testing.T) {
	const due = time.Hour
	for name, x := range map[string]struct {
		dies, expire time.Duration
		expires      bool
	}{
		"before planning": {dies: due - time.Minute*30}, "after planning": {dies: due - time.Minute},
		"may be that late": {dies: due - time.Minute, expire: time.Hour}, "too late": {dies: due - time.Minute, expire: 5 * time.Minute, expires: true},
		"too late for planning": {dies: due - 30*time.Minute, expire: 5 * time.Minute, expires: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sc, m := scheduled(t, due, x.expire)
			sc.kills, sc.downtime = []time.Duration{x.dies}, 45*time.Minute
			r := play(t, sc)
			report(t, r)
			if x.expires {
				if len(r.world.calls) != 0 || r.ended[m.id].State != actors.StateExpired || r.ended[m.id].Totals[actors.Expired] != uint32(len(m.rows)) {
					t.Errorf("%d calls, %v %v", len(r.world.calls), r.ended[m.id].State, r.ended[m.id].Totals)
				}
				return
			}
			if at := firstCall(t, r); at < x.dies+sc.downtime || at > x.dies+sc.downtime+time.Second {
				t.Errorf("the first call started at %v, the process at %v", at, x.dies+sc.downtime)
			}
		})
	}
}
