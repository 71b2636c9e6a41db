package scale

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/scale/daemon"
)

// near: got differs from want by no more than that share.
func near(got, want, share float64) bool { return math.Abs(got-want) <= share*want }

func TestExperimentsAreWhole(t *testing.T) {
	names := map[string]bool{}
	for _, e := range Part().Experiments {
		if names[e.Name] {
			t.Errorf("%s stands twice", e.Name)
		}
		names[e.Name] = true
		if len(e.Rounds) == 0 || e.Patience[experiment.Short]+e.Patience[experiment.Full] == 0 || strings.Contains(e.Text, "TODO") {
			t.Errorf("%s: rounds %v, patience %v, text %q", e.Name, e.Rounds, e.Patience, e.Text)
		}
		figures := map[string]bool{}
		for _, f := range e.Figures {
			figures[f.Name] = true
		}
		if e.Plot != nil {
			for _, f := range e.Plot.Figures {
				if !figures[f] {
					t.Errorf("%s draws %q, which is no figure", e.Name, f)
				}
			}
			if e.Plot.Model != "" && !figures[e.Plot.Model] {
				t.Errorf("%s has the model %q, which is no figure", e.Name, e.Plot.Model)
			}
		}
		for _, r := range e.Rows {
			if n, err := count(r.Name); err != nil || r.X != float64(max(n, 1)) {
				t.Errorf("%s: row %+v: %v", e.Name, r, err)
			}
		}
		if _, err := e.Run(t.Context(), "none", experiment.Short); !errors.As(err, new(*experiment.UnknownRowError)) {
			t.Errorf("%s measures a row that is not there: %v", e.Name, err)
		}
	}
}

func TestGrainModel(t *testing.T) {
	// 64 shards of 16 places hold the first thousand; 64 of 2,048 hold 100,000.
	if got, want := GrainBytes(100_000), float64(100_000*176+(64*2048-64*16)*8); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	for n := 1_000; n <= 10_000_000; n *= 10 {
		if each := GrainBytes(n) / float64(n); each < 176 || each > 192 {
			t.Errorf("%d: %v bytes each", n, each)
		}
	}
}

func TestCampaignModels(t *testing.T) {
	if got := MulticastRecords(1_000_000); got != 97 {
		t.Errorf("got %v records", got)
	}
	if got := MulticastRecords(25_001) - MulticastRecords(25_000); got != windowRecords {
		t.Errorf("a window more costs %v records", got)
	}
	if got := PushBytes(1_000_000); got != 190_204_150 {
		t.Errorf("got %v bytes", got)
	}
}

func TestIdleGrainsFollowTheirModel(t *testing.T) {
	r, err := idle(t.Context(), 100_000)
	if err != nil || r.Lost != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if !near(r.Figures["in_use"], r.Figures["model"], 0.1) || r.Figures["resident"] < r.Figures["in_use"] {
		t.Errorf("%+v", r.Figures)
	}
}

func TestRemindersFollowTheirModel(t *testing.T) {
	for _, c := range []struct {
		from func(time.Time) time.Time
		each float64
	}{{soon, reminderBytes}, {tomorrow, 0}} {
		r, err := reminders(c.from)(t.Context(), "10k", experiment.Short)
		if err != nil || r.Figures["records"] < 1 || r.Figures["restart_ms"] <= 0 || r.Figures["stored_each"] < 50 {
			t.Fatalf("%+v, %v", r, err)
		}
		if got := r.Figures["bytes_per_reminder"]; math.Abs(got-c.each) > 0.15*reminderBytes {
			t.Errorf("%v bytes each, want about %v", got, c.each)
		}
	}
}

func TestSoonIsNearAndNotNow(t *testing.T) {
	for _, text := range []string{"2026-01-01T10:00:00Z", "2026-01-01T10:39:59Z", "2026-01-01T10:45:00Z", "2026-01-01T10:59:59Z"} {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		from := soon(now)
		if from.Sub(now) < soonest || from.Add(spread).Truncate(time.Hour).Sub(now.Truncate(time.Hour)) != time.Hour {
			t.Errorf("%s: %v", text, from)
		}
	}
}

func daemonTest(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and runs the daemon")
	}
	if why := daemon.Missing(); why != "" {
		t.Skip(why)
	}
}

// TestCampaignsFollowTheirModels: but for the records of outcomes, which are more and smaller where calls come slower than the disk syncs.
func TestCampaignsFollowTheirModels(t *testing.T) {
	daemonTest(t)
	const head = 230 // bytes of a record that has few outcomes
	for name, c := range map[string]struct {
		delivery
		object float64
	}{"multicast": {multicasts, 17.2}, "push": {pushes, 134.2}} {
		r, err := c.run(t.Context(), 1000)
		if err != nil || r.Lost != 0 || r.Seconds <= 0 {
			t.Fatalf("%s: %+v, %v", name, r, err)
		}
		f := r.Figures
		more := max(0, f["records"]-f["records_model"])
		if !near(f["object_bytes_each"], c.object, 0.01) || !near(f["stored"], f["model"]+more*head, 0.1) || f["records"] < 3 || more > 1000 || f["vm_hwm_mb"] < 10 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestChannelsShareTheRecipients(t *testing.T) {
	daemonTest(t)
	r, err := channels(t.Context(), 3, 100)
	if err != nil || r.Lost != 0 || r.Seconds <= 0 || r.Figures["goroutines"] < 10 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestStartsOfAFilledStore(t *testing.T) {
	daemonTest(t)
	r, err := starts(t.Context(), 1000)
	if err != nil || r.Figures["records"] < 1000 || r.Figures["ready_ms"] <= 0 || r.Figures["ready_max_ms"] < r.Figures["ready_ms"] || r.Figures["ready_killed_ms"] <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A bound can hold the bytes of many reminders; those of a few are the process's own noise.
func TestOnlyManyRemindersAreExact(t *testing.T) {
	for _, e := range reminderExperiments() {
		least := counts[e.Rows[0].Name]
		for _, r := range e.Rows {
			least = min(least, counts[r.Name])
		}
		if f := e.Figures[0]; f.Name != "bytes_per_reminder" || f.Exact != (least >= manyReminders) {
			t.Errorf("%s has rows from %d: %+v", e.Name, least, f)
		}
	}
}

func TestTenMillionPushesAreAskedFor(t *testing.T) {
	t.Setenv(experiment.LongVariable, "")
	if why := pushExperiments()[0].Missing("10m"); !strings.Contains(why, experiment.LongVariable+"=1") {
		t.Errorf("it is left out because %q", why)
	}
	if why := pushExperiments()[0].Missing("1m"); why != daemon.Missing() {
		t.Errorf("a million are left out because %q", why)
	}
	t.Setenv(experiment.LongVariable, "1")
	e := pushExperiments()[0]
	if why := e.Missing("10m"); why != daemon.Missing() {
		t.Errorf("asked for, it is left out because %q", why)
	}
	if p := e.Patience[experiment.Full]; p < 2*tenMillion {
		t.Errorf("patience of %v", p)
	}
}
