package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// diary is what actors note, in order.
type diary struct {
	mu    sync.Mutex
	began time.Time
	lines []string
}

func newDiary() *diary { return &diary{began: time.Now()} }

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// at notes with the time since the beginning.
func (d *diary) at(format string, args ...any) {
	d.note("%v "+format, append([]any{time.Since(d.began)}, args...)...)
}

func (d *diary) take() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.lines
	d.lines = nil
	return out
}

func (d *diary) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := d.take(); !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// relative notes its life, and has children.
type relative struct {
	d        *diary
	name     string
	children []string
	options  []engine.SpawnOption // of the children
	refs     map[string]engine.Ref[script]
}

func (r *relative) Started(c *engine.Context[script]) {
	r.d.note("%s started", r.name)
	for _, child := range r.children {
		ref, err := engine.SpawnChild(c, child, func() engine.Actor[script] { return &relative{d: r.d, name: child} }, r.options...)
		if err != nil {
			r.d.note("%s: %v", r.name, err)
		}
		r.refs[child] = ref
	}
}

func (*relative) Handle(c *engine.Context[script], m script) { m(c) }

func (r *relative) Stopping(*engine.Context[script]) { r.d.note("%s stopping", r.name) }

func (r *relative) Restarting(_ *engine.Context[script], err error) {
	r.d.note("%s restarting: %v", r.name, err)
}

func (r *relative) Stopped() { r.d.note("%s stopped", r.name) }

// family spawns a parent with children.
func family(t *testing.T, s *engine.System, d *diary, children []string, options ...engine.SpawnOption) (
	parent engine.Ref[script], kids map[string]engine.Ref[script]) {
	t.Helper()
	kids = map[string]engine.Ref[script]{}
	parent, err := engine.Spawn(s, "parent", func() engine.Actor[script] {
		return &relative{d: d, name: "parent", children: children, options: options, refs: kids}
	})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	d.take()
	return parent, kids
}

func fail(*engine.Context[script]) { panic("oh") }

func TestChildrenStopBeforeTheirParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		parent, _ := family(t, s, d, []string{"a"})
		<-parent.Stop()
		d.want(t, "parent stopping", "a stopping", "a stopped", "parent stopped")
		parent, kids := family(t, s, d, []string{"a"}) // the names are free again
		if kids["a"].ID() != "parent/a" {
			t.Errorf("the child is named %q", kids["a"].ID())
		}
		release := make(chan struct{})
		kids["a"].Tell(func(*engine.Context[script]) { <-release })
		synctest.Wait()
		done := parent.Stop()
		synctest.Wait()
		select {
		case <-done:
			t.Error("the parent has stopped before its child")
		default:
		}
		close(release)
		<-done
		d.want(t, "parent stopping", "a stopping", "a stopped", "parent stopped")
		if _, err := engine.Ask[int](t.Context(), kids["a"], script(fail)); !isDeadLetter(err, "stopped") {
			t.Errorf("a message to a stopped child: %v", err)
		}
	})
}

func isDeadLetter(err error, reason string) bool {
	var dead *engine.DeadLetterError
	return errors.As(err, &dead) && dead.Reason == reason
}

// A parent that restarts begins without children, also where they are slow to end.
func TestARestartEndsTheChildren(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence, Dispatchers: map[string]engine.Dispatcher{"slow": {Workers: 1}}})
		d := newDiary()
		parent, kids := family(t, s, d, []string{"a"}, engine.WithDispatcher("slow"))
		kids["a"].Tell(func(*engine.Context[script]) { time.Sleep(3 * time.Second) })
		synctest.Wait()
		parent.Tell(fail)
		parent.Tell(func(*engine.Context[script]) { time.Sleep(time.Millisecond); d.at("parent handles") })
		d.want(t, `parent restarting: engine: cell "parent" panicked: oh`)
		time.Sleep(4 * time.Second)
		d.want(t, "a stopping", "a stopped", "parent stopped", "parent started", "a started", "3.001s parent handles")
		<-parent.Stop()
	})
}

