package channel_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

// expect compares what a fake recorded.
func (w *world) expect(what string, from *[]string, want ...string) {
	w.t.Helper()
	synctest.Wait()
	if got := take(w, from); fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestUnknownChannelLeavesNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		before, err := w.store.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.refused(actors.DescribeChannel{}, 404)
		w.refused(actors.RemoveChannel{}, 404)
		w.refused(actors.ResumeChannel{}, 404)
		w.refused(actors.Configure{}, 422)
		w.standing("a", actors.RunActive)
		w.expect("the campaign hears", &w.states, `c-a: channel "shop" is not configured`)
		if got := w.tokens(actors.WantTokens{Waiting: waiting("a")}); len(got.Grants) > 0 || len(got.Held) != 1 || got.Paused == "" {
			t.Errorf("%+v", got)
		}
		if after, err := w.store.Stats(t.Context()); err != nil || after != before {
			t.Errorf("stored: %+v, before %+v, %v", after, before, err)
		}
		w.configure(actors.Limits{})
		w.expect("the campaign hears", &w.states, "c-a: ")
	})
}

func TestSettingsAreDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.configure(actors.LINELimits)
		w.set(func() { w.env = nil })
		info := must[actors.ChannelInfo](w, actors.Configure{Settings: settings(actors.Limits{Push: 10})})
		if !strings.Contains(info.Warning, "LINE_TOKEN") {
			t.Errorf("warning %q does not name the variable", info.Warning)
		}
		w.start()
		w.set(func() { w.env = map[string]string{"LINE_TOKEN": "y"} })
		again := must[actors.ChannelInfo](w, actors.DescribeChannel{})
		if again.Settings != info.Settings || !again.Since.Equal(info.Since) || again.Warning != "" || again.Paused != "" {
			t.Errorf("after a restart: %+v, want %+v", again, info)
		}
		must[actors.Done](w, actors.RemoveChannel{})
		w.start()
		w.refused(actors.DescribeChannel{}, 404)
	})
}

func TestChannelInUseIsNotRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.configure(actors.Limits{})
		for _, s := range []actors.Standing{actors.RunActive, actors.RunHeld} {
			w.standing("a", s)
			w.refused(actors.RemoveChannel{}, 409)
		}
		w.standing("a", actors.RunOver)
		must[actors.Done](w, actors.RemoveChannel{})
	})
}

func TestFreshActivationAsksForStandings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.configure(actors.Limits{})
		for range 25 { // 2.5 s
			if got := w.tokens(actors.WantTokens{Waiting: waiting("a")}); len(got.Grants)+len(got.Held)+len(got.Over) > 0 {
				t.Fatalf("a run that nobody told of: %+v", got)
			}
			time.Sleep(100 * time.Millisecond)
		}
		w.expect("asked", &w.asked, "c-a a", "c-a a", "c-a a")
		w.standing("a", actors.RunActive)
		if got := w.tokens(actors.WantTokens{Waiting: waiting("a")}); len(got.Grants) != 1 || !got.Grants[0].Open {
			t.Errorf("an active run without limits: %+v", got)
		}
		if got := w.tokens(actors.WantTokens{}); len(got.Grants) > 0 || got.Setup != settings(actors.Limits{}) {
			t.Errorf("nothing waits: %+v", got)
		}
	})
}

func TestDemandGoesToActiveRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.configure(actors.Limits{})
		want := func(run string, window uint32, bytes int) {
			w.tell(actors.WantDemand{Composer: actors.ComposerID(run, window), Campaign: "c-" + run, Run: run, Window: window, Bytes: bytes})
		}
		want("a", 1, 600)
		time.Sleep(1500 * time.Millisecond)
		w.expect("granted", &w.grants)
		w.expect("asked", &w.asked, "c-a a", "c-a a")
		w.standing("a", actors.RunHeld)
		w.expect("granted", &w.grants)
		w.standing("a", actors.RunActive)
		w.expect("granted", &w.grants, "a/1 600")
		w.standing("b", actors.RunActive)
		want("a", 2, 600)
		want("b", 1, 100)
		w.expect("granted while the first waits for room", &w.grants)
		w.tokens(actors.WantTokens{Freed: []actors.Freed{{Run: "a", Window: 1, Bytes: 200}}})
		w.expect("granted", &w.grants, "a/2 600")
		w.tell(actors.WindowDone{Run: "a", Window: 1})
		w.expect("granted", &w.grants, "b/1 100")
		want("b", 2, 5000)
		w.expect("granted", &w.grants)
		w.standing("a", actors.RunOver)
		w.tokens(actors.WantTokens{Freed: []actors.Freed{{Run: "b", Window: 1, Bytes: 100}}})
		w.expect("larger than the budget, alone", &w.grants, "b/2 5000")
		w.tell(actors.WantDemand{Composer: "b/2", Campaign: "c-b", Run: "b", Window: 2, Bytes: 100, Anew: true})
		w.expect("a re-drive", &w.grants, "b/2 100")
		want("a", 3, 1)
		w.expect("a run that is over", &w.grants)
	})
}

func TestReportsOfAQuestionCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.configure(actors.Limits{})
		w.standing("a", actors.RunActive)
		for window, granted := range [][]string{{"0 500"}, {"1 500"}, nil} { // one after the other: what two composers hear has no order
			w.tell(actors.WantDemand{Composer: fmt.Sprint(window), Campaign: "c-a", Run: "a", Window: uint32(window), Bytes: 500})
			w.expect("granted", &w.grants, granted...)
		}
		freed := actors.WantTokens{Seq: 7, Freed: []actors.Freed{{Run: "a", Window: 0, Bytes: 250}}}
		w.tokens(freed)
		w.tokens(freed)
		w.expect("granted after half was freed, told twice", &w.grants)
		freed.Seq++
		w.tokens(freed)
		w.expect("granted", &w.grants, "2 500")
	})
}

func TestUnauthorizedPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.set(func() { w.env = nil })
		w.configure(actors.Limits{})
		w.standing("a", actors.RunActive)
		w.standing("b", actors.RunHeld)
		w.expect("told", &w.states, "c-a: ", "c-b: ")
		w.set(func() { w.err = fmt.Errorf("401") })

		began := time.Now()
		got := w.tokens(trouble(provider.Unauthorized, "invalid token"))
		const reason = "the channel access token was refused: invalid token"
		if len(got.Grants) > 0 || len(got.Held) != 1 || got.Paused != reason {
			t.Errorf("answer with the trouble: %+v", got)
		}
		w.expect("told", &w.states, "c-a: "+reason, "c-b: "+reason)
		w.tokens(trouble(provider.Unauthorized, "again"))
		w.expect("told", &w.states)
		if info := must[actors.ChannelInfo](w, actors.DescribeChannel{}); info.Paused != reason || !info.Since.Equal(began) || info.Warning == "" {
			t.Errorf("%+v", info)
		}

		time.Sleep(10 * time.Second)
		w.set(func() { w.err = nil })
		w.standing("late", actors.RunActive)
		w.expect("told", &w.states, "c-late: "+reason)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		var at []time.Duration
		for _, p := range take(w, &w.probes) {
			at = append(at, p.Sub(began))
		}
		if fmt.Sprint(at) != "[1s 3s 7s 15s]" {
			t.Errorf("probes at %v", at)
		}
		w.expect("told", &w.states, "c-a: ", "c-b: ", "c-late: ")
		if got := w.tokens(actors.WantTokens{Waiting: waiting("a", "b")}); len(got.Grants) != 1 || fmt.Sprint(got.Held) != "[b]" {
			t.Errorf("after the pause: %+v", got)
		}
	})
}

func TestQuotaPauseOutlivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.configure(actors.Limits{})
		w.standing("a", actors.RunActive)
		w.set(func() { w.quota = provider.Quota{Limited: true, Limit: 10, Used: 10} })
		w.tokens(trouble(provider.OverQuota, ""))
		w.standing("b", actors.RunActive)
		w.expect("told", &w.states, "c-a: ", "c-a: monthly limit reached", "c-b: monthly limit reached")

		w.start()
		if info := must[actors.ChannelInfo](w, actors.DescribeChannel{}); info.Paused != "monthly limit reached" {
			t.Fatalf("after a restart: %+v", info)
		}
		began := time.Now()
		time.Sleep(5 * time.Minute)
		probes := take(w, &w.probes)
		if n := len(probes); n != 9 || probes[n-1].Sub(probes[n-2]) != time.Minute || probes[0].Sub(began) != time.Second {
			t.Errorf("probes at %v", probes)
		}
		w.set(func() { w.quota.Limit = 11 })
		time.Sleep(10 * time.Second)
		w.expect("those who were told before the restart hear of the end", &w.states, "c-a: ", "c-b: ")

		time.Sleep(30 * time.Second)
		take(w, &w.probes)
		w.tokens(trouble(provider.OverQuota, "You have reached your monthly limit."))
		time.Sleep(59 * time.Second)
		if n := len(take(w, &w.probes)); n > 0 {
			t.Errorf("%d probes in the minute after a probe's resume had been wrong", n)
		}
	})
}

func TestOperatorResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.configure(actors.Limits{})
		w.standing("a", actors.RunActive)
		w.set(func() { w.err = fmt.Errorf("401") })
		w.tokens(trouble(provider.Unauthorized, ""))
		if info := must[actors.ChannelInfo](w, actors.ResumeChannel{}); info.Paused != "" {
			t.Errorf("%+v", info)
		}
		w.expect("told", &w.states, "c-a: ", "c-a: the channel access token was refused", "c-a: ")
		time.Sleep(time.Hour)
		if n := len(take(w, &w.probes)); n > 0 {
			t.Errorf("%d probes after the pause", n)
		}
		must[actors.ChannelInfo](w, actors.ResumeChannel{})
		w.expect("told", &w.states)
		w.start()
		if info := must[actors.ChannelInfo](w, actors.DescribeChannel{}); info.Paused != "" {
			t.Errorf("after a restart: %+v", info)
		}
	})
}

func TestNewSettingsAreProbedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.configure(actors.Limits{})
		w.set(func() { w.err = fmt.Errorf("401") })
		w.tokens(trouble(provider.Unauthorized, ""))
		time.Sleep(10 * time.Minute)
		w.set(func() { w.err, w.env = nil, map[string]string{"NEW_TOKEN": "z"} })
		s := settings(actors.Limits{})
		s.TokenEnv = "NEW_TOKEN"
		must[actors.ChannelInfo](w, actors.Configure{Settings: s})
		time.Sleep(1001 * time.Millisecond)
		if info := must[actors.ChannelInfo](w, actors.DescribeChannel{}); info.Paused != "" {
			t.Errorf("%+v", info)
		}
	})
}
