package pipeline

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// usage is what processes have cost.
type usage struct {
	cpu  float64 // seconds of user and system time, with that of children that were waited for
	peak uint64  // VmHWM in bytes, summed
}

// usageOf adds up the processes and all their descendants. One that has ended is missing.
func usageOf(pids []int) usage {
	var sum usage
	for _, pid := range family(pids, parents()) {
		sum.cpu += cpuOf(pid)
		sum.peak += peakOf(pid)
	}
	return sum
}

// family is pids and everything below them, each once.
func family(pids []int, parent map[int]int) []int {
	root := map[int]bool{}
	for _, pid := range pids {
		root[pid] = true
	}
	all := make([]int, 0, len(root))
	for pid := range root {
		all = append(all, pid)
	}
	for pid := range parent {
		if root[pid] {
			continue
		}
		for up, ok := parent[pid], true; ok && up > 1; up, ok = parent[up] {
			if root[up] {
				all = append(all, pid)
				break
			}
		}
	}
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

// ticksPerSecond is USER_HZ, which Linux has fixed at 100 for programs.
const ticksPerSecond = 100

func cpuOf(pid int) float64 {
	fields := statFields(pid)
	if fields == nil {
		return 0
	}
	ticks := 0
	for _, field := range fields[11:15] { // utime, stime, cutime, cstime
		n, _ := strconv.Atoi(field)
		ticks += n
	}
	return float64(ticks) / ticksPerSecond
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

func peakOf(pid int) uint64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0 // a kernel thread, or gone
}
