package pipeline

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	observing = 150 * time.Millisecond // between two looks at the memory
	idleness  = 9                      // times as long as a look took it waits at least: the provider needs the processor
)

// observer looks at the memory of everything that the cell has started but the provider, on the provider's processor: what it costs
// is neither on the system's processors nor charged to it.
type observer struct {
	provider int // process id
	over     chan struct{}
	most     chan uint64
}

// observe starts to look.
func observe(provider int, cpus []int) *observer {
	o := &observer{provider: provider, over: make(chan struct{}), most: make(chan uint64, 1)}
	go o.watch(cpus)
	return o
}

// stop returns the highest sum of shares that was seen, in bytes.
func (o *observer) stop() uint64 {
	close(o.over)
	return <-o.most
}

func (o *observer) watch(cpus []int) {
	runtime.LockOSThread() // and never unlocked: a thread that is bound ends with its goroutine
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	_ = unix.SchedSetaffinity(0, &set) // a processor of this process; elsewhere it would only disturb
	var most uint64
	for {
		began := time.Now()
		most = max(most, o.look())
		timer := time.NewTimer(max(observing, idleness*time.Since(began)))
		select {
		case <-timer.C:
		case <-o.over:
			timer.Stop()
			o.most <- max(most, o.look())
			return
		}
	}
}

// look adds up the shares now.
func (o *observer) look() (sum uint64) {
	me := os.Getpid()
	for _, pid := range family([]int{me}, parents(), o.provider) {
		if pid != me {
			sum += share(pid)
		}
	}
	return sum
}
