package simulation

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/poster"
	"hayauma.example/actors/provider"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// mutants are products with one rule broken at a seam; the judge must find each within a number of seeds, and say what is wrong.
var mutants = []struct {
	name    string
	mutate  mutation
	shape   func(*scenario) // makes the breach likely; nil: a random scenario
	verdict string          // part of what the judge says
	within  int             // seeds
}{
	{"random retry key", mutation{provider: randomKeys}, nil, "messages (", 40},
	{"window written after the call", mutation{store: early("composer", "campaign.window_opened")}, pausedAfterDeath, "messages (", 60},
	{"split not recorded", mutation{store: forgetSplits}, splitting, "messages (", 60},
	{"409 counted as failure", mutation{provider: conflictRefused}, nil, "though nothing stood in the way", 40},
	{"re-drive without asking the checker", mutation{checker: unasked}, pausedBeforeDeath, "messages (", 60},
	{"token without expiry", mutation{poster: lateTokens}, limited, "the limit is", 20},
	{"acknowledgement before append", mutation{store: early("checker", "")}, nil, "", 40},
}

func TestMutantsAreFound(t *testing.T) {
	long(t)
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			dir := openDir(t.TempDir())
			for seed := range uint64(m.within) {
				sc := armed(seed+1, random(seed+1, dir))
				sc.bound = time.Hour // a mutant may never end
				if m.shape != nil {
					m.shape(&sc)
				}
				if r := play(t, sc); len(r.faults) > 0 { // the same scenario without the mutant
					report(t, r)
					return
				}
				sc = renewed(sc)
				sc.mutate = m.mutate
				r := play(t, sc)
				for _, f := range r.faults {
					if strings.Contains(f, m.verdict) {
						t.Logf("seed %d: %s", seed+1, f)
						return
					}
				}
			}
			t.Errorf("not found within %d seeds", m.within)
		})
	}
}

// renewed is the same scenario before it was played.
func renewed(sc scenario) scenario {
	var missions []*mission
	for _, m := range sc.missions {
		missions = append(missions, &mission{name: m.name, id: m.id, wait: m.wait, at: m.at, expire: m.expire, orders: m.orders,
			rows: m.rows, unknown: m.unknown, duplicate: m.duplicate})
	}
	sc.missions = missions
	return sc
}

// pausedAfterDeath: the first calls are under way when the process dies, and what it sends again is asked back at once.
func pausedAfterDeath(sc *scenario) {
	sc.limits = actors.Limits{Push: 3, Multicast: 2}
	sc.crashes = []crash{{"poster.call.after", 1 + int(sc.seed%9)}}
	for _, m := range sc.missions {
		m.orders = []order{{1100*time.Millisecond + time.Duration(sc.seed%20)*20*time.Millisecond, pause}, {8 * time.Second, resume}}
	}
}

// pausedBeforeDeath: paths are in their second window when the process dies.
func pausedBeforeDeath(sc *scenario) {
	sc.limits = actors.Limits{Push: 3, Multicast: 2}
	sc.crashes = []crash{{"campaign.window.told", 2}}
	for _, m := range sc.missions {
		m.orders = []order{{time.Second, pause}, {4 * time.Second, resume}}
	}
}

// splitting: the process dies while a multicast is being halved, and then the unknown user becomes known.
func splitting(sc *scenario) {
	for _, m := range sc.missions {
		m.orders = nil // a campaign that is paused or cancelled may never split
	}
	sc.chunk = 0 // whole multicasts: the larger, the more often they split
	sc.crashes = []crash{{"poster.call.after", 25 + int(sc.seed%40)}}
	sc.restore = 900 * time.Millisecond
}

func limited(sc *scenario) { sc.limits = actors.Limits{Push: 8, Multicast: 3} }

// wrappedProvider changes calls or answers.
type wrappedProvider struct {
	provider.Provider
	call   func(provider.Call) provider.Call
	answer func(provider.Answer) provider.Answer
}

// Send implements provider.Provider.
func (p wrappedProvider) Send(ctx context.Context, c provider.Call) provider.Answer {
	return p.answer(p.Provider.Send(ctx, p.call(c)))
}

func randomKeys(_ *incarnation, p provider.Provider) provider.Provider {
	return wrappedProvider{p, func(c provider.Call) provider.Call {
		c.Key = uuid.New()
		return c
	}, func(a provider.Answer) provider.Answer { return a }}
}

func conflictRefused(_ *incarnation, p provider.Provider) provider.Provider {
	return wrappedProvider{p, func(c provider.Call) provider.Call { return c }, func(a provider.Answer) provider.Answer {
		if a.Status == 409 {
			a.Verdict = provider.Refused
		}
		return a
	}}
}

