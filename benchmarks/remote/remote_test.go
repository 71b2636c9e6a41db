package remote

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/remote/peer"
)

func TestMain(m *testing.M) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	named, err := Children().Serve(ctx, os.Args[1:])
	if named {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	stop()
	os.Exit(m.Run())
}

// little is enough to see that a row works.
var little = plan{Messages: 4096, Time: 2 * time.Second}

// sound fails the test when a figure that should be 0 is not.
func sound(t *testing.T, res experiment.Result, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d sent, %d lost, %.3f s, %v", res.Sent, res.Lost, res.Seconds, res.Figures)
	for _, name := range []string{twiceFigure, foreignFigure, stuckFigure} {
		if res.Figures[name] != 0 {
			t.Errorf("%s is %v", name, res.Figures[name])
		}
	}
	if res.Lost != 0 {
		t.Errorf("%d of %d lost", res.Lost, res.Sent)
	}
	if res.Figures[rateFigure] <= 0 || res.Figures[cpuFigure] <= 0 || res.Seconds <= 0 {
		t.Errorf("no rate: %v", res.Figures)
	}
}

// eachRow runs a test for every row of an experiment that can be measured.
func eachRow(t *testing.T, e experiment.Experiment, test func(t *testing.T, row string)) {
	for _, row := range e.Rows {
		t.Run(row.Name, func(t *testing.T) {
			if why := e.Missing(row.Name); why != "" {
				if row.Name != "hayauma" {
					t.Errorf("%s: %s", row.Name, why)
				}
				t.Skip(why)
			}
			test(t, row.Name)
		})
	}
}

func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestOneWay(t *testing.T) {
	eachRow(t, oneWayExperiment(), func(t *testing.T, row string) {
		res, err := run(patience(t), row, little)
		sound(t, res, err)
		if res.Sent != little.Messages {
			t.Errorf("%d sent", res.Sent)
		}
	})
}

func TestAsk(t *testing.T) {
	for _, callers := range []int{1, 64} {
		t.Run(fmt.Sprint(callers), func(t *testing.T) {
			eachRow(t, askExperiment(callers), func(t *testing.T, row string) {
				p := little
				p.Callers = callers
				res, err := run(patience(t), row, p)
				sound(t, res, err)
				if p50, p99 := res.Figures[p50Figure], res.Figures[p99Figure]; p50 <= 0 || p99 < p50 {
					t.Errorf("p50 %v, p99 %v", p50, p99)
				}
			})
		})
	}
}

func TestRestart(t *testing.T) {
	if os.Getenv("SMOKE") == "" {
		t.Skip()
	}
	eachRow(t, restartExperiment(), func(t *testing.T, row string) {
		res, err := restart(patience(t), row, restarting(experiment.Short))
		t.Log(res, err)
	})
}

func TestEveryRowIsNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range peer.All() {
		if seen[s.Name] || (s.Peer == nil) == (s.Missing == "") {
			t.Errorf("%s: named twice, or neither a peer nor a reason", s.Name)
		}
		seen[s.Name] = true
	}
}
