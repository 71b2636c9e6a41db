package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anthdm/hollywood/actor"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// roamers answer where they are.
type roamer struct {
	log   *roamLog
	seen  int
	where string
}

type roamLog struct {
	mu    sync.Mutex
	lines []string // guarded by mu

	failure error // what "refuse" answers
}

func (l *roamLog) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *roamLog) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

type (
	// Roam is a message of roamers.
	Roam struct {
		N    int
		What string
		To   engine.Address
	}
	// Whereabouts is what they answer.
	Whereabouts struct {
		Member string
		Seen   int
	}
)

var (
	roamers   = engine.NewKind[Roam](engine.KindConfig{Name: "roamer", Role: "road", Idle: -1})
	strollers = engine.NewKind[Roam](engine.KindConfig{Name: "stroller", Role: "road", Idle: -1})
)

func (r *roamer) Handle(c *engine.Context[Roam], m Roam) {
	r.seen++
	switch m.What {
	case "note":
		r.log.add(fmt.Sprintf("%s %s %d", r.where, c.ID(), m.N))
	case "trace":
		r.log.add(fmt.Sprintf("%s %s", r.where, c.Trace()))
		c.Respond(Whereabouts{})
	case "pass":
		engine.Forward(c, engine.RefTo[Roam](c.System(), m.To), Roam{What: "trace"})
	case "fail":
		panic("no way")
	case "silent":
	case "refuse":
		c.Respond(r.log.failure)
	case "nap":
		time.Sleep(time.Duration(m.N) * time.Millisecond) // it takes so long
	case "slow":
		reply := c.Reply()
		c.Go(func(ctx context.Context) Roam {
			select {
			case <-time.After(time.Duration(m.N) * time.Millisecond):
				reply.Send(Whereabouts{r.where, r.seen})
			case <-ctx.Done():
			}
			return Roam{What: "woken"}
		})
	case "forward":
		engine.Forward(c, engine.RefTo[Roam](c.System(), m.To), Roam{What: "where"})
	case "tell":
		engine.RefTo[Roam](c.System(), m.To).Tell(Roam{What: "note", N: m.N})
	default:
		c.Respond(Whereabouts{r.where, r.seen})
	}
}

// everybody is all roamers.
var everybody = engine.Departure{Role: "road", Group: func(string) int { return 0 }}

// road is some members of one network; who has which grain is what owner says to all of them.
type road struct {
	t       *testing.T
	net     *enginetest.Network
	names   []string
	systems map[string]*engine.System
	dirs    map[string]*enginetest.Directory
	members map[string]*enginetest.Member
	log     *roamLog
}

func newRoad(t *testing.T, names ...string) *road {
	t.Helper()
	r := &road{
		t: t, net: enginetest.NewNetwork(t, 1), names: names, log: &roamLog{},
		systems: map[string]*engine.System{}, dirs: map[string]*enginetest.Directory{}, members: map[string]*enginetest.Member{},
	}
	for _, name := range names {
		m := r.net.Join(name)
		d := &enginetest.Directory{}
		messages := codec.NewRegistry()
		codec.Register[Roam](messages, "roam")
		codec.Register[Whereabouts](messages, "whereabouts")
		s := enginetest.NewSystem(t, enginetest.Options{Incarnation: name, Directory: d, Transport: m, Messages: messages, Log: enginetest.Silence})
		engine.Serve(s, roamers, func(string) engine.Actor[Roam] { return &roamer{log: r.log, where: name} })
		engine.Serve(s, strollers, func(string) engine.Actor[Roam] { return &roamer{log: r.log, where: name} })
		r.systems[name], r.dirs[name], r.members[name] = s, d, m
	}
	for _, m := range r.members {
		m.SetPeers(names...)
	}
	return r
}

// owns has everybody take one member for the owner of all grains.
func (r *road) owns(owner string) {
	for _, name := range r.names {
		r.believes(name, owner)
	}
}

func (r *road) believes(name, owner string) {
	r.dirs[name].Place(func(string, string) engine.Place {
		switch owner {
		case name:
			return engine.Place{Answer: engine.Here}
		case "soon":
			return engine.Place{Answer: engine.Soon}
		case "nobody":
			return engine.Place{Answer: engine.Nowhere}
		}
		return engine.Place{Answer: engine.Elsewhere, Member: owner}
	})
}

func (r *road) ref(at, id string) engine.Ref[Roam] { return roamers.Ref(r.systems[at], id) }

func (r *road) ask(at, id string, m Roam) (Whereabouts, error) {
	return engine.AskTimeout[Whereabouts](r.ref(at, id), m, time.Minute)
}

