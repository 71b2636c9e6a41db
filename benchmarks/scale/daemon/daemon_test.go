package daemon

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestRowsOfAnAudience(t *testing.T) {
	var text strings.Builder
	if err := Personal(255, 2)(&text); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(text.String(), "\n")
	if len(lines) != 4 || lines[0] != "user_id,words" || lines[3] != "" {
		t.Fatalf("%q", lines)
	}
	user, words, _ := strings.Cut(lines[2], ",")
	if user != Identity(256) || user != fmt.Sprintf("U%032x", 256) || len(user) != 33 || words != fmt.Sprintf("%0100d", 256) {
		t.Errorf("%q, %q", user, words)
	}
	text.Reset()
	if err := Uniform(0, 3)(&text); err != nil || strings.Count(text.String(), "\n") != 4 || !strings.HasSuffix(text.String(), "2\n") {
		t.Errorf("%q, %v", text.String(), err)
	}
}

func TestMetricsWithoutLabels(t *testing.T) {
	const text = "# HELP a 1\n# TYPE a gauge\na 12\nb{kind=\"x\"} 3\nc 1.5e+06\n"
	all, err := parseMetrics(strings.NewReader(text))
	if err != nil || len(all) != 2 || all["a"] != 12 || all["c"] != 1.5e6 {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := parseMetrics(strings.NewReader("a twelve\n")); err == nil {
		t.Error("a text is taken for a figure")
	}
}

func TestProcessorTimeBehindAnyName(t *testing.T) {
	got, err := parseStat("12 (a) b c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20\n")
	if err != nil || got != 2 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := parseStat("12 (a) S 1"); err == nil {
		t.Error("a short line is taken")
	}
}

func TestTimeOfACampaign(t *testing.T) {
	from := time.Now()
	to := from.Add(3 * time.Second)
	if got := (Shown{StartedAt: &from, FinishedAt: &to}).Took(); got != 3*time.Second {
		t.Errorf("got %v", got)
	}
	if got := (Shown{StartedAt: &from, FinishedAt: &from}).Took(); got != time.Millisecond {
		t.Errorf("no rate can be made of %v", got)
	}
}

func TestADaemonDeliversAndRestarts(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and runs the daemon")
	}
	if why := Missing(); why != "" {
		t.Skip(why)
	}
	ctx := t.Context()
	w, err := OpenServing(ctx, Options{Deliveries: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Submit(ctx, Campaign{Name: "a", Channel: "none", Text: "x", Audience: Uniform(0, 1)}); err == nil || !strings.Contains(err.Error(),
		"unknown channel") {
		t.Errorf("the refusal isn't told: %v", err)
	}
	if err := w.AddChannel(ctx, "shop"); err != nil {
		t.Fatal(err)
	}
	ids, err := w.SubmitAll(ctx, []Campaign{
		{Name: "a", Channel: "shop", Text: "Hello {{ words }}", Audience: Personal(0, 20)},
		{Name: "b", Channel: "shop", Text: "Hello", Audience: Uniform(20, 20)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if s, err := w.Finish(ctx, id); err != nil || s.Delivered != 20 || s.Took() <= 0 {
			t.Errorf("%+v, %v", s, err)
		}
	}
	all, err := w.Deliveries(ctx)
	l, errLedger := w.Ledger(ctx)
	if err := errors.Join(err, errLedger); err != nil || len(all) != 40 || l.Users != 40 || l.Duplicates != 0 || all[0].At.IsZero() {
		t.Errorf("%d deliveries, %+v, %v", len(all), l, err)
	}
	peak, errPeak := w.Peak()
	cpu, errCPU := w.CPU()
	if err := errors.Join(errPeak, errCPU); err != nil || peak < 10<<20 || peak > 1<<30 || cpu <= 0 {
		t.Errorf("peak %v, cpu %v: %v", peak, cpu, err)
	}
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if s, err := w.Finish(ctx, ids[0]); err != nil || s.Delivered != 20 {
		t.Errorf("after a restart: %+v, %v", s, err)
	}
	w.Kill()
	if took, err := w.Start(ctx); err != nil || took <= 0 {
		t.Errorf("after a kill: %v", err)
	}
}

func TestADaemonThatCantStartSaysWhy(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and runs the daemon")
	}
	if why := Missing(); why != "" {
		t.Skip(why)
	}
	w, err := OpenServing(t.Context(), Options{Flags: []string{"--sing"}})
	if err == nil {
		w.Close()
		t.Fatal("it serves")
	}
	if !strings.Contains(err.Error(), "sing") {
		t.Errorf("the reason is not told: %v", err)
	}
}
