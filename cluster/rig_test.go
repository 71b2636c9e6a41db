package cluster_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cluster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// rig is Ledgers of every shard of two roles on a store in memory, in a bubble.
type rig struct {
	t     *testing.T
	store *journal.Memory
	*cluster.Ledgers

	mu    sync.Mutex
	fired []string // name@milliseconds after began
	began time.Time
	lost  []journal.Shard
}

func newRig(t *testing.T) *rig {
	return &rig{t: t, store: journal.NewMemory(uuid.New()), began: time.Now()}
}

// open starts a process on the store; another that is still running is fenced.
func (r *rig) open() *rig {
	r.t.Helper()
	r.Ledgers = cluster.NewLedgers(r.t.Context(), r.store, cluster.Config{
		Writer: journal.WriterOptions{UnclearFor: time.Second},
		OnLost: func(c journal.Claim, _ error) { r.lost = append(r.lost, c.Shard) },
	})
	r.OnReminder(func(kind, id, name string, due time.Time, payload []byte) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.fired = append(r.fired, fmt.Sprintf("%s/%s/%s=%s@%d", kind, id, name, payload, time.Since(r.began).Milliseconds()))
	})
	r.take(shardsOf("checker", "poster"))
	return r
}

// take claims shards, whoever has them.
func (r *rig) take(shards []journal.Shard) {
	r.t.Helper()
	claims, err := r.store.Claim(r.t.Context(), "owner", shards)
	r.must(err)
	r.must(r.Open(r.t.Context(), claims))
	r.must(r.Fire(r.t.Context(), shards))
}

// shardsOf is every shard of the roles.
func shardsOf(roles ...string) (shards []journal.Shard) {
	for _, role := range roles {
		for n := range cluster.Shards {
			shards = append(shards, journal.Shard{Role: role, Number: n})
		}
	}
	return shards
}

func (r *rig) close() {
	r.t.Helper()
	if err := r.Stop(r.t.Context()); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) in(d time.Duration) time.Time { return r.began.Add(d) }

func (r *rig) append(id string, first uint64, marks ...engine.Mark) error {
	result := make(chan error, 1)
	u := unit(id, first, 1, marks...)
	if u.Data = fmt.Append(nil, "e", first); first == 0 {
		u.Count, u.Data = 0, nil
	}
	r.Append(u, func(err error) { result <- err })
	return <-result
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) replay(id string) string {
	r.t.Helper()
	var out []string
	for rec, err := range r.Replay(r.t.Context(), "checker", id, journal.Grain{Kind: "k", ID: id}) {
		if err != nil {
			return err.Error()
		}
		out = append(out, fmt.Sprintf("%d:%s", rec.First, rec.Data))
	}
	return strings.Join(out, " ")
}

func (r *rig) wantFired(want ...string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.fired, want) {
		r.t.Errorf("fired:\n got %q\nwant %q", r.fired, want)
	}
	r.fired = nil
}

// unit is one of a grain of the checkers' role.
func unit(id string, first uint64, count uint32, marks ...engine.Mark) engine.Unit {
	return engine.Unit{Grain: journal.Grain{Kind: "k", ID: id}, Role: "checker", Key: id, First: first, Count: count, Marks: marks}
}

func mark(name string, due time.Time) engine.Mark {
	return engine.Mark{Name: name, Due: due, Payload: []byte("p")}
}

func unmark(name string, due time.Time) engine.Mark {
	return engine.Mark{Name: name, Due: due, Forget: true}
}

func bubble(t *testing.T, f func(*rig)) {
	synctest.Test(t, func(t *testing.T) { f(newRig(t)) })
}

func TestLedgersStore(t *testing.T) {
	bubble(t, func(r *rig) {
		r.open()
		r.must(r.append("a", 1))
		r.must(r.append("a", 2))
		r.must(r.append("b", 1))
		if got := r.replay("a"); got != "1:e1 2:e2" {
			r.t.Errorf("replay: %s", got)
		}
		done := make(chan error, 1)
		g := journal.Grain{Kind: "k", ID: "a"}
		r.Snapshot("checker", "a", g, 2, []byte("s2"), func(err error) { done <- err })
		r.must(<-done)
		synctest.Wait()
		if got := r.replay("a"); got != "2:s2" {
			r.t.Errorf("replay after the snapshot: %s", got)
		}
		if stats, _ := r.store.Stats(r.t.Context()); stats.Records != 2 {
			r.t.Errorf("%d records, want the snapshot and b's event", stats.Records)
		}
		r.close()
		if err := r.append("a", 3); !errors.Is(err, journal.ErrClosed) {
			r.t.Errorf("append to a closed one: %v", err)
		}
	})
}

func TestLedgersRefuseOtherRoles(t *testing.T) {
	bubble(t, func(r *rig) {
		r.open()
		defer r.close()
		var err error
		u := unit("a", 1, 1)
		u.Role = "composer"
		r.Append(u, func(e error) { err = e })
		if !errors.Is(err, cluster.ErrNotOpen) {
			r.t.Errorf("append: %v", err)
		}
		for _, err := range r.Replay(r.t.Context(), "composer", "a", journal.Grain{Kind: "k", ID: "a"}) {
			if !errors.Is(err, cluster.ErrNotOpen) {
				r.t.Errorf("replay: %v", err)
			}
		}
	})
}

func TestSecondOwnerFencesTheFirst(t *testing.T) {
	bubble(t, func(r *rig) {
		first := r.open().Ledgers
		r.must(r.append("a", 1, mark("m", r.in(time.Minute))))
		r.open()
		second := r.Ledgers
		r.Ledgers = first
		if err := r.append("a", 2); !errors.Is(err, journal.ErrFenced) {
			r.t.Errorf("append of the first: %v", err)
		}
		if got := r.replay("a"); !strings.Contains(got, journal.ErrFenced.Error()) {
			r.t.Errorf("replay of the first: %s", got)
		}
		if len(r.lost) != 1 {
			r.t.Errorf("lost %v", r.lost)
		}
		r.Ledgers = second
		r.must(r.append("a", 2))
		time.Sleep(time.Minute)
		synctest.Wait()
		r.wantFired("k/a/m=p@60000") // by the second only
		first.Kill()
		r.close()
	})
}

func TestUnclearAnswerThenTheTruth(t *testing.T) {
	for _, stored := range []bool{true, false} {
		t.Run(fmt.Sprint("stored=", stored), func(t *testing.T) {
			bubble(t, func(r *rig) {
				var broken atomic.Bool
				r.store.Fault = func(c journal.Call) error {
					if c.Op == "append" && broken.Load() && c.Done == stored {
						return errors.New("lost")
					}
					return nil
				}
				r.open()
				r.must(r.append("a", 1))
				broken.Store(true)
				if err := r.append("a", 2, mark("m", r.in(time.Hour))); !errors.Is(err, journal.ErrLost) {
					r.t.Errorf("append: %v", err)
				}
				broken.Store(false)
				if err := r.append("a", 2); !errors.Is(err, journal.ErrLost) {
					r.t.Errorf("append before the shard was claimed again: %v", err)
				}
				r.take(r.lost)
				want, fires := "1:e1", []string(nil)
				if stored {
					want, fires = "1:e1 2:e2", []string{"k/a/m=p@3600000"}
				}
				if got := r.replay("a"); got != want {
					r.t.Errorf("replay: %s", got)
				}
				time.Sleep(time.Hour + time.Second - time.Since(r.began))
				synctest.Wait()
				r.wantFired(fires...)
				r.must(r.append("a", 3))
				r.close()
			})
		})
	}
}
