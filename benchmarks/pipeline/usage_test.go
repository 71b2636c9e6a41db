package pipeline

import (
	"bufio"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct{ mine, provider, system []int }{
		{[]int{3}, []int{3}, []int{3}},
		{[]int{0, 1}, []int{1}, []int{0}},
		{[]int{2, 5, 7}, []int{7}, []int{2, 5}},
	} {
		if p, s := split(c.mine); !slices.Equal(p, c.provider) || !slices.Equal(s, c.system) {
			t.Errorf("%v: %v and %v", c.mine, p, s)
		}
	}
}

func TestFamily(t *testing.T) {
	parent := map[int]int{2: 1, 3: 2, 4: 3, 5: 1, 6: 5, 7: 2}
	if got := family([]int{2, 3, 99}, parent); !slices.Equal(got, []int{2, 3, 4, 7}) {
		t.Errorf("%v", got)
	}
	if got := family([]int{2}, parent, 3); !slices.Equal(got, []int{2, 7}) {
		t.Errorf("without 3 and what is below: %v", got)
	}
}

// startShell runs a script in a group of its own and waits for its first line.
func startShell(t *testing.T, script string) (pid int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

const burn = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"

// A shell that has burnt time in a child it waited for, and holds another that lives: both are the system's.
func TestCostOfAFamily(t *testing.T) {
	pid := startShell(t, "sh -c '"+burn+"'; sh -c '"+burn+"; echo ready; exec sleep 20' & wait")
	all := family([]int{pid}, parents())
	if len(all) != 2 {
		t.Fatalf("the family is %v", all)
	}
	own, ended, child := clock(pid), endedChildren(pid), clock(all[0]+all[1]-pid)
	if own <= 0 || own > ended || ended < 0.02 || child < 0.02 {
		t.Errorf("the shell took %v s, its child that has ended %v s, the one that lives %v s", own, ended, child)
	}
	if sum := cost(all); sum < own+ended+child {
		t.Errorf("together %v s", sum)
	}
	if gone := cost([]int{1 << 22}); gone != 0 {
		t.Errorf("a process that is not there took %v s", gone)
	}
}

// The clock of a process is finer than ticks.
func TestClockIsFine(t *testing.T) {
	me := os.Getpid()
	began := clock(me)
	for clock(me) == began {
	}
	if took := clock(me) - began; took <= 0 || took >= 0.005 {
		t.Errorf("the clock's step is %v s", took)
	}
}

// Two processes of one program share its pages, so that their shares are less than what each has resident.
func TestShares(t *testing.T) {
	pid := startShell(t, "sleep 20 & sleep 20 & echo ready; wait")
	var shares, resident uint64
	for _, p := range family([]int{pid}, parents()) {
		shares, resident = shares+share(p), resident+highWater(p)
	}
	if shares == 0 || shares >= resident {
		t.Errorf("shares of %d bytes, resident %d", shares, resident)
	}
}

func TestAnObserverSeesWhatWasStarted(t *testing.T) {
	mine, err := processors()
	if err != nil {
		t.Fatal(err)
	}
	big := startShell(t, "x=$(head -c 20000000 /dev/zero | tr '\\0' a); echo ready; sleep 20; echo $x")
	for _, c := range []struct{ provider, atLeast, below int }{{0, 20e6, 400e6}, {big, 0, 20e6}} {
		if got := observe(c.provider, mine[len(mine)-1:]).stop(); got < uint64(c.atLeast) || got >= uint64(c.below) {
			t.Errorf("without process %d: %d bytes", c.provider, got)
		}
	}
	after, err := processors()
	if err != nil || len(after) != len(mine) {
		t.Errorf("the observer leaves processors %v of %v: %v", after, mine, err)
	}
}

// What is started while this process is bound is bound too.
func TestPin(t *testing.T) {
	mine, err := processors()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pin(mine); err != nil {
			t.Error(err)
		}
	}()
	if err := pin(mine[len(mine)-1:]); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "nproc").Output()
	if err != nil || string(out) != "1\n" {
		t.Errorf("a child sees %q processors: %v", out, err)
	}
}
