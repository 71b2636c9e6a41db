package engine_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// TestWhatWaitsIsBoundedAndShared: by bytes. A kind takes half of the room at most, the next one half of the rest; who sends more is told.
func TestWhatWaitsIsBoundedAndShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const room = 100_000
		log, d := &roamLog{}, &enginetest.Directory{}
		messages := codec.NewRegistry()
		codec.Register[Roam](messages, "roam")
		codec.Register[Whereabouts](messages, "whereabouts")
		s := enginetest.NewSystem(t, enginetest.Options{Directory: d, Messages: messages, Log: enginetest.Silence, Held: room})
		engine.Serve(s, roamers, func(string) engine.Actor[Roam] { return &roamer{log: log, where: "here"} })
		engine.Serve(s, strollers, func(string) engine.Actor[Roam] { return &roamer{log: log, where: "here"} })
		d.Place(func(string, string) engine.Place { return engine.Place{Answer: engine.Soon} })
		refused := 0
		engine.DeadLetters.Subscribe(s, func(l engine.DeadLetter) {
			if l.Reason == engine.ReasonFull {
				refused++
			}
		})
		flood := func(k *engine.Kind[Roam]) (took int64, kept int) {
			before := s.Held().Bytes
			was := refused
			const sent = 600
			for n := range sent {
				k.Ref(s, fmt.Sprint("x", n%10)).Tell(Roam{What: "note", N: n})
			}
			synctest.Wait()
			now := s.Held()
			if now.Messages == 0 || now.Bytes > room {
				t.Errorf("%+v wait", now)
			}
			return now.Bytes - before, sent - (refused - was)
		}
		first, keptFirst := flood(roamers)
		second, keptSecond := flood(strollers)
		if first < room*45/100 || first > room/2+200 || second < room*20/100 || second > room/4+200 {
			t.Errorf("the first kind took %d bytes, the second %d", first, second)
		}
		if now := s.Held(); now.Messages != keptFirst+keptSecond {
			t.Errorf("%+v wait, %d and %d were kept", now, keptFirst, keptSecond)
		}
		var dead *engine.DeadLetterError
		if _, err := engine.AskTimeout[Whereabouts](roamers.Ref(s, "x1"), Roam{}, time.Second); !errors.As(err, &dead) || dead.Reason != engine.ReasonFull {
			t.Error("asked:", err)
		}
		d.Place(func(string, string) engine.Place { return engine.Place{} })
		synctest.Wait()
		if now := s.Held(); now != (engine.HeldStats{}) {
			t.Errorf("%+v wait", now)
		}
		if n := len(log.all()); n != keptFirst+keptSecond {
			t.Errorf("%d were handled, %d and %d were kept", n, keptFirst, keptSecond)
		}
	})
}
