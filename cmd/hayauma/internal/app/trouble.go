package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"hayauma.example/cmd/hayauma/internal/admin"
	"hayauma.example/engine"
)

// Looks for trouble.
const (
	troubleLook  = time.Second
	troubleShare = 50          // a look takes a fiftieth of the time at most, however many actors there are
	troubleOver  = time.Minute // without a sign of it
	stuckAfter   = 5 * time.Second
)

// watchTroubles keeps a flight record of what led to trouble, when it begins.
func (a *App) watchTroubles() {
	if a.flight == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var t troubles
		for wait := troubleLook; ; {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			began := time.Now()
			s := signsOf(a.sys)
			s.fences = a.member.Status().Counts.SelfFences
			wait = max(troubleLook, troubleShare*time.Since(began))
			if begun := t.begun(s, began); len(begun) > 0 {
				a.keepFlight(strings.Join(begun, ", "))
			}
		}
	}()
	a.onStop("flight records", func(context.Context) error {
		cancel()
		<-ended
		return nil
	})
}

func (a *App) keepFlight(trouble string) {
	k, done, err := a.flight.Trouble(time.Now())
	switch {
	case errors.Is(err, admin.ErrNoData):
		a.log.Warn("trouble left no flight record: there is no data directory", "trouble", trouble)
	case err != nil:
		a.log.Error("flight record not kept", "trouble", trouble, "error", err)
	case done:
		a.log.Warn("flight record kept of what led to trouble", "trouble", trouble, "file", k.File, "bytes", k.Bytes)
	}
}

// signs are what trouble shows by.
type signs struct {
	failed map[string]uint64 // by kind: failures of handlers, appends and replays since the start
	stuck  map[string]bool   // kinds with an actor whose oldest message is older than stuckAfter
	fences uint64            // times that the lease ran out
}

func signsOf(sys *engine.System) signs {
	s := signs{failed: map[string]uint64{}, stuck: map[string]bool{}}
	for _, k := range sys.Counts() {
		s.failed[k.Kind] = k.Failed
	}
	sys.Cells(func(c engine.CellInfo) bool {
		if c.Oldest >= stuckAfter {
			s.stuck[c.Kind] = true
		}
		return true
	})
	return s
}

// troubles tells those that begin from those that go on. The zero value has seen none.
type troubles struct {
	before signs
	seen   map[string]time.Time // the last sign of each
}

// begun are the troubles that there was no sign of for troubleOver.
func (t *troubles) begun(now signs, at time.Time) (begun []string) {
	var all []string
	for kind, n := range now.failed {
		if n > t.before.failed[kind] {
			all = append(all, kind+" failed")
		}
	}
	for kind := range now.stuck {
		all = append(all, kind+" is stuck")
	}
	if now.fences > t.before.fences {
		all = append(all, "the lease ran out")
	}
	if t.before = now; t.seen == nil {
		t.seen = map[string]time.Time{}
	}
	for _, trouble := range all {
		if last, ok := t.seen[trouble]; !ok || at.Sub(last) >= troubleOver {
			begun = append(begun, trouble)
		}
		t.seen[trouble] = at
	}
	slices.Sort(begun)
	return begun
}
