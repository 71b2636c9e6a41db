package engine_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

const parent = "00-0102030405060708090a0b0c0d0e0f10-a1a2a3a4a5a6a7a8-01"

func TestTraceparent(t *testing.T) {
	tr := engine.ParseTrace(parent)
	if tr.String() != parent || engine.TraceFrom(tr.Append(nil)) != tr || engine.TraceFrom(string(tr.Append(nil))) != tr {
		t.Errorf("%s", tr)
	}
	if later := engine.ParseTrace("01" + parent[2:] + "-more"); later != tr {
		t.Errorf("a later version: %s", later)
	}
	for _, bad := range []string{
		"", parent[:54], parent + "-more", "ff" + parent[2:], strings.ToUpper(parent), "00-" + strings.Repeat("0", 32) + parent[35:],
		parent[:36] + strings.Repeat("0", 16) + parent[52:], strings.Replace(parent, "-a1", "_a1", 1), "zz" + parent[2:], "01" + parent[2:] + "more",
	} {
		if got := engine.ParseTrace(bad); got.Valid() || got.String() != "" {
			t.Errorf("%q is %s", bad, got)
		}
	}
}

// A trace reaches the handler on this member and on others, behind messages that were passed on too; the next message has none.
func TestATraceGoesWithItsMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoad(t, "a", "b")
		tr := engine.ParseTrace(parent)
		for _, owner := range []string{"a", "b"} {
			r.owns(owner)
			ref := r.ref("a", "g"+owner)
			for range 3 { // the first activates it, the next ones find it in memory
				ref.TellTraced(tr, Roam{What: "trace"})
				ref.Tell(Roam{What: "trace"})
				synctest.Wait()
			}
			if _, err := engine.AskTraced[Whereabouts](t.Context(), ref, tr, Roam{What: "trace"}); err != nil {
				t.Error(err)
			}
			ref.TellTraced(tr, Roam{What: "pass", To: r.ref("a", "other").Address()})
			synctest.Wait()
			want := strings.Repeat(owner+" "+parent+"|"+owner+" |", 3) + strings.Repeat(owner+" "+parent+"|", 2)
			if got := strings.Join(r.log.all(), "|") + "|"; got != want {
				t.Errorf("with the grain at %s:\n%s\nwant\n%s", owner, got, want)
			}
			r.log.lines = nil
		}
	})
}

func TestATraceIsInLogsAndNotInDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := enginetest.NewSystem(t, enginetest.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		a, err := engine.Spawn(s, "a", acting(&hooks{}))
		if err != nil {
			t.Fatal(err)
		}
		a.TellTraced(engine.ParseTrace(parent), func(c *engine.Context[script]) { c.Log().Info("traced") })
		a.Tell(func(c *engine.Context[script]) { c.Log().Info("plain") })
		a.Tell(func(c *engine.Context[script]) { c.LogOf(engine.ParseTrace(parent)).Info("own") })
		a.TellTraced(engine.ParseTrace(parent), func(*engine.Context[script]) { panic("broken") })
		synctest.Wait()
		const named = " kind=cell id=a trace_id=0102030405060708090a0b0c0d0e0f10 span_id=a1a2a3a4a5a6a7a8\n"
		text := log.String()
		for _, want := range []string{"msg=traced" + named, "msg=plain kind=cell id=a\n", "msg=own" + named,
			`msg="actor failed" trace_id=0102030405060708090a0b0c0d0e0f10 span_id=a1a2a3a4a5a6a7a8 kind=cell id=a panic=broken`} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in\n%s", want, text)
			}
		}
		var dead []any
		engine.DeadLetters.Subscribe(s, func(d engine.DeadLetter) { dead = append(dead, d.Message) })
		<-a.Stop()
		a.TellTraced(engine.ParseTrace(parent), script(nil))
		synctest.Wait()
		if len(dead) != 1 {
			t.Fatalf("dead letters %v", dead)
		}
		if _, ok := dead[0].(script); !ok {
			t.Errorf("the dead letter is a %T", dead[0])
		}
	})
}

type ticks struct{ n int }

func (k *ticks) Handle(c *engine.Context[*int], m *int) {
	if c.Trace().Valid() {
		k.n++
	}
}

// A message without a trace costs no allocation, whatever it is told by.
func TestUntracedMessagesCostNothing(t *testing.T) {
	s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
	ref, err := engine.Spawn(s, "a", func() engine.Actor[*int] { return &ticks{} }, engine.WithMailbox(engine.Unbounded))
	if err != nil {
		t.Fatal(err)
	}
	m := new(int)
	plain := testing.AllocsPerRun(5000, func() { ref.Tell(m) })
	if got := testing.AllocsPerRun(5000, func() { ref.TellTraced(engine.Trace{}, m) }); got > plain+0.5 {
		t.Errorf("%.1f allocations for a message without a trace, Tell has %.1f", got, plain)
	}
}
