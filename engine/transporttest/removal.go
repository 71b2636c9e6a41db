package transporttest

import (
	"sync"
	"testing"
	"time"

	"hayauma.example/engine"
)

func returnedSurely(t *testing.T, f fixture) {
	a := f.join("a")
	a.View("ghost")
	data, control := numbers("d", 50), numbers("c", 3)
	a.stream(t, "ghost", engine.Data, data)
	a.stream(t, "ghost", engine.Control, control)
	f.settle()
	a.View("other")
	back := a.Back()
	if len(back) != len(data)+len(control) {
		t.Fatalf("%d packets were returned, want %d", len(back), len(data)+len(control))
	}
	for _, b := range back {
		if b.To != "ghost" {
			t.Errorf("returned from %s", b.To)
		}
	}
	same(t, "data", backs(t, back[:len(data)], false), data)
	same(t, "control", backs(t, back[len(data):], false), control)
	a.View()
	a.View("ghost")
	f.settle()
	if len(a.Back()) != len(back) {
		t.Error("something was returned twice")
	}
}

func returnedUnsurely(t *testing.T, f fixture) {
	a, b := f.pair()
	a.send(t, "b", engine.Data, "acknowledged")
	b.Wait(t, 1)
	f.settle()
	release := b.Hold("a", engine.Data)
	defer release()
	sent := numbers("x", 5)
	a.send(t, "b", engine.Data, sent[0])
	b.WaitHeld(t)
	a.stream(t, "b", engine.Data, sent[1:])
	f.settle() // they are on their way
	a.View()
	same(t, "returned", backs(t, a.Back(), true), sent)
	release()
	f.settle()
	if len(a.Back()) != len(sent) {
		t.Error("something was returned twice")
	}
}

// comesAgain takes the receiver out of the sender's view and back: what is sent then is not taken for what was sent before.
func comesAgain(t *testing.T, f fixture) {
	a, b := f.pair()
	var want []string
	for round := range 5 {
		first, second := numbers("x", 10+round), numbers("y", 3)
		a.stream(t, "b", engine.Data, first)
		want = append(want, first...)
		b.Wait(t, len(want))
		f.settle()
		a.View()
		a.View("b")
		a.stream(t, "b", engine.Data, second)
		want = append(want, second...)
		b.Wait(t, len(want))
	}
	f.settle()
	same(t, "received", b.Of("a", engine.Data), want)
}

// goesAndComesAtItsReceiver: the sender sees nothing of it, so nothing may be missing, or received twice.
func goesAndComesAtItsReceiver(t *testing.T, f fixture) {
	a, b := f.pair()
	sent := numbers("x", 600)
	var wg sync.WaitGroup
	wg.Go(func() { a.stream(t, "b", engine.Data, sent) })
	for n := range 20 {
		b.Wait(t, n*30)
		b.View()
		b.View("a")
	}
	wg.Wait()
	b.Wait(t, len(sent))
	f.settle()
	same(t, "received", b.Of("a", engine.Data), sent)
}

// removalWaits for the Receive that is under way. Its packet counts as received: it doesn't come again with its sender.
func removalWaits(t *testing.T, f fixture) {
	a, b := f.pair()
	sent := numbers("x", 20)
	release := b.Hold("a", engine.Data)
	defer release()
	a.send(t, "b", engine.Data, sent[0])
	b.WaitHeld(t)
	a.stream(t, "b", engine.Data, sent[1:])
	f.settle()
	removed := make(chan struct{})
	go func() {
		defer close(removed)
		b.View()
	}()
	f.settle()
	select {
	case <-removed:
		t.Error("the removal didn't wait")
	default:
	}
	release()
	<-removed
	same(t, "before its sender is back", b.Of("a", engine.Data), sent[:1])
	b.View("a")
	b.Wait(t, len(sent))
	f.settle()
	same(t, "received", b.Of("a", engine.Data), sent)
}

func removalStopsDelivery(t *testing.T, f fixture) {
	a, b := f.pair()
	stop, some := make(chan struct{}), numbers("x", 100)
	var wg sync.WaitGroup
	for _, lane := range []engine.Lane{engine.Data, engine.Control} {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
					a.stream(t, "b", lane, some)
				}
			}
		})
	}
	for round := range 10 {
		b.Wait(t, len(b.Got())+1+100*round)
		b.View("c")
		n := len(b.Got())
		if round%5 == 4 {
			f.settle()
		}
		if late := len(b.Got()) - n; late > 0 {
			t.Errorf("%d packets were received after their sender was removed", late)
		}
		b.View("a")
	}
	close(stop)
	wg.Wait()
}
