package campaign_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
)

// TestWhatCampaignsDoIsCounted has a series whose first occurrence never ends by itself, so that the next ones are left out.
func TestWhatCampaignsDoIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		f := &w.local.Figures
		accept := w.upload("u")
		accept.Definition.Cron = "0 * * * *"
		ask[actors.Info](w, accept)
		time.Sleep(3*time.Hour + 30*time.Minute)
		synctest.Wait()
		if begun, busy := f.Begun.Load(), f.Busy.Load(); begun != 1 || busy < 2 || busy > 3 {
			t.Errorf("%d occurrences began, %d were left out", begun, busy)
		}
		if lag := f.Lag.Read(); lag.Count() != 1 || lag.Sum > 60 {
			t.Errorf("%d runs began, %v s late", lag.Count(), lag.Sum)
		}
		if running := f.Running(); len(running) != 1 {
			t.Errorf("running are %v, want one", running)
		}
		ask[actors.Info](w, actors.Cancel{})
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if took := f.Duration.Read(); took.Count() != 1 || took.Sum < 2*3600 {
			t.Errorf("%d runs ended after %v s", took.Count(), took.Sum)
		}
		if running := f.Running(); len(running) != 0 {
			t.Errorf("still running are %v", running)
		}
	})
}

// TestWhatComesTooLateIsCounted waits for its channel until it is too late.
func TestWhatComesTooLateIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.paused = "quota"
		accept := w.upload("u")
		accept.Definition.ExpireAfter = time.Minute
		ask[actors.Info](w, accept)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if late := w.local.Figures.Late.Load(); late != 1 {
			t.Errorf("%d came too late, want 1", late)
		}
	})
}
