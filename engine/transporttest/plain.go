package transporttest

import (
	"strings"
	"sync"
	"testing"

	"hayauma.example/engine"
)

func order(t *testing.T, f fixture) {
	a, b := f.pair()
	data, control := numbers("d", 1000), numbers("c", 1000)
	var wg sync.WaitGroup
	wg.Go(func() { a.stream(t, "b", engine.Data, data) })
	wg.Go(func() { a.stream(t, "b", engine.Control, control) })
	wg.Wait()
	b.Wait(t, len(data)+len(control))
	f.settle()
	same(t, "data", b.Of("a", engine.Data), data)
	same(t, "control", b.Of("a", engine.Control), control)
	if len(a.Got()) > 0 || len(a.Back()) > 0 {
		t.Error("something came to its sender")
	}
}

// bothWays sends between three members, from several goroutines each: the order of one goroutine's Sends holds.
func bothWays(t *testing.T, f fixture) {
	all := []member{f.join("a"), f.join("b"), f.join("c")}
	for _, m := range all {
		m.View("a", "b", "c") // its own name means nothing
	}
	const n = 300
	var wg sync.WaitGroup
	for _, from := range all {
		for _, to := range all {
			if from.name != to.name {
				wg.Go(func() { from.stream(t, to.name, engine.Data, numbers("x", n)) })
				wg.Go(func() { from.stream(t, to.name, engine.Data, numbers("y", n)) })
			}
		}
	}
	wg.Wait()
	for _, to := range all {
		to.Wait(t, 4*n)
		for _, from := range all {
			for _, prefix := range []string{"x", "y"} {
				if from.name != to.name {
					same(t, from.name+" to "+to.name, having(to.Of(from.name, engine.Data), prefix), numbers(prefix, n))
				}
			}
		}
	}
}

func having(packets []string, prefix string) []string {
	var out []string
	for _, p := range packets {
		if strings.HasPrefix(p, prefix) {
			out = append(out, p)
		}
	}
	return out
}

func notAMember(t *testing.T, f fixture) {
	a := f.join("a")
	wantErr(t, a.Send("b", engine.Data, text("x")), engine.ErrNoMember)
	b := f.join("b")
	wantErr(t, a.Send("b", engine.Data, text("x")), engine.ErrNoMember)
	a.View("a", "b")
	b.View("a")
	wantErr(t, a.Send("a", engine.Data, text("to itself")), engine.ErrNoMember)
	wantErr(t, a.Send("", engine.Data, text("to nobody")), engine.ErrNoMember)
	wantErr(t, a.Send("b", engine.Lanes, text("in no lane")), engine.ErrNoMember)
	a.send(t, "b", engine.Data, "y")
	b.Wait(t, 1)
	a.View()
	wantErr(t, a.Send("b", engine.Data, text("z")), engine.ErrNoMember)
	f.settle()
	same(t, "received", b.Of("a", engine.Data), []string{"y"})
}

func refusedPacket(t *testing.T, f fixture) {
	a, b := f.pair()
	wantErr(t, a.Send("b", engine.Data, faulty{}), errEncoding)
	a.send(t, "b", engine.Data, "")
	wantErr(t, a.Send("b", engine.Data, faulty{}), errEncoding)
	a.send(t, "b", engine.Data, "after")
	wantErr(t, a.Send("b", engine.Data, faulty{}), errEncoding)
	b.Wait(t, 2)
	f.settle()
	same(t, "received", b.Of("a", engine.Data), []string{"", "after"})
}

// fill sends until the backlog is full.
func (f fixture) fill(t *testing.T, from member, to string, lane engine.Lane) []string {
	t.Helper()
	var sent []string
	packet := strings.Repeat("x", f.Backlog/64)
	for range 64 << 10 {
		if err := from.Send(to, lane, text(packet)); err != nil {
			wantErr(t, err, engine.ErrBacklog)
			return sent
		}
		sent = append(sent, packet)
	}
	t.Fatal("the backlog has no end")
	return nil
}

func backlog(t *testing.T, f fixture) {
	a, b := f.join("a"), f.join("b")
	a.View("b")
	sent := f.fill(t, a, "b", engine.Data)
	if len(sent) < 16 || len(sent) > 64 {
		t.Errorf("the backlog took %d packets of a 64th of it", len(sent))
	}
	wantErr(t, a.Send("b", engine.Data, text(sent[0])), engine.ErrBacklog)
	b.View("a")
	b.Wait(t, len(sent))
	f.settle()
	more := f.fill(t, a, "b", engine.Data) // what was acknowledged takes no room
	if len(more) < len(sent)/2 {
		t.Errorf("then it took %d, before %d", len(more), len(sent))
	}
	b.Wait(t, len(sent)+len(more))
}

func waitsForTheView(t *testing.T, f fixture) {
	a := f.join("a")
	a.View("b")
	sent := numbers("early", 50)
	a.stream(t, "b", engine.Data, sent)
	f.settle()
	b := f.join("b")
	f.settle()
	b.View("a")
	b.Wait(t, len(sent))
	same(t, "received", b.Of("a", engine.Data), sent)
	if len(a.Back()) > 0 {
		t.Error("something was returned")
	}
}

func stranger(t *testing.T, f fixture) {
	a, b, c := f.join("a"), f.join("b"), f.join("c")
	a.View("b")
	b.View("c")
	c.View("b")
	a.stream(t, "b", engine.Data, numbers("no", 20))
	a.stream(t, "b", engine.Control, numbers("no", 20))
	c.send(t, "b", engine.Data, "yes")
	b.Wait(t, 1)
	f.settle()
	if got := b.Got(); len(got) != 1 || got[0].From != "c" {
		t.Errorf("received %v", got)
	}
}

func slowReceiver(t *testing.T, f fixture) {
	a, b, c := f.join("a"), f.join("b"), f.join("c")
	for _, m := range []member{a, b, c} {
		m.View("a", "b", "c")
	}
	release := b.Hold("a", engine.Data)
	defer release()
	a.send(t, "b", engine.Data, "first")
	b.WaitHeld(t)
	sent := f.fill(t, a, "b", engine.Data) // as a slow one's sender learns
	b.View("a", "c")                       // another view changes nothing
	a.send(t, "c", engine.Data, "past it")
	c.Wait(t, 1)
	c.stream(t, "b", engine.Data, numbers("c", 100))
	b.stream(t, "a", engine.Data, numbers("b", 100))
	b.Wait(t, 101)
	a.Wait(t, 100)
	f.settle()
	same(t, "from the slow one's sender", b.Of("a", engine.Data), []string{"first"})
	release()
	b.Wait(t, 101+len(sent))
	same(t, "in the end", b.Of("a", engine.Data), append([]string{"first"}, sent...))
}

func controlPassesData(t *testing.T, f fixture) {
	a, b := f.pair()
	release := b.Hold("a", engine.Data)
	defer release()
	a.send(t, "b", engine.Data, "first")
	b.WaitHeld(t)
	sent := f.fill(t, a, "b", engine.Data)
	control := numbers("c", 100)
	a.stream(t, "b", engine.Control, control)
	b.Wait(t, 101)
	same(t, "control", b.Of("a", engine.Control), control)
	release()
	b.Wait(t, 101+len(sent))
}
