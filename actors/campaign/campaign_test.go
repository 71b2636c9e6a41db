package campaign_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/plan"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// world is a campaign and its checker; channel and composers are played.
type world struct {
	t         *testing.T
	sys       *engine.System
	store     *journal.Memory
	composers *enginetest.Probe[told]
	local     *campaign.Local

	mu     sync.Mutex
	paused string         // the channel's pause
	fatal  string         // the point at which the campaign fails next
	passed map[string]int // how often a campaign came to a point
	held   string         // why the run may not send
	words  []actors.RunStanding
}

type told struct {
	actors.ComposerMsg
	at time.Time
}

func newWorld(t *testing.T) *world {
	return newWorldWith(t, func(k *checker.Checker) durableChecker { return k })
}

type durableChecker = engine.Durable[actors.CheckerMsg, checker.Event]

// newWorldWith has the checker wrapped.
func newWorldWith(t *testing.T, wrap func(*checker.Checker) durableChecker) *world {
	return newWorldOf(t, wrap, func(*campaign.Deps) {})
}

// newWorldOf has the campaign's dependencies changed, too.
func newWorldOf(t *testing.T, wrap func(*checker.Checker) durableChecker, change func(*campaign.Deps)) *world {
	reg := codec.NewRegistry()
	campaign.Register(reg)
	checker.Register(reg)
	w := &world{t: t, store: enginetest.NewStore(), passed: map[string]int{}}
	w.sys = enginetest.NewSystem(t, enginetest.Options{Store: w.store, Messages: reg, Log: enginetest.Silence})
	w.composers = enginetest.NewProbe[told](t, w.sys, "composers")
	checker.Listen()
	engine.ServeDurable(w.sys, actors.Checkers, func(string) durableChecker { return wrap(checker.New(checker.Deps{})) })
	engine.Serve(w.sys, actors.Channels, func(string) engine.Actor[actors.ChannelMsg] { return channels{w} })
	engine.Serve(w.sys, actors.Composers, func(string) engine.Actor[actors.ComposerMsg] { return composers{w} })
	deps := campaign.Deps{Objects: w.store, Plan: func(campaign.PlanJob) (plan.Table, error) {
		return plan.Table{Recipients: 3, Chunks: []plan.Entry{{Count: 3, Mode: plan.Push}}}, nil
	}, Crash: w.reach}
	change(&deps)
	w.local = campaign.Serve(w.sys, deps)
	return w
}

// dieAt has the campaign fail when it comes to a point.
func (w *world) dieAt(point string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fatal = point
}

func (w *world) reach(point string) {
	w.mu.Lock()
	w.passed[point]++
	fails := point == w.fatal
	if fails {
		w.fatal = ""
	}
	w.mu.Unlock()
	if fails {
		panic(point)
	}
}

type channels struct{ w *world }

func (a channels) Handle(c *engine.Context[actors.ChannelMsg], m actors.ChannelMsg) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	switch m := m.(type) {
	case actors.DescribeChannel:
		a.w.words = append(a.w.words, m.Standing)
		c.Respond(actors.ChannelInfo{Paused: a.w.paused, Held: a.w.held})
	case actors.RunStanding:
		a.w.words = append(a.w.words, m)
	}
}

type composers struct{ w *world }

func (a composers) Handle(c *engine.Context[actors.ComposerMsg], m actors.ComposerMsg) {
	a.w.composers.Tell(told{m, c.Now()})
}

func (w *world) ref() engine.Ref[actors.CampaignMsg] { return actors.Campaigns.Ref(w.sys, "c") }

func ask[R any](w *world, m actors.CampaignMsg) R {
	w.t.Helper()
	r, err := engine.Ask[R](w.t.Context(), w.ref(), m)
	if err != nil {
		w.t.Fatalf("%T: %v", m, err)
	}
	return r
}

// pauseChannel stops or starts the channel, which says so.
func (w *world) pauseChannel(reason string) {
	w.mu.Lock()
	w.paused = reason
	w.mu.Unlock()
	w.ref().Tell(actors.ChannelState{Channel: "shop", Paused: reason})
	synctest.Wait()
}

// upload stores an audience and returns what accepts it.
func (w *world) upload(name string) actors.Accept {
	w.t.Helper()
	if ticket := ask[actors.UploadTicket](w, actors.BeginUpload{Upload: name}); !ticket.Go {
		w.t.Fatalf("%+v", ticket)
	}
	data := []byte("three rows")
	if err := w.store.Put(w.t.Context(), campaign.PartName(name, 0), data); err != nil {
		w.t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return actors.Accept{Upload: name, Definition: actors.Definition{Name: "n", Channel: "shop"},
		Audience: actors.Audience{Rows: 3, Parts: 1, PartsSHA256: sum[:]}}
}

func TestUploadMayBeBegunTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		accept := w.upload("u")
		if ticket := ask[actors.UploadTicket](w, actors.BeginUpload{Upload: "u"}); !ticket.Go { // its first answer was lost
			t.Fatalf("%+v", ticket)
		}
		synctest.Wait()
		if i := ask[actors.Info](w, accept); i.State.Final() || i.Totals.Sum() != 3 {
			t.Errorf("%+v", i)
		}
	})
}