// earlyStore acknowledges the appends of a role first and stores them later, in order: from the first that holds an event of that
// name on.
type earlyStore struct {
	journal.Store
	in          *incarnation
	role, event string
	begun       atomic.Bool
	queue       chan func()
}

const earlyBy = 400 * time.Millisecond

func early(role, event string) func(*incarnation, journal.Store) journal.Store {
	return func(in *incarnation, s journal.Store) journal.Store {
		e := &earlyStore{Store: s, in: in, role: role, event: event, queue: make(chan func(), 1000)}
		go e.run()
		return e
	}
}

func (e *earlyStore) run() {
	for {
		select {
		case <-e.in.died:
			return
		case store := <-e.queue:
			store()
		}
	}
}

// Append implements journal.Store.
func (e *earlyStore) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	if c.Shard.Role != e.role || !e.begun.Load() && !e.concerns(records) {
		return e.Store.Append(ctx, c, id, records)
	}
	e.begun.Store(true)
	later, kept := time.Now().Add(earlyBy), slices.Clone(records)
	for i := range kept {
		kept[i].Data = bytes.Clone(kept[i].Data)
	}
	e.queue <- func() {
		time.Sleep(time.Until(later))
		_ = e.Store.Append(context.Background(), c, id, kept)
	}
	return nil
}

func (e *earlyStore) concerns(records []journal.Record) bool {
	return slices.ContainsFunc(records, func(r journal.Record) bool { return bytes.Contains(r.Data, []byte(e.event)) })
}

// splitless stores another event in the place of each split, so that memory knows of it and the disk doesn't.
type splitless struct{ journal.Store }

func forgetSplits(_ *incarnation, s journal.Store) journal.Store { return splitless{s} }

// Append implements journal.Store.
func (s splitless) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	changed := make([]journal.Record, len(records))
	for i, r := range records {
		if r.Grain.Kind == actors.Checkers.Name() {
			r.Data = withoutSplits(r.Data)
		}
		changed[i] = r
	}
	return s.Store.Append(ctx, c, id, changed)
}

func withoutSplits(data []byte) []byte {
	var out []byte
	for len(data) > 0 {
		e, rest, err := cut(data)
		if err != nil {
			panic(err)
		}
		if _, split := e.(checker.Split); split {
			out = appendEvent(out, checker.Directed{Outcome: actors.Cancelled})
		} else {
			out = append(out, data[:len(data)-len(rest)]...)
		}
		data = rest
	}
	return out
}

func appendEvent(dst []byte, e any) []byte {
	payload, err := messages.Append(binary.AppendVarint([]byte{0}, time.Now().UnixMilli()), e)
	if err == nil {
		dst, err = codec.AppendFrame(dst, payload)
	}
	if err != nil {
		panic(err)
	}
	return dst
}

// unaskedChecker answers Unsettled with everything that was asked about, and records nothing.
type unaskedChecker struct {
	*checker.Checker
	ledger checker.Ledger
}

func unasked(_ *incarnation, k *checker.Checker) engine.Durable[actors.CheckerMsg, checker.Event] {
	return &unaskedChecker{Checker: k}
}

// Apply implements engine.Durable.
func (u *unaskedChecker) Apply(e checker.Event) {
	u.ledger.Apply(e)
	u.Checker.Apply(e)
}

// Handle implements engine.Actor.
func (u *unaskedChecker) Handle(c *engine.Context[actors.CheckerMsg], m actors.CheckerMsg) {
	if q, ok := m.(actors.Unsettled); ok && u.ledger.Begun() {
		c.Respond(actors.UnsettledPaths{Paths: q.Paths, Progress: u.ledger.Progress(q.Window)})
		return
	}
	u.Checker.Handle(c, m)
}

// latePoster takes tokens up to two seconds late, as if they never expired.
type latePoster struct {
	*poster.Poster
	in *incarnation
}

type lateStart struct{ actors.Start }

func lateTokens(in *incarnation, p *poster.Poster) engine.Actor[actors.PosterMsg] {
	return &latePoster{p, in}
}

// Handle implements engine.Actor.
func (l *latePoster) Handle(c *engine.Context[actors.PosterMsg], m actors.PosterMsg) {
	switch s := m.(type) {
	case actors.Start:
		s.Expires = s.Expires.Add(time.Hour)
		c.After(l.in.w.within(2*time.Second), lateStart{s})
		return
	case lateStart:
		m = s.Start
	}
	l.Poster.Handle(c, m)
}
