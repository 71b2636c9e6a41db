package latency

import (
	"fmt"
	"slices"
	"syscall"
	"unsafe"

	"hayauma.example/benchmarks/percentile"
)

// samples are nanoseconds by message, missing where there are none yet.
type samples []int64

const missing = -1

// newSamples makes n of them outside Go's heap. Their memory is in place, so that the first write to a page costs nothing later.
func newSamples(n int) (samples, error) {
	const size = int(unsafe.Sizeof(int64(0)))
	memory, err := syscall.Mmap(-1, 0, n*size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("latency: memory for %d samples: %w", n, err)
	}
	s := samples(unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(memory))), n)) // pages are aligned
	for i := range s {
		s[i] = missing
	}
	return s, nil
}

// free gives the memory back; the samples must not be used any more.
func (s samples) free() error {
	return syscall.Munmap(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*8))
}

// ends returns when the last message was done, of the clock, and how many were done until the schedule's end. It is called before
// sorted.
func (s samples) ends(by schedule) (last int64, inTime int) {
	last, end := by.start, by.due(by.n)
	for i, took := range s {
		if took == missing {
			continue
		}
		at := by.due(i) + took
		last = max(last, at)
		if at <= end {
			inTime++
		}
	}
	return last, inTime
}

// sorted sorts in place and returns the part that isn't missing.
func (s samples) sorted() samples {
	slices.Sort(s)
	from, _ := slices.BinarySearch(s, missing+1)
	return s[from:]
}

// micros is a percentile of sorted samples in µs.
func (s samples) micros(p float64) float64 { return float64(percentile.Of(s, p)) / 1e3 }