func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func TestTheSameSendLocallyAndRemotely(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.net.SetLatency(time.Millisecond, 0)
		r.owns("B")
		for _, at := range []string{"A", "B"} {
			began := time.Now()
			got, err := r.ask(at, "x", Roam{})
			if err != nil || got.Member != "B" {
				t.Errorf("from %s: %v, %v", at, got, err)
			}
			if took, want := time.Since(began), map[string]time.Duration{"A": 2 * time.Millisecond}[at]; took != want {
				t.Errorf("from %s it took %s, want %s", at, took, want)
			}
		}
		for n := range 1000 {
			r.ref("A", "x").Tell(Roam{What: "note", N: n})
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for n, line := range r.log.all() {
			if line != fmt.Sprintf("B x %d", n) {
				t.Fatalf("line %d is %q", n, line)
			}
		}
		if got, _ := r.ask("A", "x", Roam{}); got.Seen != 1003 {
			t.Errorf("seen %d", got.Seen)
		}
	})
}

func TestRemoteQuestionsEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B", "C")
		r.owns("B")
		if _, err := r.ask("A", "x", Roam{What: "silent"}); !errors.Is(err, engine.ErrNoAnswer) {
			t.Errorf("silent: %v", err)
		}
		var crash *engine.PanicError
		if _, err := r.ask("A", "x", Roam{What: "fail"}); !errors.As(err, &crash) || crash.Kind != "roamer" || crash.Value != "no way" {
			t.Errorf("fail: %v", err)
		}
		if got, err := r.ask("A", "x", Roam{What: "forward", To: r.ref("C", "y").Address()}); err != nil || got.Member != "B" {
			t.Errorf("forward: %v, %v", got, err)
		}
		if got, err := r.ask("A", "x", Roam{What: "slow", N: 20_000}); err != nil || got.Seen == 0 {
			t.Errorf("slow: %v, %v", got, err)
		}
		if _, err := engine.AskTimeout[Whereabouts](r.ref("A", "x"), Roam{What: "slow", N: 1000}, time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("timeout: %v", err)
		}
		r.owns("nobody")
		var dead *engine.DeadLetterError
		if _, err := r.ask("A", "z", Roam{}); !errors.As(err, &dead) || dead.Reason != engine.ReasonNobody {
			t.Errorf("nobody: %v", err)
		}
	})
}

// TestALostMemberIsToldThroughAnother: A's question was sent on by B to C, which is lost.
func TestALostMemberIsToldThroughAnother(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B", "C")
		r.owns("B")
		r.dirs["B"].Place(func(role, key string) engine.Place {
			if key == "y" {
				return engine.Place{Answer: engine.Elsewhere, Member: "C"}
			}
			return engine.Place{Answer: engine.Here}
		})
		r.net.Cut("C", "B")
		end := make(chan error, 1)
		go func() {
			to := strollers.Ref(r.systems["B"], "y").Address()
			_, err := r.ask("A", "x", Roam{What: "forward", To: to})
			end <- err
		}()
		synctest.Wait()
		r.net.Crash("C")
		r.members["B"].SetPeers("A", "B")
		r.systems["B"].MemberLost("C")
		var lost *engine.MemberLostError
		if err := <-end; !errors.As(err, &lost) || lost.Member != "C" {
			t.Errorf("asked: %v", err)
		}
	})
}

// TestARefusedAppendIsToldToAnotherMember: as what it is, so that it can be told what to do.
func TestARefusedAppendIsToldToAnotherMember(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.owns("B")
		for _, want := range []error{journal.ErrFull, journal.ErrLost, errors.New("some other")} {
			r.log.failure = &engine.PersistError{Kind: "roamer", ID: "x", Err: fmt.Errorf("append: %w", want)}
			_, err := r.ask("A", "x", Roam{What: "refuse"})
			var unstored *engine.PersistError
			known := !strings.Contains(want.Error(), "other")
			if !errors.As(err, &unstored) || unstored.ID != "x" || errors.Is(err, want) != known || !strings.Contains(err.Error(), want.Error()) {
				t.Errorf("%v: asked: %v", want, err)
			}
		}
	})
}

func TestQuestionsToALostMemberEndAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.owns("B")
		end := make(chan error, 1)
		go func() {
			_, err := r.ask("A", "x", Roam{What: "slow", N: 50_000})
			end <- err
		}()
		time.Sleep(time.Second)
		synctest.Wait()
		r.net.Crash("B")
		r.members["A"].SetPeers("A")
		r.owns("A")
		began := time.Now()
		r.systems["A"].MemberLost("B")
		var lost *engine.MemberLostError
		if err := <-end; !errors.As(err, &lost) || lost.Member != "B" || time.Since(began) != 0 {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if got, err := r.ask("A", "x", Roam{}); err != nil || got.Member != "A" {
			t.Errorf("then: %v, %v", got, err)
		}
	})
}

