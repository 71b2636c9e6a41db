package checker_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine/meter"
)

func TestWhatIsRecordedIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.open()
		w.ref().Tell(report(0, actors.PathAccepted))
		w.ref().Tell(report(1, actors.PathRefused))
		w.ref().Tell(report(2, actors.PathReturned))
		w.ref().Tell(actors.Report{Run: "r", Window: 1, Path: multicast, What: actors.PathSplit, Poster: "shop/m"})
		time.Sleep(time.Second)
		w.ref().Tell(report(0, actors.PathAccepted)) // again
		time.Sleep(time.Second)
		ask[actors.Progress](w, actors.Direct{Run: "r", Paths: []actors.Span{{Lo: 100, Hi: 300}}, Outcome: actors.Cancelled, Reason: "x"})
		r := w.judged.Channels.Of(meter.Other)
		got := [...]uint64{r.Outcomes[actors.Delivered].Load(), r.Outcomes[actors.Failed].Load(), r.Outcomes[actors.Cancelled].Load(),
			r.Returned.Load(), r.Split.Load(), w.judged.Repeated.Load()}
		if want := [...]uint64{1, 1, 200, 1, 100, 1}; got != want {
			t.Errorf("delivered, failed, cancelled, returned, split, repeated: %v, want %v", got, want)
		}
	})
}
