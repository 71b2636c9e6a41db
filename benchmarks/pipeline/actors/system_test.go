package actors

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/benchmarks/pipeline"
)

// quick are delays that let many repeats fit into a test.
var quick = delays{Held: 20 * time.Millisecond, First: 10 * time.Millisecond, Most: 80 * time.Millisecond}

const inFlight = 32 // calls at once, where a test says no other

// site is a simulator behind a server, with the moment of its first call.
type site struct {
	sim   *linesim.Sim
	web   *httptest.Server
	first atomic.Int64 // Unix nanoseconds; 0: no call yet
}

func newSite(t *testing.T, o linesim.Options) *site {
	t.Helper()
	server := linesim.NewServer(o)
	s := &site{sim: server.Sim}
	s.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.first.CompareAndSwap(0, time.Now().UnixNano())
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		s.web.Close()
	})
	return s
}

func (s *site) job(t *testing.T, kind pipeline.Kind, recipients int) pipeline.Job {
	t.Helper()
	path, err := pipeline.Audience(t.TempDir(), recipients)
	if err != nil {
		t.Fatal(err)
	}
	return pipeline.Job{Kind: kind, Recipients: recipients, Audience: path, Endpoint: s.web.URL, InFlight: inFlight}
}

func limit(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func open(t *testing.T, name string) *system {
	t.Helper()
	i := slices.IndexFunc(Specs(), func(s pipeline.Spec) bool { return s.Name == name })
	opened, err := Specs()[i].Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := opened.(*system)
	s.delays = quick
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// each runs a test for all systems, at once.
func each(t *testing.T, test func(t *testing.T, name string)) {
	for _, spec := range Specs() {
		t.Run(spec.Name, func(t *testing.T) {
			t.Parallel()
			test(t, spec.Name)
		})
	}
}

// deliverAll has a system deliver the whole job, and checks that nothing began before it was due.
func deliverAll(t *testing.T, s *system, at *site, job pipeline.Job) {
	t.Helper()
	due, err := s.Accept(limit(t), job)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(limit(t)); err != nil {
		t.Fatal(err)
	}
	if first := time.Unix(0, at.first.Load()); first.Before(due) {
		t.Errorf("the first call came %s before the due time", due.Sub(first))
	}
}

// holdsOnce checks that every recipient was accepted exactly once.
func holdsOnce(t *testing.T, sim *linesim.Sim, recipients int) linesim.Ledger {
	t.Helper()
	l := sim.Ledger()
	if l.Users != recipients || l.Deliveries != recipients || l.Duplicates != 0 {
		t.Errorf("%d users in %d deliveries with %d duplicates, want %d once each", l.Users, l.Deliveries, l.Duplicates, recipients)
	}
	return l
}

// A request that was accepted and answered with a 500 comes again: under its key that is a conflict, under another a duplicate.
func TestPushesArriveOnceWhateverFails(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		faults := linesim.Faults{ErrorBefore: 0.1, ErrorAfter: 0.1, RateLimit: 0.1, Reset: 0.05, Seed: 7}
		at := newSite(t, linesim.Options{Limits: linesim.Limits{Off: true}, Faults: faults})
		s := open(t, name)
		deliverAll(t, s, at, at.job(t, pipeline.Push, 300))
		l := holdsOnce(t, at.sim, 300)
		if l.Conflicts == 0 || l.Requests.Push <= 330 {
			t.Errorf("%d requests and %d conflicts: the faults did not happen", l.Requests.Push, l.Conflicts)
		}
		if s.Goroutines() < 2 {
			t.Errorf("%d goroutines", s.Goroutines())
		}
	})
}

func TestMulticastsArriveOnceWhateverFails(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		faults := linesim.Faults{ErrorBefore: 0.2, ErrorAfter: 0.5, RateLimit: 0.2, Seed: 1}
		at := newSite(t, linesim.Options{Limits: linesim.Limits{Off: true}, Faults: faults})
		deliverAll(t, open(t, name), at, at.job(t, pipeline.Multicast, 1200))
		if l := holdsOnce(t, at.sim, 1200); l.Requests.Multicast <= 3 || l.Requests.Push != 0 {
			t.Errorf("%+v: want more than 3 multicasts and no push", l.Requests)
		}
	})
}