func TestAcceptMayBeRepeatedWhileItIsVerified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		accept := w.upload("u")
		answers := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := engine.Ask[actors.Info](t.Context(), w.ref(), actors.CampaignMsg(accept))
				answers <- err
			}()
		}
		for range 2 {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestSilentUploadIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first := w.upload("u1")
		var problem actors.Problem
		if _, err := engine.Ask[actors.UploadTicket](t.Context(), w.ref(), actors.CampaignMsg(actors.BeginUpload{Upload: "u2"})); !errors.As(err,
			&problem) || problem.Status != 409 {
			t.Fatalf("a second upload beside a live one: %v", err)
		}
		time.Sleep(actors.UploadPatience)
		second := w.upload("u2")
		if _, err := engine.Ask[actors.Info](t.Context(), w.ref(), actors.CampaignMsg(first)); !errors.As(err, &problem) || problem.Status != 409 {
			t.Errorf("the replaced upload is accepted: %v", err)
		}
		synctest.Wait()
		if _, err := w.store.Get(t.Context(), campaign.PartName("u1", 0)); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("what it stored: %v", err)
		}
		ask[actors.Info](w, second)
	})
}

func TestDamagedAudienceIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		accept := w.upload("u")
		accept.Audience.PartsSHA256 = []byte("other")
		var problem actors.Problem
		if _, err := engine.Ask[actors.Info](t.Context(), w.ref(), actors.CampaignMsg(accept)); !errors.As(err,
			&problem) || problem.Status != 503 || problem.Detail != campaign.ErrIncomplete.Error()+"; repeat the request" {
			t.Errorf("%v", err)
		}
	})
}

// TestChannelPauseTakesBackAndIsNoSilence: a pause may outlast the windows, and after it a re-drive would put every held path in doubt.
func TestChannelPauseTakesBackAndIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ask[actors.Info](w, w.upload("u"))
		if m, ok := w.composers.Wait(1).ComposerMsg.(actors.Compose); !ok || m.Number != 0 || len(m.Paths) != 1 {
			t.Fatalf("%+v", w.composers.Wait(1))
		}
		w.pauseChannel("quota")
		if _, ok := w.composers.Wait(2).ComposerMsg.(actors.ReturnWindow); !ok {
			t.Fatalf("%+v", w.composers.Wait(2))
		}
		time.Sleep(10*time.Minute + 500*time.Millisecond) // between two of the questions that the campaign asks the channel
		w.pauseChannel("")
		resumed := time.Now()
		time.Sleep(actors.StallAfter + time.Second)
		again := w.composers.Wait(3)
		if m, ok := again.ComposerMsg.(actors.Compose); !ok || m.Number == 0 {
			t.Fatalf("%+v", again)
		}
		if after := again.at.Sub(resumed); after < actors.StallAfter || after > actors.StallAfter+time.Second {
			t.Errorf("sent again %v after the resume, want 60s", after)
		}
	})
}

// TestWhatALeavingPosterKnowsIsToldBeforeItIsAskedFor: the checker hears of an acceptance from the campaign, and only what nobody knows of
// is sent again.
func TestWhatALeavingPosterKnowsIsToldBeforeItIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ask[actors.Info](w, w.upload("u"))
		m, ok := w.composers.Wait(1).ComposerMsg.(actors.Compose)
		if !ok {
			t.Fatalf("%+v", w.composers.Wait(1))
		}
		known, lost := actors.Span{Lo: 0, Hi: 1}, actors.Span{Lo: 1, Hi: 2}
		w.ref().Tell(actors.Dropped{Run: m.Run, Window: m.Window, Paths: []actors.Span{known}, Reports: []actors.Report{
			{Run: m.Run, Window: m.Window, Path: known, What: actors.PathAccepted, Tries: 1},
		}})
		w.ref().Tell(actors.Dropped{Run: m.Run, Window: m.Window, Paths: []actors.Span{lost}})
		again, ok := w.composers.Wait(2).ComposerMsg.(actors.Compose)
		if !ok || !again.Part || len(again.Paths) != 1 || again.Paths[0].Span != lost {
			t.Errorf("sent again: %+v, want only %v", w.composers.Wait(2).ComposerMsg, lost)
		}
		time.Sleep(time.Second)
		if i := ask[actors.Info](w, actors.Show{}); i.Totals[actors.Delivered] != 1 {
			t.Errorf("%+v", i.Totals)
		}
	})
}

