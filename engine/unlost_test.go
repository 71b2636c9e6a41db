package engine_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anthdm/hollywood/actor"

	"hayauma.example/engine"
)

// letters are the dead letters of a member's system.
func (r *road) letters(name string) (reasons func() []string) {
	var all []string
	engine.DeadLetters.Subscribe(r.systems[name], func(l engine.DeadLetter) { all = append(all, l.Reason) })
	return func() []string {
		synctest.Wait()
		return all
	}
}

// TestMessagesToAProcessOfALostMemberAreReported: to Hollywood's actors; an AskPID ends as other questions do.
func TestMessagesToAProcessOfALostMemberAreReported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.net.SetLatency(10*time.Millisecond, 0)
		letters := r.letters("A")
		pid := actor.NewPID("B", "far/1")
		r.systems["A"].Engine().Send(pid, Roam{What: "note"})
		end := make(chan error, 1)
		go func() {
			_, err := engine.AskPID[Whereabouts](t.Context(), r.systems["A"], pid, Roam{})
			end <- err
		}()
		synctest.Wait()
		r.net.Crash("B")
		r.members["A"].SetPeers("A")
		var lost *engine.MemberLostError
		if err := <-end; !errors.As(err, &lost) || lost.Member != "B" {
			t.Error("asked:", err)
		}
		if got := letters(); len(got) != 2 || got[0] != engine.ReasonUnsure {
			t.Errorf("dead letters: %v", got)
		}
	})
}

// TestWhatCantBeGivenBackIsReported: the way back is full. The message is a dead letter where it is, and who asked hears so once there is room.
func TestWhatCantBeGivenBackIsReported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.net.SetLatency(10*time.Millisecond, 0)
		r.believes("A", "B")
		r.believes("B", "C")
		letters := r.letters("B")
		r.ref("A", "x").Tell(Roam{What: "note", N: 1})
		end := make(chan error, 1)
		go func() {
			_, err := engine.AskTimeout[Whereabouts](r.ref("A", "x"), Roam{}, time.Minute)
			end <- err
		}()
		synctest.Wait()
		r.net.SetBacklog(0)
		time.Sleep(time.Second)
		if got := letters(); len(got) != 2 || got[0] != engine.ReasonBacklog || got[1] != engine.ReasonBacklog {
			t.Errorf("dead letters: %v", got)
		}
		if n := r.systems["B"].Relays(); n != 1 {
			t.Error("answers that are owed:", n)
		}
		r.net.SetBacklog(1 << 20)
		began := time.Now()
		var dead *engine.DeadLetterError
		if err := <-end; !errors.As(err, &dead) || dead.Reason != engine.ReasonBacklog || time.Since(began) > 60*time.Millisecond {
			t.Errorf("asked: %v after %v", err, time.Since(began))
		}
		if n := r.systems["B"].Relays(); n != 0 {
			t.Error("answers that are owed:", n)
		}
	})
}

// TestAnAnswerThatFindsTheLaneFullIsSentLater.
func TestAnAnswerThatFindsTheLaneFullIsSentLater(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.owns("B")
		end := make(chan error, 1)
		go func() {
			_, err := engine.AskTimeout[Whereabouts](r.ref("A", "x"), Roam{What: "slow", N: 10}, time.Minute)
			end <- err
		}()
		synctest.Wait()
		r.net.SetBacklog(0)
		time.Sleep(time.Second)
		r.net.SetBacklog(1 << 20)
		began := time.Now()
		if err := <-end; err != nil || time.Since(began) > 60*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}
