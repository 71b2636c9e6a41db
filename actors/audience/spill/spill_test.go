package spill_test

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"hayauma.example/actors/audience/spill"
)

func root(t testing.TB) *os.Root {
	t.Helper()
	r, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func entries(t *testing.T, r *os.Root) int {
	t.Helper()
	list, err := fs.ReadDir(r.FS(), ".")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestFileKeepsItsBytes(t *testing.T) {
	for _, size := range []int{0, 5, 100, 5000} {
		r := root(t)
		d := spill.New(r)
		f := d.File(64)
		want := make([]byte, 0, size)
		for i := range size {
			if _, err := f.Write([]byte{byte(i)}); err != nil {
				t.Fatal(err)
			}
			want = append(want, byte(i))
		}
		if onDisk := entries(t, r) > 0; onDisk != (size > 64) {
			t.Errorf("%d bytes: on disk is %v", size, onDisk)
		}
		for range 2 {
			got, err := io.ReadAll(f.Reader(16))
			if err != nil || !slices.Equal(got, want) || f.Size() != int64(size) {
				t.Errorf("%d bytes: read %d, %v", size, len(got), err)
			}
		}
		if err := d.Close(); err != nil || entries(t, r) != 0 {
			t.Errorf("%d bytes: close: %v, %d entries left", size, err, entries(t, r))
		}
	}
}

func TestSweepRemovesLeftovers(t *testing.T) {
	r := root(t)
	f := spill.New(r).File(1)
	if _, err := f.Write([]byte("xx")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("yy")); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteFile("mine", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if entries(t, r) != 2 {
		t.Fatal("nothing was spilled")
	}
	if err := spill.Sweep(r); err != nil || entries(t, r) != 1 {
		t.Errorf("%v, %d entries left", err, entries(t, r))
	}
}

func TestSorterSorts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 500, 30000} {
		d := spill.New(root(t))
		s := spill.NewSorter(d, 0)
		keys := rng.Perm(n)
		for _, k := range keys {
			payload := binary.AppendUvarint(make([]byte, k%40), uint64(k))
			if err := s.Add(uint64(k), payload); err != nil {
				t.Fatal(err)
			}
		}
		next := 0
		for item, err := range s.Sorted() {
			if err != nil {
				t.Fatal(err)
			}
			k, _ := binary.Uvarint(item.Payload[next%40:])
			if item.Key != uint64(next) || k != uint64(next) {
				t.Fatalf("item %d has key %d and payload %v", next, item.Key, item.Payload)
			}
			next++
		}
		if next != n {
			t.Errorf("%d of %d items", next, n)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestMergeKeepsOrder(t *testing.T) {
	lists := [][]int{{1, 4, 4, 9}, {}, {0, 4, 10}, {2}}
	var sources []spill.Source[[2]int]
	for i, list := range lists {
		sources = append(sources, func(item *[2]int) (bool, error) {
			if len(list) == 0 {
				return false, nil
			}
			*item = [2]int{list[0], i}
			list = list[1:]
			return true, nil
		})
	}
	var got [][2]int
	for item, err := range spill.Merge(sources, func(a, b *[2]int) bool { return a[0] < b[0] }) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, *item)
	}
	want := [][2]int{{0, 2}, {1, 0}, {2, 3}, {4, 0}, {4, 0}, {4, 2}, {9, 0}, {10, 2}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestMergeReportsErrors(t *testing.T) {
	fails := func(*int) (bool, error) { return false, io.ErrUnexpectedEOF }
	count := 0
	for _, err := range spill.Merge([]spill.Source[int]{fails}, func(a, b *int) bool { return *a < *b }) {
		if err == nil {
			t.Error("no error")
		}
		count++
	}
	if count != 1 {
		t.Errorf("%d steps", count)
	}
}

// Any stretch can be read, whether it is on disk, in memory or across both.
func TestFileIsReadAnywhere(t *testing.T) {
	for _, size := range []int{0, 50, 200} {
		d := spill.New(root(t))
		f := d.File(64)
		for i := range size {
			if _, err := f.Write([]byte{byte(i)}); err != nil {
				t.Fatal(err)
			}
		}
		for from := range size + 2 {
			for n := range size + 2 {
				p := make([]byte, n)
				got, err := f.ReadAt(p, int64(from))
				want := max(0, min(n, size-from))
				if got != want || errors.Is(err, io.EOF) != (want < n) || err != nil && want == n {
					t.Fatalf("size %d: %d bytes at %d: %d, %v", size, n, from, got, err)
				}
				for i := range got {
					if p[i] != byte(from+i) {
						t.Fatalf("size %d: byte %d is %d", size, from+i, p[i])
					}
				}
			}
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
