package webhook_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/webhook"
	"hayauma.example/engine"
)

// want waits until everything is quiet, and compares what came.
func (w *world) want(text string) []delivery {
	w.Helper()
	synctest.Wait()
	got := w.receiver.all()
	if types(got) != text {
		w.Errorf("delivered %s\n     want %s", types(got), text)
	}
	return got
}

func lost(index uint32, o actors.Outcome, reason string) checker.Settled {
	return checker.Settled{Entries: []checker.Entry{{Path: actors.Span{Lo: index, Hi: index + 1}, Window: 1, Outcome: o, Reason: reason}}}
}

func TestWhatIsDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.run("old", "shop")
		w.campaign("old", campaign.WindowOpened{Number: 1, At: time.Now()})
		w.add(settings("crm"))
		w.want("") // it begins at the present end
		w.campaign("old", finished(4, 0))
		got := w.want("finished:old")
		w.run("a", "shop")
		got = append(got, w.want("recipients.failed:a")...)
		w.campaign("a", campaign.WindowOpened{Number: 1, At: time.Now()}, campaign.Paused{})
		w.campaign("a", campaign.Resumed{})
		got = append(got, w.want("started:a paused:a resumed:a")...)
		w.checker("run-a", lost(1, actors.Failed, "bad user"), lost(2, actors.Unknown, "in doubt"))
		got = append(got, w.want("recipients.failed:a recipients.failed:a")...)
		var said []string
		for _, d := range got {
			said = append(said, d.Campaign.State)
			for _, r := range d.Data.Recipients {
				said = append(said, fmt.Sprint(r))
			}
			if d.Campaign.Name != "spring sale" || d.Campaign.Channel != "shop" || d.Campaign.Run != "run-"+d.Campaign.ID || !d.At.Equal(time.Now()) {
				t.Errorf("the campaign is told as %s", d.body)
			}
		}
		if s := strings.Join(said, " "); s != "finished running {U3 3 failed could not be rendered: too long} running paused running "+
			"running {U1 1 failed bad user} running {U2 2 unknown in doubt}" {
			t.Errorf("states and recipients: %s", s)
		}
		if d := got[0].Data; d.State != "finished" || d.Totals.Delivered != 4 || d.Totals.Accepted != 4 || d.FinishedAt.IsZero() {
			t.Errorf("the end is told as %s", got[0].body)
		}
		time.Sleep(time.Minute)
		w.want("progress:a")
		w.campaign("a", finished(3, 1))
		w.campaign("a", finished(4, 0))
		if got := w.want("finished:a finished:a"); got[0].ID == got[1].ID || got[1].Data.Totals.Delivered != 4 {
			t.Errorf("the amended end is told as %s", got[1].body)
		}
		if i := w.info("crm"); i.Delivered != 10 || i.State != actors.WebhookDelivering || !i.Oldest.IsZero() || i.Reason != "" {
			t.Errorf("shown as %+v", i)
		}
	})
}

func TestOnlyWhatIsWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		some := settings("some")
		some.Events, some.Channel = []string{webhook.CampaignFinished, webhook.CampaignPaused}, "shop"
		w.add(some)
		for _, ch := range []string{"shop", "other"} {
			w.run(ch, ch)
			w.campaign(ch, campaign.WindowOpened{Number: 1}, campaign.Paused{}, finished(4, 0))
		}
		w.want("paused:shop finished:shop")
		time.Sleep(100 * time.Millisecond) // less than until it records again
		w.campaign("shop", campaign.Paused{})
		w.want("paused:shop")
		some.Events = []string{webhook.CampaignStarted, webhook.CampaignPaused}
		w.add(some) // a change repeats nothing, and what came before is not told of
		w.campaign("shop", campaign.Paused{})
		w.want("paused:shop")
		if i := w.info("some"); i.Delivered != 4 || i.GivenUp != 0 {
			t.Errorf("shown as %+v", i)
		}
	})
}