func TestDirectives(t *testing.T) {
	const failed = `a restarting: engine: cell "parent/a" panicked: oh`
	for _, tt := range []struct {
		name string
		s    engine.Supervision
		want []string
	}{
		{"restart", engine.Supervision{}, []string{failed, "a stopped", "a started", "a goes on"}},
		{"resume", engine.Supervision{Decide: always(engine.Resume)}, []string{"a goes on"}},
		{"stop", engine.Supervision{Decide: always(engine.Stop)}, []string{"a stopping", "a stopped"}},
		{"escalate", engine.Supervision{Decide: always(engine.Escalate)}, []string{
			"a stopping", "a stopped", `parent restarting: engine: the failure of cell "parent/a" was escalated: engine: cell "parent/a" panicked: oh`,
			"b stopping", "b stopped", "parent stopped", "parent started", "a started", "b started",
		}},
		{"all: restart", engine.Supervision{AllForOne: true}, []string{
			failed, "a stopped", "a started", "a goes on", `b restarting: engine: cell "parent/a" panicked: oh`, "b stopped", "b started",
		}},
		{"all: resume", engine.Supervision{AllForOne: true, Decide: always(engine.Resume)}, []string{"a goes on"}},
		{"all: stop", engine.Supervision{AllForOne: true, Decide: always(engine.Stop)}, []string{
			"a stopping", "a stopped", "b stopping", "b stopped",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, d := scriptSystem(t), newDiary()
				parent, kids := family(t, s, d, []string{"a", "b"}, engine.WithSupervision(tt.s))
				a := kids["a"]
				a.Tell(fail)
				a.Tell(func(*engine.Context[script]) { d.note("a goes on") })
				synctest.Wait()
				got := d.take()
				if tt.s.AllForOne { // siblings go side by side
					slices.Sort(got)
					slices.Sort(tt.want)
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(tt.want, "\n\t"))
				}
				<-parent.Stop()
			})
		})
	}
}

func always(d engine.Directive) func(engine.Failure) engine.Directive {
	return func(engine.Failure) engine.Directive { return d }
}

// Pauses grow, hold no worker, and are forgotten after a quiet window.
func TestBackoffOfRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		exact := engine.Supervision{Window: time.Minute, Backoff: engine.Backoff{First: time.Second, Max: 3 * time.Second, Jitter: -1}}
		_, kids := family(t, s, d, []string{"a"}, engine.WithSupervision(exact))
		a := kids["a"]
		step := func() {
			a.Tell(fail)
			a.Tell(func(*engine.Context[script]) { d.at("on") })
			time.Sleep(10 * time.Second)
			synctest.Wait()
		}
		step()
		step()
		step()
		step()
		time.Sleep(time.Minute)
		step()
		var got []string
		for _, l := range d.take() {
			if strings.HasSuffix(l, " on") {
				got = append(got, l)
			}
		}
		if want := []string{"0s on", "11s on", "22s on", "33s on", "1m40s on"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestLimitIsExceeded(t *testing.T) {
	for exceeded, want := range map[engine.Directive]string{engine.Stop: "a stopped", engine.Resume: "a goes on"} {
		t.Run(exceeded.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, d := scriptSystem(t), newDiary()
				limited := engine.Supervision{Limit: 2, Window: time.Minute, Exceeded: exceeded, Backoff: engine.Backoff{First: 1, Max: 1}}
				_, kids := family(t, s, d, []string{"a"}, engine.WithSupervision(limited))
				a := kids["a"]
				for range 2 {
					a.Tell(fail)
				}
				time.Sleep(61 * time.Second) // both are out of the window
				for range 2 {
					a.Tell(fail)
					time.Sleep(time.Second)
				}
				synctest.Wait()
				if last := d.take(); last[len(last)-1] != "a started" {
					t.Fatalf("%q", last)
				}
				a.Tell(fail)
				a.Tell(func(*engine.Context[script]) { d.note("a goes on") })
				synctest.Wait()
				if got := d.take(); got[len(got)-1] != want {
					t.Errorf("got %q, want %s at last", got, want)
				}
			})
		})
	}
}

