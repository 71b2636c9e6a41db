package remote_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cluster/remote"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

type (
	// Errand is what clerks do.
	Errand struct {
		Do   string
		N    int
		To   string         // another clerk
		Back engine.Address // an actor that is told
	}
	// Note is what they answer, and what they tell.
	Note struct{ Text string }
	// Strange is a message that clerks don't know.
	Strange struct{}
)

var clerks = engine.NewKind[Errand](engine.KindConfig{Name: "clerk", Role: "office", Idle: -1})

// clerk is the actor of all three settings.
type clerk struct{ seen []int }

func (k *clerk) Handle(c *engine.Context[Errand], m Errand) {
	switch m.Do {
	case "note":
		k.seen = append(k.seen, m.N)
	case "report":
		c.Respond(Note{fmt.Sprint(k.seen)})
	case "forward":
		engine.Forward(c, clerks.Ref(c.System(), m.To), Errand{Do: "report"})
	case "pass on":
		clerks.Ref(c.System(), m.To).Tell(Errand{Do: "tell", N: m.N, Back: m.Back})
	case "tell":
		engine.RefTo[Note](c.System(), m.Back).Tell(Note{fmt.Sprint(c.ID(), " has ", m.N)})
	case "later":
		reply := c.Reply()
		c.After(time.Millisecond, Errand{Do: "now"})
		c.Become(func(c *engine.Context[Errand], m Errand) {
			if m.Do == "now" {
				reply.Send(Note{"later"})
				c.Unbecome()
			}
		})
	case "panic":
		panic("a clerk falls ill")
	case "silence":
	}
}

// listener passes on what it is told.
type listener struct{ heard chan<- string }

func (l listener) Handle(c *engine.Context[Note], m Note) {
	if name, ok := strings.CutPrefix(m.Text, "watch "); ok {
		engine.Watch(c, clerks.Ref(c.System(), name), func(e engine.Terminated) Note { return Note{fmt.Sprint(e.ID, " ended: ", e.Reason)} })
	}
	l.heard <- m.Text
}

func officeMessages() *codec.Registry {
	r := codec.NewRegistry()
	codec.Register[Errand](r, "errand")
	codec.Register[Note](r, "note")
	codec.Register[Strange](r, "strange")
	return r
}

// office is a system in which clerks whose names begin with "far" are where far says; nil: all are here.
func office(t testing.TB, incarnation string, far func(name string) engine.Place, transport engine.Transport) *engine.System {
	o := enginetest.Options{Incarnation: incarnation, Messages: officeMessages(), Log: enginetest.Silence, Transport: transport}
	if far != nil {
		d := &enginetest.Directory{}
		d.Place(func(_, key string) engine.Place { return far(key) })
		o.Directory = d
	}
	s := enginetest.NewSystem(t, o)
	engine.Serve(s, clerks, func(string) engine.Actor[Errand] { return &clerk{} })
	return s
}

// between places far clerks at one member of two.
func between(other string, farHere bool) func(string) engine.Place {
	return func(name string) engine.Place {
		if strings.HasPrefix(name, "far") == farHere {
			return engine.Place{Answer: engine.Here}
		}
		return engine.Place{Answer: engine.Elsewhere, Member: other}
	}
}

// errands is the one body: it uses clerks near and far in every way, and returns what came of it. It doesn't know where they are.
func errands(t testing.TB, s *engine.System) (transcript []string) {
	t.Helper()
	say := func(what string, v any) { transcript = append(transcript, fmt.Sprintf("%s: %v", what, v)) }
	near, far := clerks.Ref(s, "near"), clerks.Ref(s, "far away")
	ask := func(r engine.Ref[Errand], m Errand) string {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		a, err := engine.Ask[Note](ctx, r, m)
		if err != nil {
			return fault(err)
		}
		return a.Text
	}
	heard := make(chan string, 100)
	ear, err := engine.Spawn(s, "ear", func() engine.Actor[Note] { return listener{heard} })
	if err != nil {
		t.Fatal(err)
	}
	hear := func() string {
		select {
		case text := <-heard:
			return text
		case <-time.After(10 * time.Second):
			return "nothing"
		}
	}
	for _, r := range []engine.Ref[Errand]{near, far} {
		for n := range 50 {
			r.Tell(Errand{Do: "note", N: n})
		}
		say("order", ask(r, Errand{Do: "report"}))
		say("a reply that is kept", ask(r, Errand{Do: "later"}))
	}
	say("forward to far", ask(near, Errand{Do: "forward", To: "far too"}))
	say("forward to near", ask(far, Errand{Do: "forward", To: "near too"}))
	near.Tell(Errand{Do: "pass on", N: 1, To: "far away", Back: ear.Address()})
	say("near to far to me", hear())
	far.Tell(Errand{Do: "pass on", N: 2, To: "near", Back: ear.Address()})
	say("far to near to me", hear())
	for _, r := range []engine.Ref[Errand]{near, far} {
		_, err := engine.AskTimeout[Note](r, Errand{Do: "silence"}, 50*time.Millisecond)
		say("no answer", fault(err))
		say("panic", ask(r, Errand{Do: "panic"}))
		say("after the panic", ask(r, Errand{Do: "report"}))
		_, err = engine.AskPID[Note](t.Context(), s, r.PID(), Strange{})
		say("a strange message", fault(err))
		s.Engine().Send(r.PID(), Errand{Do: "tell", N: 3, Back: ear.Address()})
		say("by Hollywood's Send", hear())
	}
	for _, r := range []engine.Ref[Errand]{near, far} {
		ear.Tell(Note{"watch " + r.ID()})
		say("watching", hear())
		say("the watched one lives", ask(r, Errand{Do: "report"}))
		r.Tell(Errand{Do: "tell", N: 4, Back: ear.Address()})
		<-r.Poison()
		said := []string{hear(), hear()}
		slices.Sort(said) // the actor's word and the word of its end come by themselves
		say("poison after what is queued", said)
		ear.Tell(Note{"watch " + r.ID()})
		say("watching again", hear())
		say("the grain is back, and new", ask(r, Errand{Do: "report"}))
		<-r.Stop()
		say("stop", hear())
	}
	return transcript
}

