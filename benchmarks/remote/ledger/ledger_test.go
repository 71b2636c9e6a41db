package ledger_test

import (
	"path/filepath"
	"sync"
	"testing"

	"hayauma.example/benchmarks/remote/ledger"
)

func open(t *testing.T, path string, size uint64) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(path, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestAnotherProcessSees(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	writer, reader := open(t, path, 130), open(t, path, 130)
	for _, seq := range []uint64{0, 63, 64, 129, 64, 130, 1 << 60} {
		writer.Note(seq)
	}
	writer.Set(ledger.Sent, 77)
	for c, want := range map[ledger.Counter]uint64{ledger.Handled: 4, ledger.Twice: 1, ledger.Foreign: 2, ledger.Sent: 77, ledger.First: 0} {
		if got := reader.Get(c); got != want {
			t.Errorf("counter %d is %d, want %d", c, got, want)
		}
	}
	for seq, want := range map[uint64]bool{0: true, 1: false, 63: true, 64: true, 65: false, 128: false, 129: true, 130: false, 1 << 60: false} {
		if got := reader.Has(seq); got != want {
			t.Errorf("%d: %v", seq, got)
		}
	}
}

func TestManyWriters(t *testing.T) {
	const size = 5_000
	l := open(t, filepath.Join(t.TempDir(), "ledger"), size)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for seq := range uint64(size) {
				l.Note(seq)
			}
		})
	}
	wg.Wait()
	if handled, twice := l.Get(ledger.Handled), l.Get(ledger.Twice); handled != size || twice != 2*size {
		t.Fatalf("%d handled, %d twice", handled, twice)
	}
}

func TestNoSuchFolder(t *testing.T) {
	if _, err := ledger.Open(filepath.Join(t.TempDir(), "none", "ledger"), 1); err == nil {
		t.Fatal("opened")
	}
}
