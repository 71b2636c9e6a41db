package pipeline

import (
	"bufio"
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
	got := family([]int{2, 3}, parent)
	slices.Sort(got)
	if !slices.Equal(got, []int{2, 3, 4, 7}) {
		t.Errorf("%v", got)
	}
}

// A shell that has burnt time in a child it waited for, and holds another that lives: both are the system's.
func TestUsageOfAFamily(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo ready; exec sleep 20' & wait`)
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
	pid := cmd.Process.Pid
	all, alone := usageOf([]int{pid}), cpuOf(pid)
	if alone <= 0 || all.cpu < alone || all.peak <= peakOf(pid) {
		t.Errorf("alone %v s and %d bytes, with its child %+v", alone, peakOf(pid), all)
	}
	if gone := usageOf([]int{1 << 30}); gone != (usage{}) {
		t.Errorf("a process that is not there: %+v", gone)
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