// fault is an error as all settings tell it: by kind, for its text may name a member.
func fault(err error) string {
	var dead *engine.DeadLetterError
	var panicked *engine.PanicError
	var far *engine.RemoteError
	switch {
	case err == nil:
		return "none"
	case errors.Is(err, context.DeadlineExceeded):
		return "deadline"
	case errors.As(err, &dead):
		return "dead letter: " + dead.Reason
	case errors.As(err, &panicked):
		return "panic: " + panicked.Error()
	case errors.As(err, &far):
		return "panic: " + far.Text
	}
	return fmt.Sprintf("%T %v", err, err)
}

// TestOneBodyAnyPlace runs the same body over the same actors: in one process, in two systems of one bubble, and in two processes.
func TestOneBodyAnyPlace(t *testing.T) {
	if os.Getenv("OFFICE_CHILD") != "" {
		farOffice(t)
		return
	}
	var alone, bubble []string
	t.Run("one process", func(t *testing.T) {
		alone = errands(t, office(t, "near", nil, nil))
		t.Log("\n" + strings.Join(alone, "\n"))
	})
	t.Run("two systems in virtual time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			net := enginetest.NewNetwork(t, 1)
			net.SetLatency(2*time.Millisecond, time.Millisecond)
			a, b := net.Join("near"), net.Join("far")
			s := office(t, "near", between("far", false), a)
			office(t, "far", between("near", true), b)
			a.SetPeers("near", "far")
			b.SetPeers("near", "far")
			bubble = errands(t, s)
			if names := hosted(s); !slices.Equal(names, []string{"near too"}) { // the other near one was stopped
				t.Errorf("the near system has %v", names)
			}
		})
		same(t, alone, bubble)
	})
	t.Run("two processes", func(t *testing.T) {
		transport, address := door(t, "near")
		cmd := exec.Command(os.Args[0], "-test.run=^TestOneBodyAnyPlace$", "-test.v")
		cmd.Env = append(os.Environ(), "OFFICE_CHILD="+address)
		in, err := cmd.StdinPipe() // it ends with us
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = in.Close()
			_ = cmd.Wait()
		})
		s := office(t, "near", between("far", false), transport)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, far, ok := strings.Cut(lines.Text(), "office at "); ok {
				transport.SetPeers(map[string]string{"far": far})
				break
			}
		}
		go func() {
			for lines.Scan() { // what else it says is nobody's
			}
		}()
		same(t, alone, errands(t, s))
	})
}

// hosted are the clerks that a system has in memory.
func hosted(s *engine.System) (names []string) {
	s.Cells(func(c engine.CellInfo) bool {
		if c.Kind == clerks.Name() {
			names = append(names, c.ID)
		}
		return true
	})
	slices.Sort(names)
	return names
}

// farOffice is the other process: it lives until its input ends.
func farOffice(t *testing.T) {
	transport, address := door(t, "far")
	office(t, "far", between("near", true), transport)
	transport.SetPeers(map[string]string{"near": os.Getenv("OFFICE_CHILD")})
	fmt.Println("office at " + address)
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
}

func door(t *testing.T, incarnation string) (*remote.Transport, string) {
	t.Helper()
	transport, err := remote.Listen(t.Context(), remote.Config{Incarnation: incarnation, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = transport.Close() })
	return transport, transport.Addr().String()
}

func same(t *testing.T, want, got []string) {
	t.Helper()
	if len(want) == 0 {
		t.Fatal("nothing to compare with")
	}
	for i := range max(len(want), len(got)) {
		var w, g string
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w != g {
			t.Errorf("line %d:\n  one process: %s\n  here:        %s", i, w, g)
		}
	}
}
