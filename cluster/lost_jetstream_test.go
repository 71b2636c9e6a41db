package cluster_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/cluster/jetstream"
	"hayauma.example/engine/journal"
)

// deaf is a store on disk whose appends are stored without an answer while it is away.
type deaf struct {
	*jetstream.Store
	away atomic.Bool
}

// Append implements journal.Store.
func (d *deaf) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	err := d.Store.Append(ctx, c, id, records)
	if d.away.Load() {
		return errors.New("no answer")
	}
	return err
}

// TestLostShardComesBackOnDisk: a member alone claims it anew, with the server's own fences. The reminder that was stored without an answer
// fires, though nobody replays.
func TestLostShardComesBackOnDisk(t *testing.T) {
	dir := t.TempDir()
	p := openProcess(t, dir)
	store := &deaf{Store: p.store}
	p.serve(t, store, journal.WriterOptions{UnclearFor: 100 * time.Millisecond})
	store.away.Store(true)
	lost := make(chan error, 1)
	p.Append(unit("a", 1, 1, mark("m", time.Now())), func(err error) { lost <- err })
	if err := <-lost; !errors.Is(err, journal.ErrLost) {
		t.Fatalf("append: %v", err)
	}
	if fired := <-p.fired; fired != "a/m=p" {
		t.Errorf("%s fired", fired)
	}
	store.away.Store(false)
	if n := p.Status().Counts.Lost; n != 1 {
		t.Errorf("%d shards were lost, want one", n)
	}
	p.end(t)
	startProcess(t, dir).end(t)
}
