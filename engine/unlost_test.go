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

// watchX has an actor of A watch grain x; what it is told comes through the channel. unwatch takes it back.
func (r *road) watchX() (told chan engine.Terminated, unwatch func()) {
	r.t.Helper()
	told = make(chan engine.Terminated, 10)
	watcher, err := engine.Spawn(r.systems["A"], "watcher", func() engine.Actor[script] { return &hooks{} })
	if err != nil {
		r.t.Fatal(err)
	}
	watcher.Tell(func(c *engine.Context[script]) {
		engine.Watch(c, r.ref("A", "x"), func(e engine.Terminated) script {
			return func(*engine.Context[script]) { told <- e }
		})
	})
	synctest.Wait()
	return told, func() {
		watcher.Tell(func(c *engine.Context[script]) { engine.Unwatch(c, r.ref("A", "x")) })
		synctest.Wait()
	}
}

// inMemory tells whether B has a grain.
func (r *road) inMemory(id string) bool {
	for c := range r.systems["B"].Cells {
		if c.ID == id {
			return true
		}
	}
	return false
}

// TestAWatcherHearsOnceThereIsRoom: what it watches ended while the way to it was full.
func TestAWatcherHearsOnceThereIsRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.owns("B")
		if _, err := r.ask("A", "x", Roam{}); err != nil {
			t.Fatal(err)
		}
		told, _ := r.watchX()
		r.net.SetBacklog(0)
		<-r.ref("B", "x").Stop()
		time.Sleep(time.Second)
		select {
		case e := <-told:
			t.Fatal("told through a full lane:", e)
		default:
		}
		r.net.SetBacklog(1 << 20)
		began := time.Now()
		if e := <-told; e.Reason != engine.ReasonStopped || time.Since(began) > 60*time.Millisecond {
			t.Errorf("%+v after %v", e, time.Since(began))
		}
	})
}

// TestWordsToAGrainGoOnceThereIsRoom: they find the way to it full.
func TestWordsToAGrainGoOnceThereIsRoom(t *testing.T) {
	late := func(t *testing.T, memory bool, say func(r *road)) *road {
		r := newRoad(t, "A", "B")
		r.owns("B")
		if memory {
			r.ref("B", "x").Tell(Roam{What: "silent"})
			synctest.Wait()
		}
		r.net.SetBacklog(0)
		say(r)
		time.Sleep(time.Second)
		if r.inMemory("x") != memory {
			t.Fatal("heard through a full lane")
		}
		r.net.SetBacklog(1 << 20)
		return r
	}
	within := func(t *testing.T, done <-chan struct{}) {
		t.Helper()
		select {
		case <-done:
		case <-time.After(60 * time.Millisecond):
			t.Error("not told")
		}
	}
	for name, end := range map[string]func(engine.Ref[Roam]) <-chan struct{}{"Stop": engine.Ref[Roam].Stop, "Poison": engine.Ref[Roam].Poison} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var done <-chan struct{}
				r := late(t, true, func(r *road) {
					done = end(r.ref("A", "x"))
					select {
					case <-done:
						t.Error("it can't have ended")
					default:
					}
				})
				within(t, done)
				if r.inMemory("x") {
					t.Error("it is in memory")
				}
			})
		})
	}
	t.Run("Touch", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			r := late(t, false, func(r *road) { r.ref("A", "x").Touch() })
			time.Sleep(60 * time.Millisecond)
			if !r.inMemory("x") {
				t.Error("it is not in memory")
			}
		})
	})
	t.Run("Watch", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			var told chan engine.Terminated
			r := late(t, true, func(r *road) { told, _ = r.watchX() })
			time.Sleep(60 * time.Millisecond)
			<-r.ref("B", "x").Stop()
			if e := <-told; e.Reason != engine.ReasonStopped {
				t.Error(e)
			}
		})
	})
	t.Run("Watch and Unwatch", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			r := late(t, true, func(r *road) {
				_, unwatch := r.watchX()
				unwatch()
			})
			time.Sleep(60 * time.Millisecond)
			received := r.members["A"].Stats().Received
			<-r.ref("B", "x").Stop()
			time.Sleep(time.Second)
			if n := r.members["A"].Stats().Received; n != received {
				t.Error("somebody is told who doesn't watch any more")
			}
		})
	})
	t.Run("Stop of a member that is lost meanwhile", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			var done <-chan struct{}
			r := late(t, true, func(r *road) { done = r.ref("A", "x").Stop() })
			r.net.SetBacklog(0)
			r.net.Crash("B")
			r.members["A"].SetPeers("A")
			r.systems["A"].MemberLost("B")
			within(t, done)
		})
	})
}
