package e2e

import "testing"

// TestTimeoutAcrossKill kills the daemon while it waits for answers that never come, to requests that were accepted. What is sent again
// must carry the same keys, so that the provider knows it.
func TestTimeoutAcrossKill(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--faults", "timeout-after=0.05,seed=7")
	w.open()
	m := w.personalised("timeout", 300)
	w.mustSubmit(m)
	waiting := w.await(m.id, "waiting for answers", func(s shown) bool { return s.Delivered >= 250 })
	if waiting.final() {
		t.Fatalf("no answer is missing: %+v", waiting)
	}
	w.daemon.kill()
	w.serve("")
	s := w.finish(m)
	if err := w.judge(m, s); err != nil || s.Delivered != 300 || s.Unknown != 0 {
		t.Fatalf("%+v: %v", s, err)
	}
	if conflicts := w.ledger().Conflicts; conflicts == 0 {
		t.Error("nothing was sent again that was accepted: the test shows nothing")
	}
}
