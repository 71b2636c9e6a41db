package pipeline

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// split divides the processors that this process may use: the last is the provider's, all others are the system's. With one processor
// both get it.
func split(mine []int) (provider, system []int) {
	if len(mine) < 2 {
		return mine, mine
	}
	return mine[len(mine)-1:], mine[:len(mine)-1]
}

// processors are those that this process may use.
func processors() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("pipeline: which processors may be used: %w", err)
	}
	var all []int
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			all = append(all, cpu)
		}
	}
	return all, nil
}

// pin binds all threads of this process to the processors; processes that are started afterwards inherit it, and size themselves by it.
func pin(cpus []int) error {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	// A thread that is made meanwhile has its maker's processors: the second pass finds it.
	for range 2 {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, thread := range threads {
			id, err := strconv.Atoi(thread.Name())
			if err != nil {
				continue
			}
			if err := unix.SchedSetaffinity(id, &set); err != nil && err != unix.ESRCH {
				return fmt.Errorf("pipeline: bind to processors %v: %w", cpus, err)
			}
		}
	}
	return nil
}
