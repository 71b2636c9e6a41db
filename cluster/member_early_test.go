package cluster

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// TestALossThatComesBeforeTheOpeningIsKnownIsKept: the ledger says that it is lost while the loop has yet to hear that it is open.
func TestALossThatComesBeforeTheOpeningIsKnownIsKept(t *testing.T) {
	for name, loss := range map[string]error{"fenced": journal.ErrFenced, "unclear": journal.ErrLost} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const me = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
				store := journal.NewMemory(uuid.New())
				m, err := NewMember(MemberConfig{
					Self:    roster.Member{Incarnation: me, Node: "a", Address: "a:1", Roles: []string{"checker"}},
					Objects: objects.NewMemory(store).Client("a"), Journal: store,
				})
				if err != nil {
					t.Fatal(err)
				}
				ledgers := NewLedgers(t.Context(), store, Config{OnLost: m.shardLost})
				m.ledgers.Store(ledgers)
				shard := ShardOf("checker", "g")
				claims, err := store.Claim(t.Context(), me, []journal.Shard{shard})
				if err != nil {
					t.Fatal(err)
				}
				h := m.loop.shards[shard]
				m.step(h, func(s roster.Shard) (roster.Shard, roster.Action, error) { return s.See(1, me) })
				m.on(h, roster.LeaseBack)
				m.on(h, roster.ClaimStored)
				m.loop.acts, h.claim = true, claims[0].Fence
				begin([]*holding{h})
				m.recover(t.Context(), []*holding{h})
				synctest.Wait() // it is open, and the loop has not heard of it
				m.shardLost(claims[0], loss)
				for range 3 {
					events := m.events()
					for i := range events { // in the worse order: the loss first
						events[len(events)-1-i]()
					}
					synctest.Wait()
				}
				if h.state.Phase() != roster.Lost || h.want != roster.Drop || h.busy || h.due > m.now() {
					t.Errorf("phase %s, wants %q, busy %t", h.state.Phase(), h.want, h.busy)
				}
				if n := m.loop.counts.Lost; n != 1 {
					t.Error("counted as lost:", n)
				}
				if p := m.Locate("checker", "g"); p.Answer == engine.Here {
					t.Error("messages are taken for it:", p)
				}
				if err := ledgers.Stop(t.Context()); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Second)
			})
		})
	}
}
