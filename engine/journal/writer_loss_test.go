package journal_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine/journal"
)

func TestWriterTriesAgainWhenBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.fault = func(n int, c journal.Call) error {
			if n < 3 {
				return journal.ErrBusy
			}
			return nil
		}
		b.add("a", 1)
		b.flush()
		b.want("batches", b.batches, "a1+1", "a1+1", "a1+1")
		b.want("reports", b.reports, "a1@33") // three attempts of 10 ms, pauses of 1 and 2 ms
		if b.ids[0] != b.ids[2] {
			t.Errorf("ids %q", b.ids)
		}
	})
}

func TestWriterDoesNotTryForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{BusyFor: time.Second})
		b.fault = func(n int, c journal.Call) error {
			if time.Since(b.began) < 1100*time.Millisecond {
				return journal.ErrBusy
			}
			return nil
		}
		b.add("a", 1)
		synctest.Wait()
		b.add("a", 2) // must not be stored without the first
		b.add("b", 1)
		b.flush()
		b.add("a", 1)
		b.flush()
		b.want("reports", b.reports, "a1@1033 busy", "a2@1124 busy", "b1@1124", "a1@1134")
		if len(b.lost) != 0 {
			t.Errorf("lost: %v", b.lost)
		}
	})
}

func TestWriterRepeatsAfterALostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.fault = func(n int, c journal.Call) error {
			if n == 1 && c.Done {
				return errLostAnswer
			}
			if n == 2 && !c.Done {
				return journal.ErrFull // says nothing of the first attempt
			}
			return nil
		}
		b.add("a", 1)
		synctest.Wait()
		b.add("a", 2)
		b.flush()
		b.want("batches", b.batches, "a1+1", "a1+1", "a1+1", "a2+1")
		b.want("reports", b.reports, "a1@33", "a2@43")
		if b.ids[0] != b.ids[2] || b.ids[2] == b.ids[3] {
			t.Errorf("ids %q", b.ids)
		}
		if got := b.replay("a"); got != "a1+1 a2+1" {
			t.Errorf("replay of a: %s", got)
		}
	})
}

func TestWriterGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{UnclearFor: time.Second})
		b.fault = func(n int, c journal.Call) error {
			if c.Done {
				return nil
			}
			return errLostAnswer
		}
		b.add("a", 1)
		synctest.Wait()
		b.add("b", 1)
		b.flush()
		b.add("c", 1)
		b.flush()
		if len(b.lost) != 1 || !errors.Is(b.lost[0], journal.ErrLost) || !errors.Is(b.lost[0], errLostAnswer) {
			t.Errorf("lost: %v", b.lost)
		}
		b.want("reports", b.reports, "a1@1033 lost", "b1@1033 lost", "c1@1033 lost")
		for _, text := range b.batches {
			if text != "a1+1" {
				t.Errorf("after an unclear answer came the batch %s", text)
			}
		}
	})
}

// TestWriterGivesUpOnARefusalAfterALostAnswer: the first attempt was stored, so the refusals of its repeats prove nothing. A writer that
// took them for the batch's fate would refuse the grain's next number for ever.
func TestWriterGivesUpOnARefusalAfterALostAnswer(t *testing.T) {
	for _, refusal := range []error{journal.ErrFull, journal.ErrBusy} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, journal.WriterOptions{UnclearFor: time.Second})
			b.fault = func(n int, c journal.Call) error {
				switch {
				case c.Done:
					return errLostAnswer
				case n > 1:
					return refusal
				}
				return nil
			}
			b.add("a", 1)
			b.flush()
			if len(b.lost) != 1 || !errors.Is(b.lost[0], journal.ErrLost) {
				t.Errorf("after %v the writer goes on: lost %v, reports %v", refusal, b.lost, b.reports)
			}
			if got := b.replay("a"); got != "a1+1" {
				t.Errorf("stored: %s", got)
			}
		})
	}
}

func TestWriterHangingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{AttemptFor: time.Second, UnclearFor: 5 * time.Second})
		b.store.Latency = time.Hour
		b.add("a", 1)
		b.flush()
		b.want("reports", b.reports, "a1@6031 lost") // six attempts; the first ended at 1 s, and 5 s later it was enough
	})
}

func TestWriterFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.add("a", 1)
		b.flush()
		if _, err := b.store.Claim(t.Context(), "other", []journal.Shard{shard}); err != nil {
			t.Fatal(err)
		}
		b.add("a", 2)
		synctest.Wait()
		b.add("b", 1)
		b.flush()
		b.add("c", 1)
		b.flush()
		b.want("reports", b.reports, "a1@10", "a2@30 fenced", "b1@30 fenced", "c1@30 fenced")
		if len(b.lost) != 1 || !errors.Is(b.lost[0], journal.ErrFenced) {
			t.Errorf("lost: %v", b.lost)
		}
	})
}

func TestWriterFencedAfterALostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, journal.WriterOptions{})
		b.fault = func(n int, c journal.Call) error {
			if n == 1 && c.Done { // it is stored; nobody hears of it
				if _, err := b.store.Claim(t.Context(), "other", []journal.Shard{shard}); err != nil {
					t.Error(err)
				}
				return errLostAnswer
			}
			return nil
		}
		b.add("a", 1)
		synctest.Wait()
		b.add("b", 1)
		b.flush()
		b.want("reports", b.reports, "a1@31 lost", "b1@31 fenced") // the claim takes 10 ms too
		if len(b.lost) != 1 || !errors.Is(b.lost[0], journal.ErrFenced) {
			t.Errorf("lost: %v", b.lost)
		}
		if got := b.replay("a"); got != "a1+1" {
			t.Errorf("replay of a: %s", got)
		}
	})
}