// lateChecker hears of what left with a poster a second late, as one does that moves meanwhile.
type lateChecker struct{ *checker.Checker }

type lateReport struct{ actors.Report }

func (k lateChecker) Handle(c *engine.Context[actors.CheckerMsg], m actors.CheckerMsg) {
	switch m := m.(type) {
	case actors.Report:
		c.After(time.Second, lateReport{m})
	case lateReport:
		k.Checker.Handle(c, m.Report)
	default:
		k.Checker.Handle(c, m)
	}
}

// TestWhatALeavingPosterKnowsComesWithTheQuestion: it isn't sent again though the question overtakes the word of it, also where the campaign
// moves before it has asked.
func TestWhatALeavingPosterKnowsComesWithTheQuestion(t *testing.T) {
	for name, moves := range map[string]bool{"stays": false, "moves": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorldWith(t, func(k *checker.Checker) durableChecker { return lateChecker{k} })
				ask[actors.Info](w, w.upload("u"))
				m, ok := w.composers.Wait(1).ComposerMsg.(actors.Compose)
				if !ok {
					t.Fatalf("%+v", w.composers.Wait(1))
				}
				time.Sleep(6500 * time.Millisecond) // it can vouch for the others, and nothing else has it ask
				known := actors.Span{Lo: 1, Hi: 2}
				w.ref().Tell(actors.Dropped{Run: m.Run, Window: m.Window, Paths: []actors.Span{{Lo: 0, Hi: 2}}, Reports: []actors.Report{
					{Run: m.Run, Window: m.Window, Path: known, What: actors.PathRefused, Tries: 1},
				}})
				synctest.Wait()
				if moves {
					ctx, cancel := context.WithTimeout(t.Context(), 800*time.Millisecond)
					defer cancel()
					w.sys.Vacate(ctx, engine.Departure{Role: actors.RoleComposer, Group: func(string) int { return 0 }})
				}
				again, ok := w.composers.Wait(2).ComposerMsg.(actors.Compose)
				if !ok || !again.Part || slices.ContainsFunc(again.Paths, func(p actors.Path) bool { return p.Span.Contains(known) }) {
					t.Errorf("sent again: %+v, want nothing of %v", w.composers.Wait(2).ComposerMsg, known)
				}
				time.Sleep(2 * time.Second)
				if i := ask[actors.Info](w, actors.Show{}); i.Totals[actors.Failed] != 1 {
					t.Errorf("%+v", i.Totals)
				}
			})
		})
	}
}

// countingChecker tells how many reports a question brings.
type countingChecker struct {
	*checker.Checker
	brought *int
}

func (k countingChecker) Handle(c *engine.Context[actors.CheckerMsg], m actors.CheckerMsg) {
	if m, ok := m.(actors.Unsettled); ok {
		*k.brought = len(m.Reports)
	}
	k.Checker.Handle(c, m)
}

// TestWhatAQuestionBringsIsBounded: a packet that is too large would never arrive.
func TestWhatAQuestionBringsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		brought := -1
		w := newWorldWith(t, func(k *checker.Checker) durableChecker { return countingChecker{k, &brought} })
		ask[actors.Info](w, w.upload("u"))
		m, ok := w.composers.Wait(1).ComposerMsg.(actors.Compose)
		if !ok {
			t.Fatalf("%+v", w.composers.Wait(1))
		}
		r := actors.Report{Run: m.Run, Window: m.Window, Path: actors.Span{Lo: 0, Hi: 1}, What: actors.PathAccepted}
		reports := []actors.Report{r} // which is told only: to send it again costs a call, and puts nothing in doubt
		for r.What = actors.PathRefused; len(reports) < 3000; {
			reports = append(reports, r)
		}
		w.ref().Tell(actors.Dropped{Run: m.Run, Window: m.Window, Paths: []actors.Span{{Lo: 0, Hi: 2}}, Reports: reports[:1]})
		time.Sleep(time.Second)
		synctest.Wait()
		if brought != 0 {
			t.Errorf("a question brought %d reports of what was accepted", brought)
		}
		w.ref().Tell(actors.Dropped{Run: m.Run, Window: m.Window, Paths: []actors.Span{{Lo: 0, Hi: 2}}, Reports: reports})
		time.Sleep(time.Second)
		synctest.Wait()
		if brought != 1000 {
			t.Errorf("a question brought %d reports, want 1000", brought)
		}
	})
}
