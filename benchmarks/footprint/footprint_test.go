package footprint

import (
	"errors"
	"runtime"
	"sync"
	"testing"
)

// What is written to is in use and resident, and goroutines are counted; afterwards they are gone.
func TestLookSeesWhatIsHeld(t *testing.T) {
	const bytes, routines = 64 << 20, 100
	before, err := Look()
	if err != nil {
		t.Fatal(err)
	}
	held := make([]byte, bytes)
	for i := range held {
		held[i] = 1
	}
	leave := make(chan struct{})
	var all sync.WaitGroup
	for range routines {
		all.Go(func() { <-leave })
	}
	during, err := Look()
	if err != nil {
		t.Fatal(err)
	}
	runtime.KeepAlive(held)
	close(leave)
	all.Wait()
	after, err := Look()
	if err != nil {
		t.Fatal(err)
	}
	if got := during.InUse - before.InUse; got < bytes || got > 1.1*bytes {
		t.Errorf("%.0f bytes more in use, want %d", got, bytes)
	}
	if got := during.Resident - before.Resident; got < 0.95*bytes {
		t.Errorf("%.0f resident bytes more, want %d", got, bytes)
	}
	if got := during.Goroutines - before.Goroutines; got != routines {
		t.Errorf("%.0f goroutines more, want %d", got, routines)
	}
	if got := after.InUse - before.InUse; got > bytes/10 {
		t.Errorf("%.0f bytes are still in use", got)
	}
}

func TestResidentPages(t *testing.T) {
	if got, err := residentPages([]byte("9000 1234 56 7 0 8 0\n")); err != nil || got != 1234 {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{"", "9000", "9000 many"} {
		if _, err := residentPages([]byte(text)); !errors.As(err, new(*FormError)) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
