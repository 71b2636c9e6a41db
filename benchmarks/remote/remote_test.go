package remote

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
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

// sound fails the test when a figure that should be 0 is not; lossy is how many messages may be lost.
func sound(t *testing.T, res experiment.Result, err error, lossy int64) {
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
	if res.Lost < 0 || res.Lost > lossy {
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
				t.Fatal(why)
			}
			test(t, row.Name)
		})
	}
}

// loses is one in twenty for a system that is known to lose answers, which it must still mostly give.
func loses(t *testing.T, row string, res experiment.Result) int64 {
	spec, err := peer.Find(row)
	if err != nil {
		t.Fatal(err)
	}
	if spec.Loses == "" {
		return 0
	}
	return int64(res.Sent / 20)
}

func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestOneWay(t *testing.T) {
	eachRow(t, oneWayExperiment(), func(t *testing.T, row string) {
		res, err := run(patience(t), row, little)
		sound(t, res, err, 0)
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
				sound(t, res, err, loses(t, row, res))
				if p50, p99 := res.Figures[p50Figure], res.Figures[p99Figure]; p50 <= 0 || p99 < p50 {
					t.Errorf("p50 %v, p99 %v", p50, p99)
				}
			})
		})
	}
}

// TestRestartOfAFloor: it says what it could not send, loses no more than what the kernel had, and reaches the receiver that came back.
func TestRestartOfAFloor(t *testing.T) {
	p := plan{Messages: 1500, Rate: 1500, Down: 300 * time.Millisecond}
	res, err := restart(patience(t), "tcp", p)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d sent, %d lost, %v", res.Sent, res.Lost, res.Figures)
	f := res.Figures
	if res.Sent != p.Messages || float64(res.Lost) != f[silentFigure]+f[reportedFigure] {
		t.Errorf("%d sent, %d lost", res.Sent, res.Lost)
	}
	if f[reportedFigure] < 100 || f[silentFigure] > f[reportedFigure]/2 || f[noticesFigure] == 0 { // what the kernel had grows where processors are busy
		t.Errorf("it was away for %v: %v", p.Down, f)
	}
	if back, ok := f[backFigure]; !ok || back > 5 {
		t.Errorf("back after %v s, %v", back, ok)
	}
	if f[twiceFigure] != 0 || f[foreignFigure] != 0 {
		t.Errorf("%v", f)
	}
}

// TestOurRestart: all that was sent is handled, reported or was in the killed mailbox; most of what was sent meanwhile waits for the new process.
func TestOurRestart(t *testing.T) {
	p := plan{Messages: 3000, Rate: 3000, Down: 300 * time.Millisecond}
	res, err := restart(patience(t), "hayauma", p)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d sent, %d lost, %v", res.Sent, res.Lost, res.Figures)
	f := res.Figures
	if unknown, ok := f[unknownFigure]; !ok || unknown != 0 || f[twiceFigure] != 0 || f[foreignFigure] != 0 {
		t.Errorf("unaccounted for: %v, %v", unknown, f)
	}
	if res.Sent != p.Messages || res.Lost > 300 || f[noticesFigure] != 1 {
		t.Errorf("%d of %d lost: %v", res.Lost, res.Sent, f)
	}
	if back, ok := f[backFigure]; !ok || back > 5 {
		t.Errorf("back after %v s, %v", back, ok)
	}
}

// TestAProcessThatDies: a sender that can't begin is an error with its own words.
func TestAProcessThatDies(t *testing.T) {
	res, err := run(patience(t), "akka", little)
	if err == nil || !strings.Contains(err.Error(), `there is no row "akka"`) {
		t.Fatalf("%+v, %v", res, err)
	}
}

// TestACellThatMayNotGoOn: at the end of its patience a cell returns what was counted.
func TestACellThatMayNotGoOn(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	res, err := run(ctx, "tcp", plan{Messages: roomy, Time: time.Hour})
	var died *DiedError
	if !errors.As(err, &died) || died.Who != "sender" {
		t.Errorf("got %v", err)
	}
	if res.Sent == 0 || res.Figures[rateFigure] <= 0 {
		t.Errorf("%+v", res)
	}
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
