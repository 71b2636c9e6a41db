package e2e

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// TestNobodyIsEvictedWhileBusy keeps every processor busy with more than it can do, for HAYAUMA_BUSY or a moment. A member that is only
// slow must not be taken for one that is gone.
func TestNobodyIsEvictedWhileBusy(t *testing.T) {
	if os.Getenv("E2E_SPIN") != "" {
		spin(t)
		return
	}
	long := 10 * time.Second
	if text := os.Getenv("HAYAUMA_BUSY"); text != "" {
		var err error
		if long, err = time.ParseDuration(text); err != nil {
			t.Fatalf("HAYAUMA_BUSY=%q: %v", text, err)
		}
	}
	f := newFleet(t, all(3), "--faults", "latency=5ms")
	before, err := f.daemon.status()
	if err != nil {
		t.Fatal(err)
	}
	spinners := make([]*process, runtime.NumCPU())
	for i := range spinners {
		spinners[i] = launch(t, []string{"E2E_SPIN=1"}, nil, os.Args[0], "-test.run=^TestNobodyIsEvictedWhileBusy$")
	}
	for n, began := 0, time.Now(); time.Since(began) < long; n++ {
		pair := f.pair(n)
		f.submitAll(pair)
		f.end(pair)
	}
	for _, s := range spinners {
		s.kill()
	}
	after, err := f.daemon.status()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("figure: %v with every processor busy: epoch %d, then %d", long, before.Epoch, after.Epoch)
	if len(after.Members) != len(before.Members) || after.Epoch != before.Epoch {
		t.Errorf("the view was %+v and is %+v\n%s", before.Members, after.Members, f.said())
	}
}

// spin works until its parent ends it.
func spin(t *testing.T) {
	n := 0
	for began := time.Now(); time.Since(began) < time.Hour; n++ {
		if n < 0 {
			t.Log("it has gone round")
		}
	}
}