func TestWatchAcrossMembers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.owns("B")
		told := make(chan engine.Terminated, 10)
		watcher, err := engine.Spawn(r.systems["A"], "watcher", func() engine.Actor[engine.Terminated] { return watcherOf(told) })
		if err != nil {
			t.Fatal(err)
		}
		_ = watcher
		watch := func() {
			done := make(chan struct{})
			p, err := engine.Spawn(r.systems["A"], "w"+fmt.Sprint(time.Now().UnixNano()), func() engine.Actor[script] { return &hooks{} })
			if err != nil {
				t.Fatal(err)
			}
			p.Tell(func(c *engine.Context[script]) {
				engine.Watch(c, r.ref("A", "x"), func(e engine.Terminated) script {
					return func(*engine.Context[script]) { told <- e }
				})
				close(done)
			})
			<-done
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		want := func(reason string) {
			t.Helper()
			select {
			case e := <-told:
				if e.Reason != reason || e.Kind != "roamer" || e.ID != "x" {
					t.Errorf("told %+v, want %s", e, reason)
				}
			case <-time.After(time.Second):
				t.Errorf("not told of %s", reason)
			}
		}
		watch()
		want(engine.ReasonAbsent)
		if _, err := r.ask("A", "x", Roam{}); err != nil {
			t.Fatal(err)
		}
		watch()
		<-r.ref("A", "x").Stop()
		want(engine.ReasonStopped)
		if got, err := r.ask("A", "x", Roam{}); err != nil || got.Seen != 1 {
			t.Errorf("after Stop: %v, %v", got, err)
		}
		watch()
		<-r.ref("A", "x").Poison()
		want(engine.ReasonPassivated)
		if _, err := r.ask("A", "x", Roam{}); err != nil {
			t.Fatal(err)
		}
		watch()
		r.net.Crash("B")
		r.members["A"].SetPeers("A")
		r.systems["A"].MemberLost("B")
		want(engine.ReasonLost)
	})
}

type watcherOf chan engine.Terminated

// Handle implements engine.Actor.
func (w watcherOf) Handle(_ *engine.Context[engine.Terminated], m engine.Terminated) { w <- m }

func TestPlainActorsAndHollywoodAcrossMembers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		log := &roamLog{}
		plain, err := engine.Spawn(r.systems["B"], "plain", func() engine.Actor[Roam] { return &roamer{log: log, where: "B"} })
		if err != nil {
			t.Fatal(err)
		}
		far := engine.RefTo[Roam](r.systems["A"], plain.Address())
		if got, err := engine.AskTimeout[Whereabouts](far, Roam{}, time.Second); err != nil || got.Member != "B" {
			t.Errorf("plain: %v, %v", got, err)
		}
		got, err := engine.AskPID[Whereabouts](t.Context(), r.systems["A"], far.PID(), Roam{})
		if err != nil || got.Seen != 2 {
			t.Errorf("by PID: %v, %v", got, err)
		}
		pid := r.systems["B"].Engine().SpawnFunc(func(c *actor.Context) {
			if _, ok := c.Message().(Roam); ok {
				c.Respond(Whereabouts{Member: "Hollywood"})
			}
		}, "far")
		got, err = engine.AskPID[Whereabouts](t.Context(), r.systems["A"], pid, Roam{})
		if err != nil || got.Member != "Hollywood" {
			t.Errorf("Hollywood: %v, %v", got, err)
		}
		<-far.Stop()
		var dead *engine.DeadLetterError
		if _, err := engine.AskTimeout[Whereabouts](far, Roam{}, time.Second); !errors.As(err, &dead) || dead.Reason != engine.ReasonStopped {
			t.Errorf("after Stop: %v", err)
		}
		r.systems["B"].Engine().Stop(pid)
		synctest.Wait()
	})
}

type unnamed struct{}

func TestWhatCantBeCarriedIsSaid(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRoad(t, "A", "B")
		r.owns("B")
		mute := engine.NewKind[any](engine.KindConfig{Name: "mute", Role: "road"})
		for _, s := range r.systems {
			engine.Serve(s, mute, func(string) engine.Actor[any] { return muted{} })
		}
		_, err := engine.AskTimeout[int, any](mute.Ref(r.systems["A"], "m"), unnamed{}, time.Second)
		if _, ok := errors.AsType[*codec.UnregisteredError](err); !ok {
			t.Errorf("a message without a name: %v", err)
		}
		_, err = engine.AskTimeout[int, any](mute.Ref(r.systems["A"], "m"), "answer", time.Second)
		if err == nil || !strings.Contains(err.Error(), "unnamed can't be carried") {
			t.Errorf("an answer without a name: %v", err)
		}
	})
}

type muted struct{}

func (muted) Handle(c *engine.Context[any], _ any) { c.Respond(unnamed{}) }
