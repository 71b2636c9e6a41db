package micro

import (
	"runtime"
	"syscall"
	"time"
)

// Result is what one run of one workload on one system gave.
type Result struct {
	Actors  int     `json:"actors"`
	Sent    uint64  `json:"sent"`    // messages, questions, passes or actors: what Rate counts
	Lost    int64   `json:"lost"`    // sent and not handled, or questions without their answer; < 0: handled twice
	Seconds float64 `json:"seconds"` // of the measured part
	Rate    float64 `json:"rate,omitempty"`
	CPU     float64 `json:"cpu_ns,omitempty"` // processor time per message, of all cores together
	Allocs  float64 `json:"allocs,omitempty"` // per message
	InUse   float64 `json:"in_use,omitempty"` // bytes per actor: live heap and stacks
	RSS     float64 `json:"rss,omitempty"`    // bytes per actor: resident memory of the process
}

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

// stop fills what was measured over n messages into r.
func (b meter) stop(r *Result, n uint64) {
	elapsed, cpu := time.Since(b.began), processorTime()-b.cpu
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.Sent, r.Seconds = n, elapsed.Seconds()
	if n == 0 || elapsed <= 0 {
		return
	}
	r.Rate = float64(n) / elapsed.Seconds()
	r.CPU = float64(cpu.Nanoseconds()) / float64(n)
	r.Allocs = float64(m.Mallocs-b.mallocs) / float64(n)
}

// processorTime is what the process has used on all cores.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
