package experiment

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// spec is what the test's children are told.
type spec struct {
	Say  string
	Fail string
}

var kids = Children{
	"echo": func(_ context.Context, text []byte, out io.Writer) error {
		var s spec
		if err := json.Unmarshal(text, &s); err != nil {
			return err
		}
		for line := range strings.Lines(s.Say) {
			fmt.Fprint(out, line)
		}
		if s.Fail != "" {
			return errors.New(s.Fail)
		}
		return nil
	},
	// wait ends when it is asked to.
	"wait": func(ctx context.Context, _ []byte, out io.Writer) error {
		fmt.Fprintln(out, "ready")
		<-ctx.Done()
		return nil
	},
	// stubborn has a child of its own, and doesn't end when it is asked to.
	"stubborn": func(ctx context.Context, _ []byte, out io.Writer) error {
		p, err := StartChild("wait", spec{})
		if err != nil {
			return err
		}
		if _, err := p.Line(); err != nil {
			return err
		}
		fmt.Fprintln(out, p.Pid())
		<-ctx.Done()
		select {}
	},
}

func TestMain(m *testing.M) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	if named, err := kids.Serve(ctx, os.Args[1:]); named {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	stop()
	os.Exit(m.Run())
}

func start(t *testing.T, name string, s spec) *Process {
	t.Helper()
	p, err := StartChild(name, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func nextLine(t *testing.T, p *Process) string {
	t.Helper()
	line, err := p.Line()
	if err != nil {
		t.Fatal(err)
	}
	return string(line)
}

// within fails the test when done is not closed soon.
func within(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s did not end", what)
	}
}

func TestAChildGetsItsSpecificationAndIsRead(t *testing.T) {
	p := start(t, "echo", spec{Say: "one\ntwo\n" + strings.Repeat("x", 100_000) + "\n"})
	if a, b, c := nextLine(t, p), nextLine(t, p), nextLine(t, p); a != "one" || b != "two" || len(c) != 100_000 {
		t.Fatalf("got %q, %q and %d bytes", a, b, len(c))
	}
	if _, err := p.Line(); !errors.Is(err, io.EOF) {
		t.Fatalf("got %v after the last line", err)
	}
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestAFailureCarriesWhatWasSaid(t *testing.T) {
	p := start(t, "echo", spec{Fail: "the sea is rough"})
	if err := p.Wait(); err == nil || !strings.HasSuffix(err.Error(), "exit status 1: the sea is rough") {
		t.Fatalf("got %v", err)
	}
}

func TestStopAsks(t *testing.T) {
	p := start(t, "wait", spec{})
	nextLine(t, p)
	if err := p.Stop(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	if s, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !s.Exited() {
		t.Fatalf("it ended by %v", p.cmd.ProcessState)
	}
	within(t, "a stopped process", p.Ended())
}

// ended watches a process that is not this one's child: its end is the end of its entry in /proc, or that it is a zombie.
func ended(t *testing.T, pid int) <-chan struct{} {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for t.Context().Err() == nil {
			text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
			if err != nil || bytes.Contains(text, []byte(") Z ")) {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	return done
}

func TestStopKillsWhoDoesNotListenAndItsChild(t *testing.T) {
	p := start(t, "stubborn", spec{})
	grandchild, err := strconv.Atoi(nextLine(t, p))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(50 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	within(t, "the child's child", ended(t, grandchild))
}

// A goroutine that is bound to its thread takes it along when it ends; what it has started stays.
func TestAChildOutlivesTheThreadOfItsStarter(t *testing.T) {
	started := make(chan *Process)
	go func() {
		runtime.LockOSThread()
		p, err := StartChild("wait", spec{})
		if err != nil {
			t.Error(err)
		}
		started <- p
	}()
	p := <-started
	if p == nil {
		return
	}
	defer p.Kill()
	if _, err := p.Line(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Ended():
		t.Errorf("it died: %v", p.Wait())
	case <-time.After(200 * time.Millisecond):
	}
}

func TestAGroupEndsWithKill(t *testing.T) {
	p, err := Start(exec.Command("sh", "-c", "sleep 1000 & echo $!; wait"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	sleeper, err := strconv.Atoi(nextLine(t, p))
	if err != nil {
		t.Fatal(err)
	}
	p.Kill()
	within(t, "the group", ended(t, sleeper))
	if err := p.Wait(); err != nil {
		t.Fatalf("a kill is no failure: %v", err)
	}
}

func TestAnotherSignalIsAFailure(t *testing.T) {
	p, err := Start(exec.Command("sh", "-c", "kill -SEGV $$"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err == nil || !strings.Contains(err.Error(), "segmentation fault") {
		t.Fatalf("got %v", err)
	}
}

func TestOnlyTheEndOfTheErrorsIsKept(t *testing.T) {
	p, err := Start(exec.Command("sh", "-c", "seq 100000 >&2; exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	err = p.Wait()
	if err == nil || len(err.Error()) > 2*tailBytes || !strings.HasSuffix(err.Error(), "\n100000") {
		t.Fatalf("got %.100v …", err)
	}
}

func TestWhatCantBeStarted(t *testing.T) {
	if _, err := Start(exec.Command("/no/such/program")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := StartChild("echo", func() {}); err == nil {
		t.Error("a function was written as JSON")
	}
}

func TestServe(t *testing.T) {
	for _, args := range [][]string{nil, {"-child"}, {"-list", "x"}, {"-child", "a", "b"}} {
		if named, err := kids.Serve(t.Context(), args); named || err != nil {
			t.Errorf("%q: %v, %v", args, named, err)
		}
	}
	if named, err := kids.Serve(t.Context(), []string{"-child", "none"}); !named || err == nil || !strings.Contains(err.Error(), `no child "none"`) {
		t.Errorf("got %v, %v", named, err)
	}
	cmd := exec.Command(os.Args[0], "-child", "echo") // nothing on its input
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), `read the specification of "echo"`) {
		t.Errorf("got %v: %s", err, out)
	}
}

func TestAChildDiesWithItsParent(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-child", "stubborn")
	in, err := cmd.StdinPipe()
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
	if _, err := fmt.Fprintln(in, "{}"); err != nil {
		t.Fatal(err)
	}
	text, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	grandchild, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil { // the parent alone, not its group
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("a killed process ended well")
	}
	within(t, "its child", ended(t, grandchild))
}
