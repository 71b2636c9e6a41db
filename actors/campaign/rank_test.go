package campaign_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// said are the words on the run that the channel got since it was asked last.
func (w *world) said() []actors.RunStanding {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	words := w.words
	w.words = nil
	return words
}

// set changes what the channel answers.
func (w *world) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// hold sets what the channel answers about the quota.
func (w *world) hold(why string) { w.set(func() { w.held = why }) }

// TestRankIsTold: what the definition says, and then what an operator sets, also after a restart of the campaign's activation.
func TestRankIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		accept := w.upload("u")
		accept.Definition.Priority, accept.Definition.Weight = actors.PriorityLow, 3
		if i := ask[actors.Info](w, accept); i.Priority != actors.PriorityLow || i.Weight != 3 {
			t.Errorf("%+v", i)
		}
		words := w.said()
		if m := words[0]; len(words) == 0 || m.Priority != actors.PriorityLow || m.Weight != 3 || m.Unsettled != 3 || m.Begun || m.Waived || m.Look {
			t.Errorf("%+v", words)
		}
		if i := ask[actors.Info](w, actors.Rank{Priority: actors.PriorityHigh}); i.Priority != actors.PriorityHigh || i.Weight != 3 {
			t.Errorf("%+v", i)
		}
		if words = w.said(); len(words) != 1 || words[0].Priority != actors.PriorityHigh || words[0].Weight != 3 || !words[0].Begun {
			t.Errorf("%+v", words)
		}
		ask[actors.Info](w, actors.Rank{Weight: 70})
		w.said()
		for _, m := range []actors.Rank{{Priority: "urgent"}, {Weight: 101}, {Weight: -1}} {
			var problem actors.Problem
			if _, err := engine.Ask[actors.Info](t.Context(), w.ref(), actors.CampaignMsg(m)); !errors.As(err, &problem) || problem.Status != 422 {
				t.Errorf("%+v: %v", m, err)
			}
		}
		time.Sleep(time.Hour) // its activation ends meanwhile, or not
		w.said()
		w.ref().Tell(actors.StandingOf{Run: words[0].Run})
		if words = w.said(); len(words) == 0 || words[0].Priority != actors.PriorityHigh || words[0].Weight != 70 {
			t.Errorf("%+v", words)
		}
	})
}

// TestARunWithoutQuotaOpensNothing until the channel says that it does, or an operator that it needn't.
func TestARunWithoutQuotaOpensNothing(t *testing.T) {
	const why = "quota: 3 recipients, 0 left this month (limit 1, used 1)"
	for name, release := range map[string]func(w *world){
		"the channel tells": func(w *world) {
			w.hold("")
			w.ref().Tell(actors.ChannelState{Channel: "shop"})
		},
		"it is asked again": func(w *world) { w.hold(""); time.Sleep(11 * time.Second) },
		"the operator has it looked at": func(w *world) {
			w.hold("")
			ask[actors.Info](w, actors.Resume{})
			if words := w.said(); len(words) == 0 || !words[0].Look || words[0].Waived {
				w.t.Errorf("said %+v", words)
			}
		},
		"the operator ignores it": func(w *world) {
			w.hold("") // the channel heeds it
			if i := ask[actors.Info](w, actors.Resume{IgnoreQuota: true}); i.State != actors.StateRunning || i.Reason != "" {
				w.t.Errorf("%+v", i)
			}
			if words := w.said(); len(words) == 0 || !words[0].Waived {
				w.t.Errorf("said %+v", words)
			}
		},
		"after a pause of its own": func(w *world) {
			ask[actors.Info](w, actors.Pause{})
			time.Sleep(time.Minute)
			ask[actors.Info](w, actors.Resume{})
			synctest.Wait()
			if i := ask[actors.Info](w, actors.Show{}); i.State != actors.StatePaused || i.Reason != why || !i.StartedAt.IsZero() {
				w.t.Errorf("%+v", i)
			}
			w.hold("")
			ask[actors.Info](w, actors.Resume{IgnoreQuota: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.hold(why)
				ask[actors.Info](w, w.upload("u"))
				time.Sleep(time.Minute)
				if i := ask[actors.Info](w, actors.Show{}); i.State != actors.StatePaused || i.Reason != why || !i.StartedAt.IsZero() {
					t.Fatalf("%+v", i)
				}
				for _, m := range w.said() {
					if m.Begun || m.Unsettled != 3 || m.Standing != actors.RunActive {
						t.Fatalf("said %+v", m)
					}
				}
				release(w)
				if m, ok := w.composers.Wait(1).ComposerMsg.(actors.Compose); !ok || m.Window != 1 {
					t.Errorf("%+v", w.composers.Wait(1))
				}
				if i := ask[actors.Info](w, actors.Show{}); i.State != actors.StateRunning || i.StartedAt.IsZero() {
					t.Errorf("%+v", i)
				}
			})
		})
	}
}

// TestAResumeThatFindsTooLittleOpensNothing: the window waits for the channel's answer, which it had before.
func TestAResumeThatFindsTooLittleOpensNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		accept := w.upload("u")
		accept.Definition.At = time.Now().Add(5 * time.Minute) // planned by now, and not begun
		ask[actors.Info](w, accept)
		synctest.Wait()
		ask[actors.Info](w, actors.Pause{})
		time.Sleep(10 * time.Minute)
		w.hold("quota: too little")
		ask[actors.Info](w, actors.Resume{})
		time.Sleep(time.Second)
		if i := ask[actors.Info](w, actors.Show{}); !i.StartedAt.IsZero() || i.Reason != "quota: too little" {
			t.Errorf("%+v", i)
		}
	})
}

// TestALateWordOpensNothing: the channel said that it sends, its answer that the run is held came first.
func TestALateWordOpensNothing(t *testing.T) {
	for reason, hold := range map[string]func(w *world, why string){
		"quota: too little":       func(w *world, why string) { w.held = why },
		"channel paused: too bad": func(w *world, why string) { w.paused = strings.TrimPrefix(why, "channel paused: ") },
	} {
		t.Run(reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.set(func() { hold(w, reason) })
				ask[actors.Info](w, w.upload("u"))
				time.Sleep(time.Minute + 500*time.Millisecond) // between two of the questions that the campaign asks the channel
				w.said()
				w.ref().Tell(actors.ChannelState{Channel: "shop"})
				if words := w.said(); len(words) != 1 || words[0].Begun {
					t.Errorf("said %+v", words)
				}
				if i := ask[actors.Info](w, actors.Show{}); i.State != actors.StatePaused || i.Reason != reason || !i.StartedAt.IsZero() {
					t.Errorf("%+v", i)
				}
				w.set(func() { hold(w, "") })
				now := time.Now()
				w.ref().Tell(actors.ChannelState{Channel: "shop"})
				if m := w.composers.Wait(1); !m.at.Equal(now) {
					t.Errorf("opened %v after the word", m.at.Sub(now))
				}
			})
		})
	}
}

// TestAChannelsWordBeforeTheRun is no reason to ask.
func TestAChannelsWordBeforeTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		accept := w.upload("u")
		accept.Definition.At = time.Now().Add(time.Hour)
		ask[actors.Info](w, accept)
		w.pauseChannel("quota")
		w.pauseChannel("")
		if words := w.said(); len(words) > 0 {
			t.Errorf("said %+v", words)
		}
	})
}
