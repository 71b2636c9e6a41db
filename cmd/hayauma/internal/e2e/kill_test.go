package e2e

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// What goes wrong at the provider while the daemon is killed. No time-outs: each would take its ten seconds.
const killFaults = "500-before=0.02,500-after=0.02,reset=0.01,429=0.003"

// round is one pair of campaigns in which the daemon dies at each of these points, one life after the other.
type round []string

// rounds name every kind of point that two campaigns pass by themselves, and the ones that only a second life passes.
var rounds = []round{
	{"poster.call.after:150"},
	{"checker.persist.after:2"},
	{"campaign.accepted"},
	{"poster.call.after:60", "campaign.redrive.before"},
	{"campaign.window.opened"},
	{"poster.split.after:2"},
	{"poster.call.before:120"},
	{"campaign.persist.before:2"},
	{"poster.recorded.before:100"},
	{"checker.ack.before:2"},
	{"composer.tell.midway:2"},
	{"poster.report.after:90"},
	{"campaign.planned"},
	{"poster.call.before:60", "checker.redriven.after"},
	{"checker.persist.before:3"},
	{"poster.half.before:3"},
	{"campaign.finished"},
	{"composer.tell.before:2"},
	{"checker.ack.after"},
	{"poster.report.before:80"},
	{"campaign.persist.after:5"},
	{"composer.tell.after", "campaign.redrive.after"},
	{"campaign.window.told", "campaign.redrive.before", "poster.call.after:40"},
}

// TestKillAtCrashPoints kills the daemon at each point while it delivers a personalised and a uniform campaign through a bad
// connection, one of whose users the provider doesn't know, and judges what comes of both. Rounds share a data directory, so
// every start also recovers the rounds before it, and what it would send again of them is seen too.
func TestKillAtCrashPoints(t *testing.T) {
	binary(t)
	lanes, plan := 3, rounds
	if testing.Short() {
		lanes, plan = 1, rounds[:4]
	}
	began := time.Now()
	t.Cleanup(func() { t.Logf("figure: %d rounds of kills in %.1f s", len(plan), time.Since(began).Seconds()) })
	for lane := range lanes {
		t.Run(fmt.Sprintf("lane %d", lane), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "--faults", killFaults+fmt.Sprintf(",seed=%d", lane))
			w.open()
			w.daemon.kill()
			for n := lane; n < len(plan); n += lanes {
				began := time.Now()
				w.round(n, plan[n])
				t.Logf("%v: %.1f s", plan[n], time.Since(began).Seconds())
			}
		})
	}
}

// round plays one pair of campaigns through its deaths, to the end.
func (w *world) round(n int, deaths round) {
	w.t.Helper()
	pair := w.pair(n)
	for _, point := range deaths {
		w.serve(point)
		if w.daemon.url != "" {
			w.submitAll(pair)
		}
		more := 0
		w.dies(point, func() {
			more++
			next := w.pair(n + more*len(rounds))
			w.submitAll(next)
			pair = append(pair, next...)
		})
	}
	w.survive(pair)
}

// dies waits for the daemon's death at the point. The bad connection may let campaigns end without it (a multicast that is refused after a
// doubt is not split, for one): after a while there are more of them.
func (w *world) dies(point string, more func()) {
	w.t.Helper()
	late, again := time.After(deathFor), time.NewTicker(deathFor/4)
	defer again.Stop()
	for dead := false; !dead; {
		select {
		case <-w.daemon.ended:
			dead = true
		case <-again.C:
			more()
		case <-late:
			w.t.Fatalf("%s was not reached within %v\n%s", point, deathFor, tail(w.daemon.said()))
		}
	}
	if !w.daemon.bySIGKILL() {
		w.t.Fatalf("%s: the daemon ended by itself: %s\n%s", point, w.daemon.cmd.ProcessState, tail(w.daemon.said()))
	}
}

// pair writes both campaigns of a round; the provider doesn't know one of the uniform one's users.
func (w *world) pair(n int) []*mailing {
	w.t.Helper()
	push, multicast := w.personalised(fmt.Sprintf("push%d", n), 300), w.uniform(fmt.Sprintf("all%d", n), 1200)
	stranger := user(multicast.name, 700+n)
	multicast.lost[stranger] = true
	w.order("/_sim/users", "unknown "+stranger)
	return []*mailing{push, multicast}
}

// submitAll submits what has no id yet, at once. A daemon that dies of it gives some of them none.
func (w *world) submitAll(all []*mailing) {
	var wg sync.WaitGroup
	for _, m := range all {
		if m.id == "" {
			wg.Go(func() { w.submit(m) })
		}
	}
	wg.Wait()
}

// survive starts the daemon once more, lets the campaigns end, and has them judged.
func (w *world) survive(pair []*mailing) {
	w.t.Helper()
	w.serve("")
	for _, m := range pair { // also what is accepted: a repeated submission is the same campaign
		w.mustSubmit(m)
	}
	for _, m := range pair {
		s := w.finish(m)
		if s.State != "finished" || s.Pending != 0 {
			w.t.Errorf("%s ends as %+v", m.name, s)
		}
		if err := w.judge(m, s); err != nil {
			w.t.Errorf("%v\n%+v\n%s", err, s, tail(w.daemon.said()))
		}
		w.blame(m, s)
	}
	if w.t.Failed() {
		w.t.FailNow()
	}
	w.daemon.kill()
}

// blame bounds what may be left undelivered: the stranger, and where it stood in a request in doubt, that request's 500.
func (w *world) blame(m *mailing, s shown) {
	w.t.Helper()
	undelivered := s.Failed + s.Unknown
	switch {
	case len(m.lost) == 0 && undelivered > 0:
		w.t.Errorf("%s has no bad user, and still: %+v", m.name, s)
	case undelivered > 500 || s.Failed > len(m.lost):
		w.t.Errorf("%s: one bad user costs too much: %+v", m.name, s)
	}
}