// An actor without a parent that escalates ends, and the system goes on.
func TestEscalationEndsAtTheSystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		up := engine.WithSupervision(engine.Supervision{Decide: func(f engine.Failure) engine.Directive {
			d.note("%s %s, failure %d: %v", f.Kind, f.ID, f.Count, f.Err)
			return engine.Escalate
		}})
		top, err := engine.Spawn(s, "top", func() engine.Actor[script] { return &hooks{} }, up)
		if err != nil {
			t.Fatal(err)
		}
		top.Tell(func(c *engine.Context[script]) {
			child, err := engine.SpawnChild(c, "child", func() engine.Actor[script] { return &hooks{} }, up)
			if err != nil {
				t.Error(err)
			}
			child.Tell(fail)
		})
		d.want(t,
			`cell top/child, failure 1: engine: cell "top/child" panicked: oh`,
			`cell top, failure 1: engine: the failure of cell "top/child" was escalated: engine: cell "top/child" panicked: oh`)
		if _, err := engine.Ask[int](t.Context(), top, script(fail)); !isDeadLetter(err, "stopped") {
			t.Errorf("the top is not stopped: %v", err)
		}
		if n, err := engine.Ask[int](t.Context(), scripts.Ref(s, "other"), script(func(c *engine.Context[script]) { c.Respond(1) })); n != 1 || err != nil {
			t.Errorf("the system: %d, %v", n, err)
		}
	})
}

// A grain's children keep it in memory, and end with it.
func TestGrainsHaveChildren(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := scriptSystem(t), newDiary()
		g := scripts.Ref(s, "g")
		g.Tell(func(c *engine.Context[script]) {
			if _, err := engine.SpawnChild(c, "kid", func() engine.Actor[script] { return &relative{d: d, name: "kid"} }); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Hour)
		d.want(t, "kid started")
		if n := s.Stats(); inMemory(n, "script") != 1 {
			t.Errorf("%+v", n)
		}
		<-g.Stop()
		d.want(t, "kid stopping", "kid stopped")
	})
}

func inMemory(all []engine.KindStats, kind string) uint64 {
	for _, k := range all {
		if k.Kind == kind {
			return k.Active
		}
	}
	return 0
}

// The message in hand at a failure is a dead letter, and is told to who asked.
func TestTheFailingMessageIsADeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		var got []engine.DeadLetter
		engine.DeadLetters.Subscribe(s, func(l engine.DeadLetter) { got = append(got, l) })
		_, err := engine.Ask[int](t.Context(), scripts.Ref(s, "g"), script(fail))
		var p *engine.PanicError
		synctest.Wait()
		if !errors.As(err, &p) || len(got) != 1 || got[0].Reason != "failed" || got[0].Kind != "script" || got[0].ID != "g" {
			t.Errorf("%v, %+v", err, got)
		}
	})
}

// Each level that hands a failure up is published, and whether anybody is left to deal with it.
func TestEscalationsArePublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scriptSystem(t)
		var got []string
		engine.Escalations.Subscribe(s, func(e engine.Escalation) {
			got = append(got, fmt.Sprintf("%s %s top=%v: %v", e.Kind, e.ID, e.Top, e.Err))
		})
		parent, kids := family(t, s, newDiary(), []string{"a", "b"}, engine.WithSupervision(engine.Supervision{Decide: always(engine.Escalate)}))
		kids["a"].Tell(fail)
		synctest.Wait()
		alone, err := engine.Spawn(s, "alone", acting(&hooks{}), engine.WithSupervision(engine.Supervision{Decide: always(engine.Escalate)}))
		if err != nil {
			t.Fatal(err)
		}
		alone.Tell(fail)
		synctest.Wait()
		want := []string{
			`cell parent/a top=false: engine: cell "parent/a" panicked: oh`, `cell alone top=true: engine: cell "alone" panicked: oh`,
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
		<-parent.Stop()
	})
}
