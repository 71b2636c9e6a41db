package journal_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"hayauma.example/engine/journal"
)

// fault is what befalls one call of Append.
type fault int

const (
	fine fault = iota
	lostBefore
	lostAfter
	busy
	full
	twice
	stolen // another claims the shard first
)

// plan is drawn before the bubble is entered: the writer's grains, units, pauses and the store's faults.
type plan struct {
	Units []struct {
		Grain, Events, Size int
		Extra               bool
		Pause               int // milliseconds
	}
	Faults []fault
}

func drawPlan(r *rapid.T) plan {
	var p plan
	for range rapid.IntRange(1, 40).Draw(r, "units") {
		p.Units = append(p.Units, struct {
			Grain, Events, Size int
			Extra               bool
			Pause               int
		}{
			rapid.IntRange(0, 3).Draw(r, "grain"), rapid.IntRange(1, 3).Draw(r, "events"),
			rapid.SampledFrom([]int{1, 10, 400 << 10, journal.MaxRecord + 1}).Draw(r, "size"),
			rapid.Bool().Draw(r, "extra"), rapid.SampledFrom([]int{0, 0, 0, 1, 30}).Draw(r, "pause"),
		})
	}
	p.Faults = rapid.SliceOfN(rapid.SampledFrom([]fault{fine, fine, fine, fine, lostBefore, lostAfter, busy, full, twice, stolen}), 0, 30).Draw(r, "faults")
	return p
}

// TestWriterMatchesModel: whatever the store does, reports come once and in order, what was reported as stored is there, what was
// refused is not, numbers have no gap, and a unit is there whole or not at all.
func TestWriterMatchesModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := drawPlan(r)
		var problem error
		synctest.Test(t, func(t *testing.T) { problem = p.run(t.Context()) })
		if problem != nil {
			r.Fatal(problem)
		}
	})
}

// sent is one unit and its report.
type sent struct {
	grain         string
	first, events uint64
	extra         uint64 // number of the extra record, 0 without
	reported      bool
	err           error
	heard         bool // its owner went back to its number
}

func (p plan) run(ctx context.Context) error {
	store := journal.NewMemory(uuid.New())
	store.Latency = 10 * time.Millisecond
	calls := 0
	var current fault
	store.Fault = func(c journal.Call) error {
		if c.Op != "append" {
			return nil
		}
		if !c.Done {
			current = fine
			if calls < len(p.Faults) {
				current = p.Faults[calls]
			}
			calls++
		}
		return faultOf(ctx, store, current, c.Done)
	}
	claims, err := store.Claim(ctx, "me", []journal.Shard{shard})
	if err != nil {
		return err
	}
	w := journal.NewWriter(store, claims[0], journal.WriterOptions{UnclearFor: 100 * time.Millisecond})
	units := p.send(w)
	if err := w.Flush(ctx); err != nil {
		return err
	}
	store.Fault = nil
	return check(ctx, store, units)
}

func faultOf(ctx context.Context, store *journal.Memory, f fault, done bool) error {
	switch {
	case f == lostBefore && !done, f == lostAfter && done:
		return errLostAnswer
	case f == busy && !done:
		return journal.ErrBusy
	case f == full && !done:
		return journal.ErrFull
	case f == twice && !done:
		return journal.ErrStoreTwice
	case f == stolen && !done:
		_, err := store.Claim(ctx, "thief", []journal.Shard{shard})
		return err
	}
	return nil
}

// send appends as careless owners do: they go on after a refusal until they hear of it, and then use that number again. What they sent
// behind it is refused too, so they don't go back a second time when they hear of that.
func (p plan) send(w *journal.Writer) []*sent {
	next, extras := map[string]uint64{}, uint64(0)
	var mu sync.Mutex // guards the reports
	var units []*sent
	for _, u := range p.Units {
		s := &sent{grain: fmt.Sprint("g", u.Grain), events: uint64(u.Events)}
		mu.Lock()
		for i, old := range units {
			if old.grain == s.grain && old.reported && old.err != nil && !old.heard {
				next[s.grain] = min(next[s.grain], old.first-1)
				for _, behind := range units[i:] {
					behind.heard = behind.heard || behind.grain == s.grain
				}
			}
		}
		mu.Unlock()
		s.first = next[s.grain] + 1
		next[s.grain] += s.events
		r := record(s.grain, s.first, u.Size)
		r.Count = uint32(u.Events)
		var extra []journal.Record
		if u.Extra {
			extras++
			s.extra = extras
			extra = append(extra, record("x", extras, 1))
		}
		units = append(units, s)
		w.Append(r, extra, s.report(&mu, units))
		time.Sleep(time.Duration(u.Pause) * time.Millisecond)
		synctest.Wait()
	}
	return units
}

var errOrder = errors.New("reported twice, or before an earlier one")

func (s *sent) report(mu *sync.Mutex, units []*sent) func(error) {
	return func(err error) {
		mu.Lock()
		defer mu.Unlock()
		for _, earlier := range units {
			if earlier != s && !earlier.reported || s.reported {
				err = errOrder
			}
		}
		s.reported, s.err = true, err
	}
}

func check(ctx context.Context, store *journal.Memory, units []*sent) error {
	claims, err := store.Claim(ctx, "reader", []journal.Shard{shard})
	if err != nil {
		return err
	}
	numbers := map[string]uint64{}
	for _, u := range units {
		if numbers[u.grain], err = last(ctx, store, claims[0], u.grain); err != nil {
			return err
		}
	}
	extras := map[uint64]bool{}
	for r, err := range store.Replay(ctx, claims[0], journal.Grain{Kind: "k", ID: "x"}) {
		if err != nil {
			return err
		}
		for n := r.First; n < r.First+uint64(r.Count); n++ {
			extras[n] = true
		}
	}
	for i, u := range units {
		switch {
		case !u.reported:
			return fmt.Errorf("unit %d was not reported", i)
		case errors.Is(u.err, errOrder):
			return fmt.Errorf("unit %d: %w", i, u.err)
		case u.err == nil && numbers[u.grain] < u.first+u.events-1:
			return fmt.Errorf("unit %d is reported as stored, but %s ends at %d, before %d", i, u.grain, numbers[u.grain], u.first)
		case u.extra > 0 && u.err == nil && !extras[u.extra]:
			return fmt.Errorf("unit %d is stored without its extra record", i)
		case u.extra > 0 && u.err != nil && !errors.Is(u.err, journal.ErrLost) && extras[u.extra]:
			return fmt.Errorf("unit %d was refused (%w), but its extra record is stored", i, u.err)
		}
	}
	return nil
}

// last reads a grain and answers its last number; a gap is an error.
func last(ctx context.Context, store *journal.Memory, c journal.Claim, id string) (uint64, error) {
	n := uint64(0)
	for r, err := range store.Replay(ctx, c, journal.Grain{Kind: "k", ID: id}) {
		if err != nil {
			return 0, err
		}
		if r.First != n+1 {
			return 0, fmt.Errorf("%s: event %d follows event %d", id, r.First, n)
		}
		n += uint64(r.Count)
	}
	return n, nil
}
