package simulation

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"time"

	"hayauma.example/engine/journal"
)

// outage is a stretch of time in which the store does nothing: what is asked of it fails at once, or when it is over.
type outage struct {
	from, till time.Duration
	hangs      bool
}

// during waits where the store hangs, and tells that it is away.
func (in *incarnation) during(ctx context.Context) error {
	o, now := in.w.sc.outage, in.w.now()
	switch {
	case now < o.from || now >= o.till:
		return nil
	case o.hangs:
		select {
		case <-ctx.Done():
		case <-in.died:
		case <-time.After(o.till - now):
		}
	}
	return errTrouble
}

// Replay implements journal.Store.
func (s *store) Replay(ctx context.Context, c journal.Claim, g journal.Grain) iter.Seq2[journal.Record, error] {
	return func(yield func(journal.Record, error) bool) {
		if err := s.in.during(ctx); err != nil {
			yield(journal.Record{}, err)
			return
		}
		s.Store.Replay(ctx, c, g)(yield)
	}
}

// TestStoreIsGoneWhenItIsDue: nothing can be stored or read for 26 s around the time of a campaign, and nobody asks for it.
func TestStoreIsGoneWhenItIsDue(t *testing.T) {
	t.Parallel()
	const due, away = 30 * time.Minute, 26 * time.Second
	for name, kills := range map[string][]time.Duration{
		"nothing died": nil, "died before": {due - 5*time.Minute}, "died meanwhile": {due + 500*time.Millisecond}, "died before planning": {time.Minute},
	} {
		for _, hangs := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, hangs %v", name, hangs), func(t *testing.T) {
				t.Parallel()
				dir := openDir(t.TempDir())
				for n := range scenarios(10) {
					m := newMission(fmt.Sprintf("gone-%d", n), 20, 510)
					m.at = due
					from := due - time.Duration(n)*2*time.Second
					sc := scenario{seed: uint64(n), dir: dir, missions: []*mission{m}, quiet: true, bound: due + 30*time.Minute}
					for _, at := range kills {
						sc.kills = append(sc.kills, at+time.Duration(n)*3*time.Second) // the reminder is repeated at other times
					}
					sc.outage = outage{from: from, till: from + away, hangs: hangs}
					r := play(t, sc)
					if report(t, r); t.Failed() {
						return
					}
					if at := firstCall(t, r); at < due || at > from+away+startWithin {
						t.Errorf("seed %d: the first call started at %v, the store was gone from %v to %v", n, at, from, from+away)
					}
				}
			})
		}
	}
}

// startWithin is how long after an outage what is due may take to start.
const startWithin = 10 * time.Second
