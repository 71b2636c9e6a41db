package shipped_test

import (
	"errors"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/pipeline/shipped"
)

func open(t *testing.T, row string, kind pipeline.Kind, o linesim.Options) (pipeline.System, pipeline.Job, *linesim.Server) {
	t.Helper()
	const recipients = 700
	audience, err := pipeline.Audience(t.TempDir(), recipients)
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
	specs := shipped.Specs()
	i := slices.IndexFunc(specs, func(s pipeline.Spec) bool { return s.Name == row })
	s, err := specs[i].Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, pipeline.Job{Kind: kind, Recipients: recipients, Audience: audience, Endpoint: web.URL, InFlight: 64}, sim
}

var off = linesim.Limits{Off: true}

func TestEveryoneIsReachedOnce(t *testing.T) {
	for _, row := range []string{pipeline.Shipped, pipeline.ShippedMemory} {
		for kind, requests := range map[pipeline.Kind]linesim.Requests{pipeline.Push: {Push: 700}, pipeline.Multicast: {Multicast: 2}} {
			t.Run(row+" "+string(kind), func(t *testing.T) {
				t.Parallel()
				s, job, sim := open(t, row, kind, linesim.Options{Limits: off})
				due, err := s.Accept(t.Context(), job)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Finish(t.Context()); err != nil {
					t.Fatal(err)
				}
				if l := sim.Sim.Ledger(); l.Users != 700 || l.Deliveries != 700 || l.Requests != requests {
					t.Errorf("%+v", l)
				}
				for d := range sim.Sim.Deliveries() {
					if d.At.Before(due) {
						t.Fatalf("sent %v before the due time", due.Sub(d.At))
					}
				}
			})
		}
	}
}

// A system that keeps its work goes on after a kill, at the address that it had; what was in flight is sent under the keys that it had.
func TestAKillCostsNothing(t *testing.T) {
	t.Parallel()
	s, job, sim := open(t, pipeline.Shipped, pipeline.Push, linesim.Options{Limits: off, Faults: linesim.Faults{Latency: 100 * time.Millisecond}})
	finished := halfway(t, s, job, sim)
	if err := errors.Join(s.Kill(), s.Restart(t.Context()), <-finished); err != nil {
		t.Fatal(err)
	}
	if l := sim.Sim.Ledger(); l.Users != 700 || l.Duplicates != 0 {
		t.Errorf("%+v", l)
	}
	stored, err := s.(pipeline.Keeper).Stored(t.Context())
	if err != nil || stored.Records < 3 || stored.Bytes < 700 || stored.Objects < 1 || stored.ObjectBytes < 700 {
		t.Errorf("%+v, %v", stored, err)
	}
}

func TestAMemoryStoreForgets(t *testing.T) {
	t.Parallel()
	s, job, sim := open(t, pipeline.ShippedMemory, pipeline.Push, linesim.Options{Limits: off, Faults: linesim.Faults{Latency: 100 * time.Millisecond}})
	finished := halfway(t, s, job, sim)
	if err := errors.Join(s.Kill(), s.Restart(t.Context())); err != nil {
		t.Fatal(err)
	}
	var refused *shipped.RefusedError
	if err := <-finished; !errors.As(err, &refused) || refused.Status != 404 {
		t.Errorf("Finish returns %v", err)
	}
}

// halfway accepts the job and returns when some of it is sent.
func halfway(t *testing.T, s pipeline.System, job pipeline.Job, sim *linesim.Server) <-chan error {
	t.Helper()
	if _, err := s.Accept(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	finished := make(chan error, 1)
	go func() { finished <- s.Finish(t.Context()) }()
	for sim.Sim.Ledger().Users < 50 {
		<-time.After(time.Millisecond) // the daemon needs the processors
	}
	return finished
}

// A campaign of another size than the job's is not the job.
func TestAnotherSizeIsAnError(t *testing.T) {
	t.Parallel()
	s, job, _ := open(t, pipeline.ShippedMemory, pipeline.Multicast, linesim.Options{Limits: off})
	job.Recipients++ // the audience has one less than the job says
	if _, err := s.Accept(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	var ended *shipped.EndError
	if err := s.Finish(t.Context()); !errors.As(err, &ended) || ended.Delivered != 700 {
		t.Errorf("Finish returns %v", err)
	}
}

// A campaign that is scheduled ahead is planned long before its due time, and nothing is sent until then.
func TestItIsPlannedAhead(t *testing.T) {
	t.Parallel()
	s, job, sim := open(t, pipeline.Shipped, pipeline.Multicast, linesim.Options{Limits: off})
	job.Lead = time.Minute
	due, err := s.Accept(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.(pipeline.Planner).Planned(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := time.Until(due); left < 30*time.Second || left > time.Minute || sim.Sim.Ledger().Requests != (linesim.Requests{}) {
		t.Errorf("%v before the due time there are the calls %+v", left, sim.Sim.Ledger().Requests)
	}
	var refused *shipped.RefusedError
	if err := errors.Join(s.Kill(), s.(pipeline.Planner).Planned(t.Context())); err == nil || errors.As(err, &refused) {
		t.Errorf("a daemon that is gone: %v", err)
	}
}
