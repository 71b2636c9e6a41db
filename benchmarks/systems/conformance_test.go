package systems_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/systems"
)

const actors = 8

// open returns a system with its actors spawned and the messages that they have handled reported.
func open(t *testing.T, spec systems.Spec) systems.System {
	s, err := spec.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	tally := systems.NewTally(actors)
	for i := range actors {
		if err := s.Spawn(fmt.Sprintf("U%032d", i), &systems.Message{Op: systems.Mark, Tally: tally}); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, tally, actors)
	s.Ready()
	return s
}

func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func settle(t *testing.T, tally *systems.Tally, want uint64) {
	t.Helper()
	if err := tally.Wait(patience(t)); err != nil {
		t.Fatal(err)
	}
	if got := tally.Handled(); got != want {
		t.Fatalf("%d messages were handled, %d sent", got, want)
	}
}

func TestConformance(t *testing.T) {
	for _, spec := range systems.All() {
		t.Run(spec.Name, func(t *testing.T) {
			s := open(t, spec)
			t.Run("counted", func(t *testing.T) { counted(t, s) })
			if spec.Name != "chan" { // a channel makes its senders wait
				t.Run("held", func(t *testing.T) { held(t, s) })
			}
			t.Run("order", func(t *testing.T) { order(t, s) })
			t.Run("answers", func(t *testing.T) { answers(t, s, spec.Loses != "") })
			t.Run("rally", func(t *testing.T) { rally(t, s) })
		})
	}
}

// counted: every message that several senders spread over the actors is in the actors' reports.
func counted(t *testing.T, s systems.System) {
	const senders, each = 4, 4000
	one := &systems.Message{}
	var wg sync.WaitGroup
	for sender := range senders {
		wg.Go(func() {
			for i := range each {
				s.Tell((sender+i)%actors, one)
			}
		})
	}
	wg.Wait()
	tally := systems.NewTally(actors)
	for i := range actors {
		s.Tell(i, &systems.Message{Op: systems.Mark, Tally: tally})
	}
	settle(t, tally, senders*each+actors)
}

// held: an actor that is busy takes what eight senders may have under way at once, and what its system may count late.
func held(t *testing.T, s systems.System) {
	const senders, each = 8, 4096 + 64
	release := make(chan struct{})
	s.Tell(0, &systems.Message{Watch: func(*systems.Message) { <-release }})
	one := &systems.Message{}
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for range each {
				s.Tell(0, one)
			}
		})
	}
	wg.Wait()
	close(release)
	tally := systems.NewTally(1)
	s.Tell(0, &systems.Message{Op: systems.Mark, Tally: tally})
	settle(t, tally, senders*each+2)
}

// order: one actor sees each sender's messages in the order in which they were sent.
func order(t *testing.T, s systems.System) {
	const senders, each = 8, 1000
	var last [senders]uint64 // owned by actor 0; read when it has reported
	var wrong []string
	watch := func(m *systems.Message) {
		if m.Seq != last[m.From]+1 {
			wrong = append(wrong, fmt.Sprintf("sender %d: %d after %d", m.From, m.Seq, last[m.From]))
		}
		last[m.From] = m.Seq
	}
	var wg sync.WaitGroup
	for sender := range senders {
		wg.Go(func() {
			for i := range uint64(each) {
				s.Tell(0, &systems.Message{From: sender, Seq: i + 1, Watch: watch})
			}
		})
	}
	wg.Wait()
	tally := systems.NewTally(1)
	s.Tell(0, &systems.Message{Op: systems.Mark, Tally: tally})
	settle(t, tally, senders*each+1)
	if len(wrong) > 0 {
		t.Fatalf("%d messages out of order, first %s", len(wrong), wrong[0])
	}
}

// answers: each caller gets the answer to its own question, the caller's message with the number raised by one. A system that is
// known to lose answers may lose one in twenty; it never gives another's.
func answers(t *testing.T, s systems.System, loses bool) {
	const callers, each = 16, 200
	var lost atomic.Int64
	defer func() {
		if n := lost.Load(); n > callers*each/20 {
			t.Errorf("%d of %d answers were lost", n, callers*each)
		}
	}()
	ctx := patience(t)
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			m := &systems.Message{Op: systems.Question, From: caller}
			for i := range uint64(each) {
				m.Seq = i * 10
				got, err := s.Ask(ctx, caller%actors, m)
				if err != nil && loses {
					lost.Add(1)
					m = &systems.Message{Op: systems.Question, From: caller} // the other may still be in use
					continue
				}
				if err != nil {
					t.Errorf("caller %d, question %d: %v", caller, i, err)
					return
				}
				if got != m || got.Seq != i*10+1 {
					t.Errorf("caller %d, question %d: the answer is %d of caller %d", caller, i, got.Seq, got.From)
					return
				}
			}
		})
	}
	wg.Wait()
	tally := systems.NewTally(actors)
	for i := range actors {
		s.Tell(i, &systems.Message{Op: systems.Mark, Tally: tally})
	}
	settle(t, tally, callers*each+actors)
}

// rally: a message goes to and fro between two actors as often as it should, half of it through each.
func rally(t *testing.T, s systems.System) {
	const passes = 1001
	r := systems.NewRally(passes)
	s.Tell(0, &systems.Message{Op: systems.Pass, Rally: r})
	select {
	case <-r.Done():
	case <-patience(t).Done():
		t.Fatal("the rally stopped")
	}
	for i := range 2 {
		tally := systems.NewTally(1)
		s.Tell(i, &systems.Message{Op: systems.Mark, Tally: tally})
		settle(t, tally, (passes+1)/2+1)
	}
}

// A question of hayauma-timeout ends by its own timeout, as the peers' do, and the next is answered.
func TestAQuestionEndsByItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec, err := systems.Find("hayauma-timeout")
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, spec)
		release := make(chan struct{})
		began := time.Now()
		_, err = s.Ask(t.Context(), 0, &systems.Message{Op: systems.Question, Watch: func(*systems.Message) { <-release }})
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != 2*time.Second {
			t.Fatalf("got %v after %v", err, took)
		}
		close(release)
		if got, err := s.Ask(t.Context(), 0, &systems.Message{Op: systems.Question, Seq: 1}); err != nil || got.Seq != 2 {
			t.Fatalf("afterwards got %+v, %v", got, err)
		}
	})
}

func TestFindNamesWhatIsMissing(t *testing.T) {
	_, err := systems.Find("akka")
	if got, ok := errors.AsType[*experiment.UnknownRowError](err); !ok || got.Row != "akka" || len(got.Have) != len(systems.All()) {
		t.Fatalf("got %v", err)
	}
	for _, want := range systems.All() {
		if got, err := systems.Find(want.Name); err != nil || got.About != want.About {
			t.Fatalf("%s: got %q, %v", want.Name, got.About, err)
		}
	}
}

func TestTallySaysWhatIsMissing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := systems.NewTally(3).Wait(ctx)
	if err == nil || err.Error() != "systems: 3 actors have not reported: context canceled" {
		t.Fatalf("got %v", err)
	}
}
