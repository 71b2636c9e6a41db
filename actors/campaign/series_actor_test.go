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
