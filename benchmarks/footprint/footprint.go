// Package footprint says what this process holds, so that what something costs in memory is the difference of two looks.
//
// # Promises
//
// A look collects garbage twice and gives free memory back before it counts: what it finds is in use. It says nothing of other
// processes.
//
// # Failure
//
// Where /proc/self/statm can't be read a look is an error.
package footprint

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
)

// Memory is what a process holds.
type Memory struct {
	InUse      float64 // bytes of live heap and of stacks
	Heap       float64 // … of live heap alone
	Resident   float64 // bytes that the system gave the process
	Goroutines float64
}

// FormError is a statm that can't be read.
type FormError struct{ Text string }

func (e *FormError) Error() string {
	return fmt.Sprintf("footprint: /proc/self/statm is %q: its second field should be the number of resident pages", e.Text)
}

// Look collects garbage and counts.
func Look() (Memory, error) {
	runtime.GC()
	debug.FreeOSMemory() // collects once more
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return Memory{}, err
	}
	pages, err := residentPages(statm)
	return Memory{
		InUse: float64(m.HeapAlloc + m.StackInuse), Heap: float64(m.HeapAlloc), Resident: pages * float64(os.Getpagesize()), Goroutines: float64(runtime.NumGoroutine()),
	}, err
}

// residentPages reads the second field of proc(5)'s statm.
func residentPages(statm []byte) (float64, error) {
	fields := bytes.Fields(statm)
	if len(fields) < 2 {
		return 0, &FormError{string(statm)}
	}
	pages, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		return 0, &FormError{string(statm)}
	}
	return float64(pages), nil
}
