package bare_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/pipeline/bare"
)

// open makes a job against a simulator that checks every request.
func open(t *testing.T, kind pipeline.Kind, recipients int, o linesim.Options) (pipeline.System, pipeline.Job, *linesim.Server) {
	t.Helper()
	dir := t.TempDir()
	audience, err := pipeline.Audience(dir, recipients)
	if err != nil {
		t.Fatal(err)
	}
	sim := linesim.NewServer(o)
	web := httptest.NewServer(sim)
	t.Cleanup(func() {
		sim.Close()
		web.CloseClientConnections()
		web.Close()
	})
	system, err := bare.Specs()[0].Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := system.Close(); err != nil {
			t.Error(err)
		}
	})
	return system, pipeline.Job{Kind: kind, Recipients: recipients, Audience: audience, Endpoint: web.URL, InFlight: 32}, sim
}

func TestEveryoneIsReachedOnce(t *testing.T) {
	for kind, requests := range map[pipeline.Kind]linesim.Requests{pipeline.Push: {Push: 1201}, pipeline.Multicast: {Multicast: 3}} {
		s, job, sim := open(t, kind, 1201, linesim.Options{Limits: linesim.Limits{Off: true}})
		due, err := s.Accept(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		if sim.Sim.Ledger().Deliveries > 0 && time.Now().Before(due) {
			t.Errorf("%s: calls before the due time", kind)
		}
		if err := s.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if l := sim.Sim.Ledger(); l.Users != 1201 || l.Deliveries != 1201 || l.Requests != requests {
			t.Errorf("%s: %+v", kind, l)
		}
		bodies := map[[32]byte]bool{}
		for d := range sim.Sim.Deliveries() {
			bodies[d.BodySHA256] = true
			if d.At.Before(due) {
				t.Fatalf("%s: sent %v before the due time", kind, due.Sub(d.At))
			}
		}
		if want := requests.Push + min(requests.Multicast, 1); len(bodies) != want {
			t.Errorf("%s: %d different messages, want %d", kind, len(bodies), want)
		}
		if len(s.Pids()) != 1 || s.Goroutines() < 2 {
			t.Errorf("%s: processes %v, %d goroutines", kind, s.Pids(), s.Goroutines())
		}
	}
}

// What is in doubt or throttled is sent again, under the key that it had.
func TestTroubleIsRepeated(t *testing.T) {
	s, job, sim := open(t, pipeline.Push, 300, linesim.Options{Faults: linesim.Faults{ErrorAfter: 0.1, Reset: 0.05, RateLimit: 0.1, Seed: 3},
		Limits: linesim.Limits{Off: true}})
	if _, err := s.Accept(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l := sim.Sim.Ledger(); l.Users != 300 || l.Deliveries != 300 || l.Conflicts == 0 || l.Throttled == 0 {
		t.Errorf("%+v", l)
	}
}

func TestTheRateIsKept(t *testing.T) {
	s, job, sim := open(t, pipeline.Push, 100, linesim.Options{Limits: linesim.Limits{Push: 10_000}})
	job.Rate = 200
	due, err := s.Accept(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for d := range sim.Sim.Deliveries() { // the first at once, then one every 5 ms
		n++
		if most := 1 + int(d.At.Sub(due)/(5*time.Millisecond)); n > most {
			t.Fatalf("%d calls after %v: more than 200/s", n, d.At.Sub(due))
		}
	}
}

func TestAKillLosesTheRest(t *testing.T) {
	s, job, sim := open(t, pipeline.Push, 2000, linesim.Options{Faults: linesim.Faults{Latency: 20 * time.Millisecond}, Limits: linesim.Limits{Off: true}})
	if _, err := s.Accept(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	finished := make(chan error, 1)
	go func() { finished <- s.Finish(t.Context()) }()
	for sim.Sim.Ledger().Users < 100 {
		<-time.After(time.Millisecond) // the other processes need the processors
	}
	if err := errors.Join(s.Kill(), s.Restart(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := <-finished; !errors.Is(err, bare.ErrNothingKept) {
		t.Errorf("Finish returns %v", err)
	}
	if l := sim.Sim.Ledger(); l.Users >= 2000 {
		t.Errorf("%+v", l)
	}
}

func TestARefusalEndsIt(t *testing.T) {
	s, job, sim := open(t, pipeline.Push, 20, linesim.Options{})
	sim.Sim.SetQuota(5)
	if _, err := s.Accept(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(t.Context()); err == nil {
		t.Error("15 of 20 are over the quota and it says that it has finished")
	}
}
