package engine_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

type hooks struct {
	started, stopping func(c *engine.Context[script])
	restarting        func(c *engine.Context[script])
	stopped           func()
}

func (a *hooks) Handle(c *engine.Context[script], m script) {
	if m != nil {
		m(c)
	}
}

func (a *hooks) Started(c *engine.Context[script]) {
	if a.started != nil {
		a.started(c)
	}
}

func (a *hooks) Stopping(c *engine.Context[script]) {
	if a.stopping != nil {
		a.stopping(c)
	}
}

func (a *hooks) Restarting(c *engine.Context[script], _ error) {
	if a.restarting != nil {
		a.restarting(c)
	}
}

func (a *hooks) Stopped() {
	if a.stopped != nil {
		a.stopped()
	}
}

func acting(a *hooks) func() engine.Actor[script] { return func() engine.Actor[script] { return a } }

var (
	hourGrains    = engine.NewKind[script](engine.KindConfig{Name: "jobgrain", Role: "test", Idle: time.Hour})
	lastingGrains = engine.NewKind[script](engine.KindConfig{Name: "jobnever", Role: "test", Idle: -1})
)

func workersSystem(t *testing.T, workers int) *engine.System {
	return enginetest.NewSystem(t, enginetest.Options{
		Log: enginetest.Silence, Dispatchers: map[string]engine.Dispatcher{engine.DefaultDispatcher: {Workers: workers}},
	})
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// survives runs f in another process, which is expected to survive.
func survives(t *testing.T, name string, f func(s *engine.System)) {
	t.Helper()
	if os.Getenv("MISHAP_CHILD") == name {
		s, _ := engine.New(engine.Config{Log: enginetest.Silence})
		f(s)
		os.Exit(0)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "MISHAP_CHILD="+name)
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(string(out), "\n")
		t.Errorf("the process ended: %v\n%s", err, strings.Join(lines[:min(len(lines), 6)], "\n"))
	}
}

// sleepWait lets a bubble's time pass and its actors come to rest.
func sleepWait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
