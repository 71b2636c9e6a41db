package micro

import (
	"context"
	"sync"
)

// Floor is something that every message passing is made of, without any of it.
type Floor struct {
	Name, About string
	Run         func(n int) (handled uint64)
}

// Floors returns what no system can be faster than, if it hands messages from one goroutine to another.
func Floors() []Floor {
	return []Floor{
		{Name: "function", About: "a call through an interface, on one goroutine", Run: function},
		{Name: "mutex", About: "a mutex locked and unlocked around a count, by one goroutine", Run: mutex(1)},
		{Name: "mutex-8", About: "the same mutex and count, by 8 goroutines", Run: mutex(8)},
		{Name: "channel", About: "a pointer through a channel of 16 from one goroutine to another", Run: channel(1)},
		{Name: "channel-8", About: "the same channel, 8 senders", Run: channel(8)},
	}
}

// counter is called through an interface, so that the call stays.
type counter interface{ add(m *int) }

type plain struct{ n uint64 }

//go:noinline
func (p *plain) add(*int) { p.n++ }

func function(n int) uint64 {
	p, m := &plain{}, 0
	var c counter = p
	for range n {
		c.add(&m)
	}
	return p.n
}

func mutex(workers int) func(n int) uint64 {
	return func(n int) uint64 {
		var mu sync.Mutex // guards count
		var count uint64
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range n / workers {
					mu.Lock()
					count++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		return count
	}
}

func channel(senders int) func(n int) uint64 {
	return func(n int) uint64 {
		in, m := make(chan *int, 16), 0
		var wg sync.WaitGroup
		for range senders {
			wg.Go(func() {
				for range n / senders {
					in <- &m
				}
			})
		}
		go func() {
			wg.Wait()
			close(in)
		}()
		var count uint64
		for range in {
			count++
		}
		return count
	}
}

// measure runs a floor as a workload is run; n is rounded down to what 8 workers can share.
func (f Floor) measure(_ context.Context, n int) (Result, error) {
	n -= n % 8
	f.Run(n / 80 * 8)
	var r Result
	m := startMeter()
	handled := f.Run(n)
	m.stop(&r, uint64(n))
	r.Lost = int64(n) - int64(handled)
	return r, nil
}
