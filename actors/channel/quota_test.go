package channel_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

// needs is a run's word that it may send, to so many.
func needs(run string, n uint32) actors.RunStanding {
	return actors.RunStanding{Campaign: "c-" + run, Run: run, Standing: actors.RunActive, Unsettled: n}
}

func begun(run string, n uint32) actors.RunStanding {
	m := needs(run, n)
	m.Begun = true
	return m
}

func over(run string) actors.RunStanding {
	return actors.RunStanding{Campaign: "c-" + run, Run: run, Standing: actors.RunOver, Begun: true}
}

// described is what a run's campaign is answered.
func (w *world) described(m actors.RunStanding) actors.ChannelInfo {
	w.t.Helper()
	return must[actors.ChannelInfo](w, actors.DescribeChannel{Standing: m})
}

func (w *world) setQuota(limit, used int64) {
	w.set(func() { w.quota = provider.Quota{Limited: true, Limit: limit, Used: used} })
}

func quotaWorld(t *testing.T, f func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.configure(actors.Limits{})
		w.setQuota(1000, 700)
		f(w)
	})
}

// TestQuotaIsReservedBeforeAStart: what older runs need is not left for younger ones, and who needs more than is left waits.
func TestQuotaIsReservedBeforeAStart(t *testing.T) {
	quotaWorld(t, func(w *world) {
		if info := w.described(needs("1", 1200)); info.Held != "quota: 1200 recipients, 300 left this month (limit 1000, used 700)" || info.Paused != "" {
			t.Errorf("%+v", info)
		}
		if info := w.described(needs("2", 200)); info.Held != "" || info.Runs != 1 {
			t.Errorf("the one that waits reserves nothing: %+v", info)
		}
		if info := w.described(needs("3", 101)); info.Held != "quota: 101 recipients, 100 left this month (limit 1000, used 700, reserved 200)" {
			t.Errorf("%+v", info)
		}
		if info := w.described(needs("4", 100)); info.Held != "" {
			t.Errorf("%+v", info)
		}
		info := w.described(needs("4", 100))
		if q := info.Quota; !q.Limited || q.Limit != 1000 || q.Used != 700 || q.Reserved != 300 || !q.Read.Equal(time.Now()) || q.Trouble != "" {
			t.Errorf("%+v", q)
		}
		got := w.tokens(actors.WantTokens{Waiting: waiting("1", "2", "3", "4")})
		if fmt.Sprint(got.Held) != "[1 3]" || len(got.Grants) != 2 {
			t.Errorf("%+v", got)
		}
		if n := len(take(w, &w.probes)); n != 1 {
			t.Errorf("read %d times", n)
		}
	})
}

// TestQuotaIsReadAgain: each 10 minutes while runs send, and who waited is told when it does.
func TestQuotaIsReadAgain(t *testing.T) {
	quotaWorld(t, func(w *world) {
		w.tell(needs("1", 200))
		w.tell(needs("2", 200))
		w.expect("told", &w.states, "c-1: ", "c-2: ", "c-2: quota: 200 recipients, 100 left this month (limit 1000, used 700, reserved 200)")
		w.tell(begun("1", 100)) // a hundred are sent, which is not in the figure
		w.tell(over("1"))
		time.Sleep(10*time.Minute - time.Second)
		w.expect("before it is read again", &w.states)
		w.setQuota(1000, 900)
		time.Sleep(time.Second)
		w.expect("what is used is not left", &w.states, "c-2: quota: 200 recipients, 100 left this month (limit 1000, used 900)")
		w.setQuota(2000, 900)
		time.Sleep(10 * time.Minute)
		w.expect("a larger plan", &w.states, "c-2: ")
		w.setQuota(2000, 2000)
		w.tell(begun("2", 199))
		time.Sleep(10 * time.Minute)
		w.expect("a run that has begun goes on", &w.states)
		w.expect("but is asked what it still needs, for the others' sake", &w.asked, "c-2 2")
		w.tell(over("2"))
		take(w, &w.probes)
		time.Sleep(time.Hour)
		if n := len(take(w, &w.probes)); n > 0 {
			t.Errorf("read %d times for nobody", n)
		}
		w.tell(needs("3", 1))
		w.expect("an old figure is read anew", &w.states, "c-3: ", "c-3: quota: 1 recipients, 0 left this month (limit 2000, used 2000)")
	})
}

