package encoding

import (
	"context"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// batch is how many repetitions stand between two looks at the clock.
const batch = 16

// repeat does something for so long and measures it; a tenth of the time before is not measured.
func repeat(ctx context.Context, length time.Duration, once func() error) (experiment.Result, error) {
	allocs, err := allocations(once)
	if err != nil {
		return experiment.Result{}, err
	}
	if _, err := during(ctx, length/10, once); err != nil {
		return experiment.Result{}, err
	}
	runtime.GC()
	began, cpu := time.Now(), processorTime()
	n, err := during(ctx, length, once)
	elapsed, cpu := time.Since(began), processorTime()-cpu
	return experiment.Result{Sent: n, Seconds: elapsed.Seconds(), Figures: map[string]float64{
		"rate":   float64(n) / elapsed.Seconds(),
		"cpu_ns": float64(cpu.Nanoseconds()) / float64(n),
		"allocs": allocs,
	}}, err
}

// during repeats until the time is over and returns how often; an error or the end of ctx stops it.
func during(ctx context.Context, length time.Duration, once func() error) (n uint64, err error) {
	for end := time.Now().Add(length); ; {
		for range batch {
			if err := once(); err != nil {
				return n, err
			}
			n++
		}
		if err := context.Cause(ctx); err != nil {
			return n, err
		}
		if !time.Now().Before(end) {
			return n, nil
		}
	}
}

// counted are the repetitions of the pass that counts allocations.
const counted = 100

// allocations counts them per repetition, rounded down: what the runtime allocates for itself meanwhile is less than one each.
func allocations(once func() error) (float64, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	if err := once(); err != nil { // fills pools and grows buffers
		return 0, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range counted {
		if err := once(); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64((after.Mallocs - before.Mallocs) / counted), nil
}

// processorTime is what the process has used on all cores.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
