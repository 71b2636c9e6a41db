package app

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cluster"
	"hayauma.example/cluster/clustertest"
	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// minority is a store whose leader has lost the majority: it is read as before, and takes nothing.
type minority struct {
	objects.Store
	lost atomic.Bool
}

func (m *minority) PutRecord(ctx context.Context, r roster.Record, expect uint64) (uint64, error) {
	if m.lost.Load() {
		return 0, objects.ErrBusy
	}
	return m.Store.PutRecord(ctx, r, expect)
}

// TestWhatIsReadIsNoMajority: a stop doesn't wait for a store that answers questions and takes nothing.
func TestWhatIsReadIsNoMajority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := journal.NewMemory(uuid.New())
		store := &minority{Store: objects.NewMemory(memory).Client("a")}
		m, err := clustertest.Alone(cluster.MemberConfig{Self: roster.Member{Roles: []string{"checker"}, Weight: 1}, Objects: store, Journal: memory})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Kill()
		sys, err := engine.New(engine.Config{Incarnation: m.Status().Incarnation, Journal: m, Directory: m})
		if err != nil {
			t.Fatal(err)
		}
		defer sys.Kill()
		if err := clustertest.Serve(t.Context(), m, sys); err != nil {
			t.Fatal(err)
		}
		a := &App{member: m, shared: store}
		if !a.answers(t.Context()) {
			t.Error("the store is well")
		}
		store.lost.Store(true)
		time.Sleep(3 * time.Second)
		if _, err := store.View(t.Context()); err != nil || a.answers(t.Context()) {
			t.Errorf("read: %v, and the lease has run out", err)
		}
		began := time.Now()
		bound, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		ctx, stop := a.whileAnswered(bound)
		defer stop()
		<-ctx.Done()
		if took := time.Since(began); took != 1600*time.Millisecond || !errors.Is(context.Cause(ctx), errNoQuorum) {
			t.Errorf("given up after %v: %v", took, context.Cause(ctx))
		}
	})
}
