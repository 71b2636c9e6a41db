package micro

import (
	"runtime"
	"syscall"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// The figures' names.
const (
	rate       = "rate"       // messages handled, answers, round trips or actors per second
	cpu        = "cpu_ns"     // processor time for each, of all cores together
	allocs     = "allocs"     // for each
	inUse      = "in_use"     // bytes per actor: live heap and stacks
	rss        = "rss"        // bytes per actor: resident memory of the process
	goroutines = "goroutines" // per actor
)

// meter measures from its making to stop.
type meter struct {
	began   time.Time
	cpu     time.Duration
	mallocs uint64
}

func startMeter() meter {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return meter{mallocs: m.Mallocs, cpu: processorTime(), began: time.Now()}
}

// stop returns what was measured while n were sent and handled came out. Figures are of what came out, each once: what was lost is no
// message that was carried, and what came twice carried nothing more.
func (b meter) stop(n, handled uint64) experiment.Result {
	elapsed, used := time.Since(b.began), processorTime()-b.cpu
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r := experiment.Result{Sent: n, Lost: int64(n) - int64(handled), Seconds: elapsed.Seconds()}
	if elapsed > 0 {
		r.Figures = perMessage(min(n, handled), elapsed, used, m.Mallocs-b.mallocs)
	}
	return r
}

// perMessage are the figures of so many that came out; of none there is only a rate, 0.
func perMessage(n uint64, elapsed, used time.Duration, mallocs uint64) map[string]float64 {
	figures := map[string]float64{rate: float64(n) / elapsed.Seconds()}
	if n > 0 {
		figures[cpu] = float64(used.Nanoseconds()) / float64(n)
		figures[allocs] = float64(mallocs) / float64(n)
	}
	return figures
}

// processorTime is what the process has used on all cores.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
