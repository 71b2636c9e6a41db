package queues_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/pipeline/queues"
)

func TestMain(m *testing.M) {
	if named, err := queues.Children().Serve(context.Background(), os.Args[1:]); named {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// provide starts a simulator that checks the whole contract.
func provide(t testing.TB, options linesim.Options) (*linesim.Sim, string) {
	t.Helper()
	server := linesim.NewServer(options)
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		server.Close()
		web.Close()
	})
	return server.Sim, web.URL
}

func writeAudience(t testing.TB, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audience.csv")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	fmt.Fprintln(w, "user_id,name,coupon")
	for i := range n {
		fmt.Fprintf(w, "U%032x,\"Zoë, no. %d\",C-%06d\n", i, i, i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// open opens a system that is closed with the test.
func open(t testing.TB, spec pipeline.Spec) pipeline.System {
	t.Helper()
	if why := spec.Missing(); why != "" {
		t.Skip(why)
	}
	dir, err := os.MkdirTemp("", "q") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	system, err := spec.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := system.Close(); err != nil {
			t.Error(err)
		}
		if err := os.Remove(dir); err != nil {
			t.Errorf("Close left something behind: %v", err)
		}
	})
	return system
}

// together tests all queues at the same time: most of it is waiting.
func together(t *testing.T, test func(t *testing.T, spec pipeline.Spec)) {
	t.Helper()
	var all sync.WaitGroup
	for _, spec := range tested() {
		all.Go(func() { t.Run(spec.Name, func(t *testing.T) { test(t, spec) }) })
	}
	all.Wait()
}

// tested are the queues without those that differ in numbers only.
func tested() []pipeline.Spec {
	return slices.DeleteFunc(queues.Specs(), func(s pipeline.Spec) bool { return s.Name == "php-128" })
}

func exactlyOnce(t *testing.T, sim *linesim.Sim, n int) {
	t.Helper()
	if got := sim.Ledger(); got.Users != n || got.Deliveries != n || got.Duplicates != 0 {
		t.Errorf("want %d deliveries to as many users, got %+v", n, got)
	}
}

func deliver(t *testing.T, system pipeline.System, job pipeline.Job, sim *linesim.Sim) {
	t.Helper()
	due, err := system.Accept(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	if got := sim.Ledger().Requests; got.Push+got.Multicast != 0 {
		t.Errorf("%+v before Finish", got)
	}
	if ahead := time.Until(due); ahead < 0 || ahead > time.Second {
		t.Errorf("due in %s", ahead)
	}
	awaitUsers(t, sim, 1) // it begins by itself at the due time
	if err := system.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for d := range sim.Deliveries() {
		if d.At.Before(due) {
			t.Errorf("%s was reached %s before the due time", d.User, due.Sub(d.At))
		}
	}
	if len(system.Pids()) < 2 {
		t.Errorf("processes %v: want a server and a sender at least", system.Pids())
	}
}

// Interpreters are started before a cell counts processor time: a composer, a mover and the workers, as many as the row says and not
// as calls may be in flight.
func TestPHPProcessesAreStartedBeforeTheJob(t *testing.T) {
	specs := queues.Specs()
	spec := specs[slices.IndexFunc(specs, func(s pipeline.Spec) bool { return s.Name == "php" })]
	sim, url := provide(t, linesim.Options{})
	system := open(t, spec)
	before := system.Pids()
	if want := 1 + 32 + 2; len(before) != want { // the server is the first
		t.Errorf("%d processes without a job, want %d", len(before), want)
	}
	path := writeAudience(t, 50)
	deliver(t, system, pipeline.Job{Kind: pipeline.Push, Recipients: 50, Audience: path, Endpoint: url, InFlight: 1}, sim)
	exactlyOnce(t, sim, 50)
	if after := system.Pids(); !slices.Equal(before, after) {
		t.Errorf("processes %v with a job, %v without", after, before)
	}
}

func TestEveryQueueDeliversPushesOnce(t *testing.T) {
	const n = 200
	path := writeAudience(t, n)
	var all sync.Map // the content that each user got, by user: the same from every queue
	together(t, func(t *testing.T, spec pipeline.Spec) {
		sim, url := provide(t, linesim.Options{})
		system := open(t, spec)
		deliver(t, system, pipeline.Job{Kind: pipeline.Push, Recipients: n, Audience: path, Endpoint: url, InFlight: 64}, sim)
		exactlyOnce(t, sim, n)
		for d := range sim.Deliveries() {
			if other, _ := all.LoadOrStore(d.User, d.BodySHA256); other != d.BodySHA256 {
				t.Errorf("%s gets another message than from another queue", d.User)
			}
		}
	})
}

func TestEveryQueueDeliversMulticastsOnce(t *testing.T) {
	const n = 1001
	path := writeAudience(t, n)
	together(t, func(t *testing.T, spec pipeline.Spec) {
		sim, url := provide(t, linesim.Options{})
		system := open(t, spec)
		deliver(t, system, pipeline.Job{Kind: pipeline.Multicast, Recipients: n, Audience: path, Endpoint: url, InFlight: 64}, sim)
		exactlyOnce(t, sim, n)
		if got := sim.Ledger().Requests; got.Multicast != 3 || got.Push != 0 {
			t.Errorf("want 3 multicasts, got %+v", got)
		}
	})
}

// A sender that dies by itself ends Finish with an error, instead of a wait for ever.
func TestADeadSenderIsAnError(t *testing.T) {
	path := writeAudience(t, 10)
	together(t, func(t *testing.T, spec pipeline.Spec) {
		_, url := provide(t, linesim.Options{})
		system := open(t, spec)
		if err := system.Finish(t.Context()); err == nil {
			t.Error("Finish without a job is no error")
		}
		job := pipeline.Job{Kind: pipeline.Push, Recipients: 10, Audience: path, Endpoint: url, InFlight: 1}
		if _, err := system.Accept(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		if _, err := system.Accept(t.Context(), job); err == nil {
			t.Error("a second job is no error")
		}
		for _, pid := range system.Pids()[1:] { // the first is the server
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		if err := system.Finish(t.Context()); err == nil {
			t.Error("Finish with dead senders is no error")
		}
	})
}

// An audience that isn't the job's is told before anything is sent.
func TestAnotherNumberOfRecipientsIsAnError(t *testing.T) {
	path := writeAudience(t, 10)
	together(t, func(t *testing.T, spec pipeline.Spec) {
		_, url := provide(t, linesim.Options{})
		_, err := open(t, spec).Accept(t.Context(), pipeline.Job{Kind: pipeline.Push, Recipients: 11, Audience: path, Endpoint: url})
		if err == nil || !strings.Contains(err.Error(), "10 recipients, the job says 11") {
			t.Errorf("got %v", err)
		}
	})
}
