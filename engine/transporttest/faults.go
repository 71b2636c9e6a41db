package transporttest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"hayauma.example/engine"
)

// brokenConnections has connections break all the time: each packet is received once, and none is returned.
func brokenConnections(t *testing.T, f fixture) {
	a, b := f.pair()
	sent := numbers("x", 3000)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for _, lane := range []engine.Lane{engine.Data, engine.Control} {
		wg.Go(func() { a.paced(t, "b", lane, sent) })
		wg.Go(func() { b.paced(t, "a", lane, sent) })
	}
	go func() { wg.Wait(); close(done) }()
	for {
		select {
		case <-done:
		case <-time.After(f.Settle / 20):
			f.Break("a", "b")
			continue
		}
		break
	}
	for _, m := range []member{a, b} {
		m.Wait(t, 2*len(sent))
	}
	f.settle()
	for _, lane := range []engine.Lane{engine.Data, engine.Control} {
		same(t, "at a", a.Of("b", lane), sent)
		same(t, "at b", b.Of("a", lane), sent)
	}
	if len(a.Back())+len(b.Back()) > 0 {
		t.Error("something was returned")
	}
}

// paced sends with pauses, so that faults fall between.
func (m member) paced(t *testing.T, to string, lane engine.Lane, packets []string) {
	t.Helper()
	for some := range slices.Chunk(packets, 50) {
		m.stream(t, to, lane, some)
		<-time.After(time.Millisecond)
	}
}

func cutOneWay(t *testing.T, f fixture)      { f.cut(t, "a", "b") }
func cutTheOtherWay(t *testing.T, f fixture) { f.cut(t, "b", "a") }

// cut has one direction be gone for a while, the packets' or the acknowledgements'.
func (f fixture) cut(t *testing.T, from, to string) {
	a, b := f.pair()
	a.send(t, "b", engine.Data, "before")
	b.Wait(t, 1)
	f.settle()
	f.Cut(from, to)
	sent := numbers("x", 100)
	a.stream(t, "b", engine.Data, sent)
	f.settle()
	if n := len(b.Got()); from == "a" && n > 1 {
		t.Errorf("%d packets passed the cut", n-1)
	}
	if len(a.Back()) > 0 {
		t.Error("something was returned")
	}
	f.Mend(from, to)
	b.Wait(t, 1+len(sent))
	f.settle()
	same(t, "received", b.Of("a", engine.Data), append([]string{"before"}, sent...))
	a.View()
	if n := len(a.Back()); n > 0 {
		t.Errorf("%d packets were not acknowledged", n)
	}
}

func closing(t *testing.T, f fixture) {
	a, b := f.pair()
	a.View("b", "ghost")
	sent := numbers("x", 20)
	a.stream(t, "ghost", engine.Control, sent)
	a.send(t, "b", engine.Data, "y")
	b.Wait(t, 1)
	f.settle()
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	same(t, "returned", backs(t, a.Back(), false), sent)
	wantErr(t, a.Send("b", engine.Data, text("z")), engine.ErrNoMember)
	a.View("b")
	wantErr(t, a.Send("b", engine.Data, text("z")), engine.ErrNoMember)
	b.send(t, "a", engine.Data, "to one that is gone")
	f.settle()
	if len(a.Got()) > 0 {
		t.Error("something was received after Close")
	}
	if err := a.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

// crash: what a member has not acknowledged when it dies comes back, and a new one gets only what is meant for it.
func crash(t *testing.T, f fixture) {
	a, b := f.pair()
	sent := numbers("x", 200)
	a.stream(t, "b", engine.Data, sent[:100])
	b.Wait(t, 50)
	f.Crash("b")
	a.stream(t, "b", engine.Data, sent[100:])
	f.settle()
	next := f.join("b2")
	next.View("a")
	a.View("b2")
	a.send(t, "b2", engine.Data, "welcome")
	next.Wait(t, 1)
	f.settle()
	same(t, "at the new one", next.Of("a", engine.Data), []string{"welcome"})
	audit(t, sent, b.Of("a", engine.Data), a.Back())
}

// audit has each packet be received once, or returned once, or both where that was unsure; each in order.
func audit(t *testing.T, sent, received []string, back []Back) {
	t.Helper()
	same(t, "received", received, sent[:min(len(received), len(sent))])
	returned := make([]string, len(back))
	first := len(sent) - len(back)
	for i, b := range back {
		returned[i] = b.Packet
		if first+i < len(received) && !b.Unsure {
			t.Errorf("%.20q was received, and returned for sure", b.Packet)
		}
	}
	if first < 0 || first > len(received) {
		t.Fatalf("%d sent, %d received, %d returned", len(sent), len(received), len(back))
	}
	same(t, "returned", returned, sent[first:])
}

// accounts has members fail in the midst of everything: nothing is lost without a word.
func accounts(t *testing.T, f fixture) {
	ends := []func(a, b member){
		func(_, b member) { f.Crash(b.name) },
		func(_, b member) { b.View() },
		func(a, b member) { f.Cut(b.name, a.name) },
		func(a, b member) { f.Cut(a.name, b.name) },
		func(a, b member) { f.Break(a.name, b.name) },
		func(_, b member) { _ = b.Close() },
	}
	for n, end := range ends {
		a, b := f.join(fmt.Sprint("a", n)), f.join(fmt.Sprint("b", n))
		a.View(b.name)
		b.View(a.name)
		sent := make(chan []string)
		go func() { sent <- a.attempt(b.name, numbers("x", 5000)) }()
		for i := range 4 {
			b.Wait(t, 1+i*(n+1)*20)
			f.Break(a.name, b.name)
		}
		end(a, b)
		<-time.After(f.Settle / 4)
		a.View()
		taken := <-sent
		f.settle()
		audit(t, taken, b.Of(a.name, engine.Data), a.Back())
	}
}

// attempt sends packets until the peer is none, and returns those that were taken.
func (m member) attempt(to string, packets []string) (taken []string) {
	for _, p := range packets {
		switch err := m.Send(to, engine.Data, text(p)); {
		case err == nil:
			taken = append(taken, p)
		case !errors.Is(err, engine.ErrBacklog):
			return taken
		}
		if len(taken)%20 == 0 {
			<-time.After(time.Millisecond)
		}
	}
	return taken
}
