package campaign_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// TestAnOccurrenceIsWhatItsSeriesIs: from its first moment, and not what an operator has made of it alone.
func TestAnOccurrenceIsWhatItsSeriesIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		occur := actors.Occur{Series: "s", Upload: "u", Definition: actors.Definition{Name: "n", Channel: "shop"}, Audience: actors.Audience{Rows: 3, Parts: 1},
			Due: time.Now(), Paused: true}
		if i := ask[actors.Info](w, occur); i.State != actors.StatePaused || i.Series != "s" {
			t.Fatalf("begun while its series is paused it is %s, of %q", i.State, i.Series)
		}
		synctest.Wait()
		if n := len(w.composers.Messages()); n > 0 {
			t.Fatalf("%d windows were composed while it is paused", n)
		}
		occur.Paused = false
		if i := ask[actors.Info](w, occur); i.State == actors.StatePaused {
			t.Fatalf("its series goes on, it is %s", i.State)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if len(w.composers.Messages()) == 0 {
			t.Fatal("nothing was composed")
		}
		ask[actors.Info](w, actors.Pause{})
		if i := ask[actors.Info](w, occur); i.State != actors.StatePaused {
			t.Errorf("paused by its operator alone it is %s after its series' word", i.State)
		}
		if _, err := engine.Ask[actors.Info](t.Context(), w.ref(), actors.CampaignMsg(actors.Occur{Series: "another"})); err == nil {
			t.Error("it is another series' too")
		}
		occur.Cancelled = true
		ask[actors.Info](w, occur)
		time.Sleep(time.Minute)
		if i := ask[actors.Info](w, actors.Show{}); i.State != actors.StateCancelled {
			t.Errorf("its series is cancelled, it is %s", i.State)
		}
	})
}

// TestASeriesHearsOfALateDelivery: what was unknown at an occurrence's end and turns out to be delivered counts in its series, whoever dies when,
// though nobody asks either of them.
func TestASeriesHearsOfALateDelivery(t *testing.T) {
	for _, c := range []struct {
		point  string
		within time.Duration
	}{
		{"", time.Second}, {"campaign.amended", 31 * time.Second}, {"campaign.occurrence.heard", 31 * time.Second},
	} {
		t.Run(c.point, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				accept := w.upload("u")
				accept.Definition.Steps = []actors.Step{{Messages: []byte("[]")}}
				ask[actors.Info](w, accept)
				m, _ := w.order(1)
				one := ask[actors.Info](w, actors.Show{}).Recurs.Newest[0].Campaign
				if _, err := engine.Ask[actors.Info](t.Context(), actors.Campaigns.Ref(w.sys, one), actors.CampaignMsg(actors.Cancel{})); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Minute)
				if i := ask[actors.Info](w, actors.Show{}); i.State != actors.StateFinished || i.Recurs.Sums[actors.Unknown] != 3 {
					t.Fatalf("%s, %+v", i.State, i.Recurs)
				}
				w.dieAt(c.point)
				actors.Checkers.Ref(w.sys, m.Run).Tell(actors.Report{Run: m.Run, Window: m.Window, Path: actors.Span{Lo: 1, Hi: 2}, What: actors.PathAccepted, Tries: 1})
				time.Sleep(c.within)
				synctest.Wait()
				r := ask[actors.Info](w, actors.Show{}).Recurs
				if r.Sums[actors.Delivered] != 1 || r.Sums[actors.Unknown] != 2 || r.Newest[0].Totals[actors.Delivered] != 1 {
					t.Errorf("its series has %+v", r)
				}
				times := func() int {
					w.mu.Lock()
					defer w.mu.Unlock()
					if w.fatal != "" {
						t.Errorf("nobody died at %s", w.fatal)
					}
					return w.passed["campaign.occurrence.heard"]
				}
				was := times()
				if time.Sleep(10 * time.Minute); was == 0 || times() != was {
					t.Errorf("heard %d times, and %d times after that was durable", was, times()-was)
				}
			})
		})
	}
}