// One fails for good: the pauses grow from 1 s to 8 min, jitter makes them up to a quarter longer, and after 3 days it is given up.
func TestBackoff(t *testing.T) {
	for _, jitter := range []float64{0, 1} {
		t.Run(fmt.Sprint(jitter), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.jitter = jitter
				w.receiver.answers(func(delivery) (int, error) { return 500, nil })
				w.add(settings("crm"))
				begin := time.Now()
				w.campaign("b", accepted("shop"), campaign.Paused{})
				time.Sleep(72*time.Hour - time.Minute)
				synctest.Wait()
				var want time.Duration
				tries := w.receiver.all()
				for i, d := range tries {
					if got := d.at.Sub(begin); got != want || d.ID != tries[0].ID || d.body != tries[0].body {
						t.Fatalf("try %d was after %v, want %v, and says %s", i, got, want, d.body)
					}
					pause := min(time.Second<<min(i, 20), 8*time.Minute)
					want += pause + time.Duration(jitter*float64(pause)/4)
				}
				if i := w.info("crm"); i.State != actors.WebhookRetrying || !i.Since.Equal(begin) || !strings.Contains(i.Reason, "500 Internal") ||
					!i.Oldest.Equal(begin.Truncate(time.Millisecond)) || i.GivenUp != 0 || len(tries) < 400 {
					t.Errorf("after %d tries shown as %+v", len(tries), i)
				}
				time.Sleep(11 * time.Minute)
				synctest.Wait()
				if i := w.info("crm"); i.GivenUp != 1 || i.Delivered != 0 || !i.Oldest.IsZero() || w.log.count("deliveries given up") != 1 {
					t.Errorf("after 3 days shown as %+v", i)
				}
				w.receiver.answers(nil)
				w.receiver.all()
				w.campaign("b", campaign.Resumed{})
				time.Sleep(10 * time.Minute)
				w.want("resumed:b")
				if f := &w.figures; f.Sent.Load() != 1 || f.GivenUp.Load() != 1 || f.Failed.Load() < 400 {
					t.Errorf("counted: %d sent, %d given up, %d failed", f.Sent.Load(), f.GivenUp.Load(), f.Failed.Load())
				}
				if i := w.info("crm"); i.State != actors.WebhookDelivering || i.GivenUp != 1 || i.Delivered != 1 {
					t.Errorf("at the end shown as %+v", i)
				}
			})
		})
	}
}

// What is missing on our side is waited for, and nothing is given up.
func TestOurOwnFaultsGiveNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.setSecret("")
		w.add(settings("crm"))
		w.campaign("a", accepted("shop"), campaign.Paused{})
		time.Sleep(100 * time.Hour)
		w.want("")
		if i := w.info("crm"); i.State != actors.WebhookRetrying || !strings.Contains(i.Reason, "SECRET is not set") || i.Warning == "" || i.GivenUp != 0 {
			t.Errorf("shown as %+v", i)
		}
		w.setSecret(secret)
		time.Sleep(10 * time.Minute)
		w.want("paused:a")
	})
}

func TestProgressIsTenSecondsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.add(settings("crm"))
		w.run("a", "shop")
		w.want("recipients.failed:a")
		w.campaign("a", campaign.WindowOpened{Number: 1})
		time.Sleep(20 * time.Second)
		w.want("started:a")
		begin := time.Now()
		for range 65 {
			w.checker("run-a", lost(1, actors.Delivered, ""))
			time.Sleep(time.Second)
		}
		var at []string
		for _, d := range w.want("progress:a progress:a progress:a progress:a progress:a progress:a progress:a") {
			at = append(at, fmt.Sprint(d.at.Sub(begin)))
		}
		if s := strings.Join(at, " "); s != "0s 10s 20s 30s 40s 50s 1m0s" {
			t.Errorf("told at %s", s)
		}
		time.Sleep(time.Hour)
		w.want("progress:a") // the last seconds' figures
		w.checker("run-a", lost(1, actors.Delivered, ""))
		w.want("progress:a")
		w.kill() // who was before may have told them a moment ago
		w.info("crm")
		w.checker("run-a", lost(1, actors.Delivered, ""))
		time.Sleep(10*time.Second - time.Millisecond)
		w.want("")
		time.Sleep(time.Millisecond)
		w.want("progress:a")
		w.checker("run-a", lost(1, actors.Delivered, ""))
		w.want("")
		w.campaign("a", finished(4, 0))
		w.want("finished:a")
		w.checker("run-a", lost(1, actors.Delivered, ""))
		time.Sleep(time.Hour)
		w.want("")
		w.kill() // what is read again doesn't bring it back
		w.checker("run-a", lost(1, actors.Delivered, ""))
		time.Sleep(time.Hour)
		w.want("")
	})
}

func TestGonePauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.receiver.answers(func(d delivery) (int, error) {
			if d.Type == webhook.CampaignResumed {
				return http.StatusGone, nil
			}
			return 200, nil
		})
		w.add(settings("crm"))
		w.campaign("a", accepted("shop"), campaign.Paused{}, campaign.Resumed{}, campaign.Paused{})
		at := time.Now()
		w.want("paused:a resumed:a")
		w.kill()
		time.Sleep(time.Hour)
		w.want("")
		i := w.info("crm")
		if i.State != actors.WebhookPaused || !strings.Contains(i.Reason, "410 Gone") || !i.Since.Equal(at) || i.Oldest.IsZero() || i.Delivered != 1 {
			t.Errorf("shown as %+v", i)
		}
		synctest.Wait()
		w.sys.Cells(func(c engine.CellInfo) bool {
			if c.Kind == "webhook" {
				t.Error("a paused webhook stays in memory")
			}
			return true
		})
		w.receiver.answers(nil)
		w.add(settings("crm"))
		w.want("resumed:a paused:a")
		if i := w.info("crm"); i.State != actors.WebhookDelivering || i.Delivered != 3 {
			t.Errorf("shown as %+v", i)
		}
	})
}

func TestChangedAndRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.receiver.answers(func(d delivery) (int, error) {
			if d.host == "crm.example" {
				return 500, nil
			}
			return 200, nil
		})
		w.add(settings("crm"))
		w.campaign("a", accepted("shop"), campaign.Paused{})
		w.want("paused:a")
		moved := settings("crm")
		moved.URL = "http://new.example/"
		w.add(moved)
		if got := w.want("paused:a"); got[0].host != "new.example" {
			t.Errorf("sent to %s", got[0].host)
		}
		if _, err := w.ask("crm", actors.AddWebhook{Settings: settings("other")}); err == nil {
			t.Error("settings of another were taken")
		}
		time.Sleep(2 * time.Second)
		if _, err := engine.Ask[actors.Done](t.Context(), actors.Webhooks.Ref(w.sys, "crm"), actors.WebhookMsg(actors.RemoveWebhook{})); err != nil {
			t.Fatal(err)
		}
		w.campaign("a", campaign.Resumed{})
		w.kill()
		time.Sleep(time.Hour)
		w.want("")
		for _, m := range []actors.WebhookMsg{actors.DescribeWebhook{}, actors.RemoveWebhook{}} {
			var p actors.Problem
			if _, err := w.ask("crm", m); !errors.As(err, &p) || p.Status != 404 {
				t.Errorf("%T: %v", m, err)
			}
		}
		w.add(moved)
		w.campaign("a", campaign.Paused{})
		w.want("paused:a") // from now on
		if i := w.info("crm"); i.Delivered != 1 {
			t.Errorf("shown as %+v", i)
		}
	})
}

// Every try of a delivery says the same, whatever happens meanwhile.
func TestTriesAreAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		some := settings("crm")
		some.Events = []string{webhook.CampaignProgress}
		w.receiver.answers(func(delivery) (int, error) { return 500, nil })
		w.add(some)
		w.run("a", "shop")
		w.checker("run-a", lost(1, actors.Delivered, ""))
		time.Sleep(10 * time.Second)
		first := w.want("progress:a")
		w.campaign("a", campaign.Paused{})
		time.Sleep(time.Second)
		if again := w.want("progress:a"); again[0].body != first[0].body || first[0].Campaign.State != "running" {
			t.Errorf("the first try said %s, the second %s", first[0].body, again[0].body)
		}
	})
}

func TestATestIsBesideTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.receiver.answers(func(d delivery) (int, error) {
			if d.Type != webhook.Tested {
				return 500, nil
			}
			return 204, nil
		})
		w.add(settings("crm"))
		w.campaign("a", accepted("shop"), campaign.Paused{})
		w.want("paused:a")
		test := func() actors.WebhookTested {
			a, err := engine.Ask[actors.WebhookTested](t.Context(), actors.Webhooks.Ref(w.sys, "crm"), actors.WebhookMsg(actors.TestWebhook{}))
			return must(w, a, err)
		}
		if a := test(); a.Status != 204 || a.Error != "" || a.ID == "" {
			t.Errorf("tested: %+v", a)
		}
		w.want("webhook.test:-")
		w.receiver.answers(func(delivery) (int, error) { return -1, nil })
		if a := test(); a.Status != 0 || !strings.Contains(a.Error, "no answer in time") || a.Took != 8*time.Second {
			t.Errorf("tested: %+v", a)
		}
		synctest.Wait()
		w.setSecret("")
		if a := test(); !strings.Contains(a.Error, "SECRET is not set") {
			t.Errorf("tested: %+v", a)
		}
	})
}
