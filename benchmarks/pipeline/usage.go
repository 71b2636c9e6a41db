package pipeline

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// cost is the processor time of processes in seconds, user and system: of those that live, all their threads that have ended included,
// by their clocks in ns; of children that have ended and were waited for, in ticks of 10 ms, which is all that Linux keeps of them.
func cost(pids []int) float64 {
	sum := 0.0
	for _, pid := range pids {
		sum += clock(pid) + endedChildren(pid)
	}
	return sum
}

// clock is a process's own processor time.
func clock(pid int) float64 {
	const scheduled = 2 // the kernel's CPUCLOCK_SCHED: a clock's number is the process's, inverted, and which of its clocks
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &t); err != nil {
		return 0 // it is gone
	}
	return float64(t.Nano()) / 1e9
}

// ticksPerSecond is USER_HZ, which Linux has fixed at 100 for programs.
const ticksPerSecond = 100

func endedChildren(pid int) float64 {
	fields := statFields(pid)
	if fields == nil {
		return 0
	}
	ticks := 0
	for _, field := range fields[13:15] { // cutime, cstime
		n, _ := strconv.Atoi(field)
		ticks += n
	}
	return float64(ticks) / ticksPerSecond
}

// family is pids and everything below them, each once and in order, without those that are not of the family and what is below these.
func family(pids []int, parent map[int]int, not ...int) []int {
	var all []int
	for pid := range parent {
		for up, ok := pid, true; ok && up > 0 && !slices.Contains(not, up); up, ok = parent[up] {
			if slices.Contains(pids, up) {
				all = append(all, pid)
				break
			}
		}
	}
	slices.Sort(all)
	return all
}

// parents maps every process to its parent.
func parents() map[int]int {
	paths, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is good
	all := make(map[int]int, len(paths))
	for _, path := range paths {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if fields := statFields(pid); err == nil && fields != nil {
			all[pid], _ = strconv.Atoi(fields[1])
		}
	}
	return all
}

// statFields are the fields of /proc/PID/stat from the third on (state, ppid, …); nil when the process is gone.
func statFields(pid int) []string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil
	}
	end := bytes.LastIndexByte(text, ')') // of the name, which may hold anything
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) < 15 {
		return nil
	}
	return fields
}

// share is a process's proportional share of memory in bytes: a page that n processes have is an nth of each.
func share(pid int) uint64 { return kilobytes(pid, "smaps_rollup", "Pss:") }

// highWater is the most memory that a process had resident, in bytes, whoever else has it too.
func highWater(pid int) uint64 { return kilobytes(pid, "status", "VmHWM:") }

// kilobytes reads one line of a file about the process; 0 when the process is gone, or one of the kernel's.
func kilobytes(pid int, file, name string) uint64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/" + file)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kib, _ := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}
