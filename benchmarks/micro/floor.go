package micro

import (
	"sync"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// primitive is something that every message passing is made of, without any of it.
type primitive struct {
	name, about string
	run         func(n int) (handled uint64)
}

var floorSizes = sizes(size{n: 400_000}, size{n: 2_000_000, aim: aim})

func floors() []primitive {
	return []primitive{
		{name: "function", about: "a call through an interface, on one goroutine", run: function},
		{name: "mutex", about: "a mutex locked and unlocked around a count, by one goroutine", run: mutex(1)},
		{name: "mutex-8", about: "the same mutex and count, by 8 goroutines", run: mutex(8)},
		{name: "channel", about: "a pointer through a channel of 16 from one goroutine to another", run: channel(1)},
		{name: "channel-8", about: "the same channel, 8 senders", run: channel(8)},
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

func findFloor(name string) (primitive, error) {
	var have []string
	for _, f := range floors() {
		if f.name == name {
			return f, nil
		}
		have = append(have, f.name)
	}
	return primitive{}, &experiment.UnknownRowError{Row: name, Have: have}
}

// measure runs a floor as a workload is run; what 8 workers can't share is left out.
func (f primitive) measure(w size) experiment.Result {
	began := time.Now()
	f.run(w.n)
	n := w.enough(time.Since(began)) / 8 * 8
	m := startMeter()
	return m.stop(uint64(n), f.run(n))
}
