package remote_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"hayauma.example/cluster/remote"
	"hayauma.example/engine"
)

// TestProbeKnowsTheDeadForCertain: refused is dead, another incarnation is dead, the one itself is not, and silence proves nothing.
func TestProbeKnowsTheDeadForCertain(t *testing.T) {
	one, two := open(t, remote.Config{Incarnation: "one"}), open(t, remote.Config{Incarnation: "two"})
	_, second := acquaint(one, two)
	must(t, one.Send("two", engine.Control, payload("before")))
	at := two.Addr().String()
	for range 3 {
		if one.Probe(t.Context(), at, "two") {
			t.Fatal("dead, though it answers")
		}
	}
	if who, err := one.Ask(t.Context(), at, "earlier"); err != nil || who != "two" {
		t.Errorf("%q answers: %v", who, err)
	}
	if who, err := one.Ask(t.Context(), one.Addr().String(), "one"); err != nil || who != "one" {
		t.Errorf("at its own address %q answers: %v", who, err)
	}
	if !one.Probe(t.Context(), at, "earlier") {
		t.Error("not dead, though another incarnation answers there")
	}
	must(t, one.Send("two", engine.Control, payload("after")))
	second.Wait(t, 2)
	if n := reconnects(one); n > 0 {
		t.Errorf("a probe broke connections of the peer: %d were made again", n)
	}
	must(t, two.Close())
	if !one.Probe(t.Context(), at, "two") {
		t.Error("not dead, though its address refuses")
	}
	if _, err := one.Ask(t.Context(), at, "two"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("where nobody listens: %v", err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if who, err := one.Ask(ctx, silent.Addr().String(), "two"); err == nil || errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("where nobody speaks %q answers: %v", who, err)
	}
	if one.Probe(ctx, silent.Addr().String(), "two") {
		t.Error("dead, though nobody said so")
	}
}

// TestOnDownTellsOfAPeerThatWent: a connection that broke, and not one that this member gave up.
func TestOnDownTellsOfAPeerThatWent(t *testing.T) {
	down := make(chan string, 1000)
	one := open(t, remote.Config{Incarnation: "one", OnDown: func(incarnation string) { down <- incarnation }})
	two := open(t, remote.Config{Incarnation: "two"})
	_, second := acquaint(one, two)
	must(t, one.Send("two", engine.Data, payload("hello")))
	must(t, one.Send("two", engine.Control, payload("hello")))
	second.Wait(t, 2)
	for len(down) > 0 {
		<-down // the peer may have refused a stranger at first
	}
	must(t, two.Close())
	select {
	case who := <-down:
		if who != "two" {
			t.Error("down:", who)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("not told that a connection broke")
	}
	three := open(t, remote.Config{Incarnation: "three"})
	one.SetPeers(nil)
	one.SetPeers(map[string]string{"three": three.Addr().String()})
	one.SetPeers(nil)
	must(t, one.Close())
	for len(down) > 0 {
		if who := <-down; who != "two" { // of which one link may just have been telling
			t.Error("told of a peer that this member gave up:", who)
		}
	}
}

func reconnects(t *remote.Transport) uint64 {
	peers, _ := t.Stats()
	return peers["two"].Reconnects
}