// TestOperatorHasTheQuotaRead: by the channel's or the campaign's resume.
func TestOperatorHasTheQuotaRead(t *testing.T) {
	quotaWorld(t, func(w *world) {
		w.tell(needs("1", 400))
		w.expect("told", &w.states, "c-1: ", "c-1: quota: 400 recipients, 300 left this month (limit 1000, used 700)")
		w.setQuota(1000, 650)
		must[actors.ChannelInfo](w, actors.ResumeChannel{})
		w.expect("told", &w.states, "c-1: quota: 400 recipients, 350 left this month (limit 1000, used 650)")
		w.setQuota(1000, 600)
		look := needs("1", 400)
		look.Look = true
		w.tell(look)
		w.expect("told", &w.states, "c-1: ")
		w.setQuota(1000, 700)
		w.tell(look)
		w.expect("told", &w.states, "c-1: quota: 400 recipients, 300 left this month (limit 1000, used 700)")
		waived := needs("1", 400)
		waived.Waived = true
		w.tell(waived)
		w.expect("told", &w.states, "c-1: ")
	})
}

// TestQuotaThatCantBeRead is a warning, and stops nothing; a description waits for the answer no longer than quotaTimeout.
func TestQuotaThatCantBeRead(t *testing.T) {
	quotaWorld(t, func(w *world) {
		w.set(func() { w.err = errors.New("no answer") })
		info := w.described(needs("1", 5000))
		if info.Held != "" || info.Paused != "" || info.Quota.Trouble != "the quota could not be read: no answer" || !info.Quota.Read.IsZero() {
			t.Errorf("%+v", info)
		}
		w.set(func() { w.took = time.Hour })
		asked := time.Now()
		if info := w.described(needs("2", 5000)); info.Held != "" || !strings.Contains(info.Quota.Trouble, "deadline") {
			t.Errorf("%+v", info)
		}
		if d := time.Since(asked); d != 5*time.Second {
			t.Errorf("answered after %v", d)
		}
		asked = time.Now()
		w.set(func() { w.took, w.err = 2*time.Second, nil })
		if info := w.described(needs("3", 5000)); info.Held == "" || info.Quota.Trouble != "" || time.Since(asked) != 2*time.Second {
			t.Errorf("after %v: %+v", time.Since(asked), info)
		}
		w.expect("nobody who has not begun may send", &w.states,
			"c-1: quota: 5000 recipients, 300 left this month (limit 1000, used 700)",
			"c-2: quota: 5000 recipients, 300 left this month (limit 1000, used 700)",
			"c-3: quota: 5000 recipients, 300 left this month (limit 1000, used 700)")
	})
}

// TestOneQuestionAboutTheQuotaAtATime: also of a pause's probes.
func TestOneQuestionAboutTheQuotaAtATime(t *testing.T) {
	quotaWorld(t, func(w *world) {
		w.set(func() { w.took, w.err = 3*time.Second, errors.New("away") })
		for i := range 20 {
			w.tell(needs(fmt.Sprint(i), 10))
			if i == 5 {
				w.tokens(trouble(provider.OverQuota, "")) // probes begin
			}
			time.Sleep(500 * time.Millisecond)
		}
		for range 5 {
			must[actors.ChannelInfo](w, actors.ResumeChannel{})
			w.tokens(trouble(provider.OverQuota, ""))
			time.Sleep(time.Second)
		}
		time.Sleep(time.Hour)
		w.set(func() {
			if w.most != 1 {
				t.Errorf("%d questions at once", w.most)
			}
		})
		if n := len(take(w, &w.probes)); n < 10 {
			t.Errorf("only %d questions", n)
		}
	})
}

// TestUnlimitedQuota holds nobody, and a run that tells nothing of what it needs isn't asked about.
func TestUnlimitedQuota(t *testing.T) {
	quotaWorld(t, func(w *world) {
		w.standing("0", actors.RunActive)
		synctest.Wait()
		if n := len(take(w, &w.probes)); n > 0 {
			t.Errorf("read %d times", n)
		}
		w.set(func() { w.quota = provider.Quota{Used: 10_000} })
		if info := w.described(needs("1", 1<<31)); info.Held != "" || info.Quota.Limited || info.Quota.Reserved != 1<<31 {
			t.Errorf("%+v", info)
		}
	})
}

// TestRanksTravel: a gate is told how the runs of its grants stand.
func TestRanksTravel(t *testing.T) {
	quotaWorld(t, func(w *world) {
		m := needs("1", 1)
		m.Priority, m.Weight = actors.PriorityLow, 7
		w.tell(m)
		w.standing("0", actors.RunActive)
		got := w.tokens(actors.WantTokens{Waiting: waiting("1", "0")})
		if len(got.Grants) != 2 || got.Grants[0].Run != "0" || got.Grants[0].Weight != actors.DefaultWeight ||
			got.Grants[1].Priority != actors.PriorityLow || got.Grants[1].Weight != 7 {
			t.Errorf("%+v", got.Grants)
		}
	})
}
