package ledger

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Counter names one of a ledger's counters.
type Counter int

// The counters.
const (
	Handled  Counter = iota // numbers noted for the first time
	Twice                   // numbers noted again
	Foreign                 // bodies that are none of ours: empty, cut, changed, or with a number that nobody sent
	First                   // unix nanoseconds of the first message that was not a Hello; 0: none yet
	Begin                   // unix nanoseconds of the Hello
	BeginCPU                // the process's CPU time then, in ns
	End                     // unix nanoseconds of the last Mark
	EndCPU                  // the process's CPU time then, in ns
	AtEnd                   // Handled at the last Mark
	Sent                    // numbers that went out: 0 to Sent-1
	Notices                 // notifications that name a connection and no message
	counters = 16
)

// Ledger is one process's account. It is safe for concurrent use.
type Ledger struct {
	counts []uint64 // by Counter; mapped
	words  []uint64 // one bit per number; mapped
	size   uint64
	memory []byte
}

// Open maps the ledger of that name for numbers below size; it is made when it isn't there.
func Open(path string, size uint64) (*Ledger, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // the mapping stays
	words := (size + 63) / 64
	length := int(counters+words) * 8
	if err := f.Truncate(int64(length)); err != nil {
		return nil, err
	}
	memory, err := syscall.Mmap(int(f.Fd()), 0, length, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("ledger: map %s: %w", path, err)
	}
	all := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(memory))), counters+words) // a mapping begins at a page
	return &Ledger{counts: all[:counters], words: all[counters:], size: size, memory: memory}, nil
}

// Close unmaps the ledger; the file stays. No method is called afterwards.
func (l *Ledger) Close() error { return syscall.Munmap(l.memory) }

// Note notes a number.
func (l *Ledger) Note(seq uint64) {
	if seq >= l.size {
		l.Add(Foreign, 1)
		return
	}
	bit := uint64(1) << (seq % 64)
	if atomic.OrUint64(&l.words[seq/64], bit)&bit != 0 {
		l.Add(Twice, 1)
		return
	}
	l.Add(Handled, 1)
}

// Has reports whether a number was noted.
func (l *Ledger) Has(seq uint64) bool {
	return seq < l.size && atomic.LoadUint64(&l.words[seq/64])>>(seq%64)&1 != 0
}

// Add adds to a counter.
func (l *Ledger) Add(c Counter, n uint64) { atomic.AddUint64(&l.counts[c], n) }

// Set sets a counter.
func (l *Ledger) Set(c Counter, n uint64) { atomic.StoreUint64(&l.counts[c], n) }

// Get returns a counter.
func (l *Ledger) Get(c Counter) uint64 { return atomic.LoadUint64(&l.counts[c]) }