// One of the systems has a goroutine for each poster; in the others it depends on how fast posters come to life.
func TestGoroutinesAreCounted(t *testing.T) {
	const recipients = 2000
	each(t, func(t *testing.T, name string) {
		at := newSite(t, linesim.Options{Limits: linesim.Limits{Off: true}})
		s := open(t, name)
		deliverAll(t, s, at, at.job(t, pipeline.Push, recipients))
		if n := s.Goroutines(); n < inFlight || name == "chan" && n < recipients {
			t.Errorf("%d goroutines for %d recipients", n, recipients)
		}
		if pids := s.Pids(); len(pids) != 1 {
			t.Errorf("processes %v: the worker must live until Close", pids)
		}
	})
}

// The simulator's bucket holds one second of the two that this takes, so it would refuse who goes faster.
func TestRateIsKept(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		const rate, recipients = 200, 400
		at := newSite(t, linesim.Options{Limits: linesim.Limits{Push: rate}})
		job := at.job(t, pipeline.Push, recipients)
		job.Rate = rate
		deliverAll(t, open(t, name), at, job)
		took := time.Since(time.Unix(0, at.first.Load()))
		if l := holdsOnce(t, at.sim, recipients); l.Throttled != 0 {
			t.Errorf("%d requests were over the limit", l.Throttled)
		}
		if floor := (recipients-1)*time.Second/rate - pipeline.PaceSlack; took < floor {
			t.Errorf("%d calls took %s: faster than %d per second", recipients, took, rate)
		}
	})
}

func TestRefusalsAreTold(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		at := newSite(t, linesim.Options{Limits: linesim.Limits{Off: true}})
		job := at.job(t, pipeline.Push, 50)
		var ids []string
		for r := range pipeline.Recipients(job.Audience) {
			ids = append(ids, r.UserID)
		}
		at.sim.Forget(ids[3], ids[30])
		s := open(t, name)
		if _, err := s.Accept(limit(t), job); err != nil {
			t.Fatal(err)
		}
		var undelivered *UndeliveredError
		if err := s.Finish(limit(t)); !errors.As(err, &undelivered) || undelivered.Delivered != 48 || undelivered.Failed != 2 || undelivered.Reason == "" {
			t.Errorf("got %v", err)
		}
		holdsOnce(t, at.sim, 48)
	})
}

// After a kill half-way nothing is left to do, and what was called before was called once.
func TestKillLosesTheRest(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		const recipients = 300
		half := make(chan struct{})
		var calls atomic.Int64
		server := linesim.NewServer(linesim.Options{Limits: linesim.Limits{Off: true}, Faults: linesim.Faults{Latency: 20 * time.Millisecond}})
		at := &site{sim: server.Sim}
		at.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) == recipients/2 {
				close(half)
			}
			server.ServeHTTP(w, r)
		}))
		t.Cleanup(at.web.Close)
		t.Cleanup(server.Close)
		s := open(t, name)
		if _, err := s.Accept(limit(t), at.job(t, pipeline.Push, recipients)); err != nil {
			t.Fatal(err)
		}
		failed := make(chan error, 1)
		ctx := limit(t)
		go func() {
			<-half
			failed <- errors.Join(s.Kill(), s.Restart(ctx))
		}()
		if err := s.Finish(ctx); err != nil {
			t.Error(err)
		}
		if err := <-failed; err != nil {
			t.Error(err)
		}
		l := at.sim.Ledger()
		if l.Users < recipients/2-inFlight || l.Users >= recipients || l.Duplicates != 0 {
			t.Errorf("%d users were reached, %d twice: want about half of %d, none twice", l.Users, l.Duplicates, recipients)
		}
	})
}

func TestAWorkerThatCannotStartSaysWhy(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		at := newSite(t, linesim.Options{})
		job := at.job(t, pipeline.Push, 10)
		job.Recipients = 11
		if _, err := open(t, name).Accept(limit(t), job); err == nil {
			t.Error("an audience of another size was accepted")
		}
		job.Recipients, job.InFlight = 10, 0
		if _, err := open(t, name).Accept(limit(t), job); err == nil {
			t.Error("no call at once was accepted")
		}
	})
}

func TestFinishEndsWithItsContext(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		at := newSite(t, linesim.Options{Limits: linesim.Limits{Off: true}, Faults: linesim.Faults{Unauthorized: 1}})
		s := open(t, name)
		if _, err := s.Accept(limit(t), at.job(t, pipeline.Push, 10)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if err := s.Finish(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v while nothing can be delivered", err)
		}
	})
}
