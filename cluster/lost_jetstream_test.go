package cluster_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/cluster"
	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
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

// TestLostShardComesBackOnDisk: with the server's own claims and purges; nothing of the way back stays in the store.
func TestLostShardComesBackOnDisk(t *testing.T) {
	dir := t.TempDir()
	node, err := natsnode.Open(t.Context(), natsnode.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	disk, err := jetstream.Open(t.Context(), node.Conn(), jetstream.Config{})
	if err != nil {
		t.Fatal(err)
	}
	store := &deaf{Store: disk}
	solo, err := cluster.OpenSolo(t.Context(), store, cluster.SoloConfig{
		Roles: []string{"composer", "poster", "checker"}, Writer: journal.WriterOptions{UnclearFor: 100 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &process{node: node, Solo: solo, fired: make(chan string, 1000)}
	solo.OnReminder(func(_, id, _ string, _ time.Time, _ []byte) { p.fired <- id })
	if err := solo.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	store.away.Store(true)
	lost := make(chan error, 1)
	solo.Append(unit("a", 1, 1, mark("m", time.Now())), func(err error) { lost <- err })
	if err := <-lost; !errors.Is(err, journal.ErrLost) {
		t.Fatalf("append: %v", err)
	}
	if id := <-p.fired; id != "a" { // it was stored, and nobody replays
		t.Errorf("%s fired", id)
	}
	store.away.Store(false)
	for id, err := range disk.Grains(t.Context(), "checker", "timetable-probe") {
		t.Errorf("%q stayed, %v", id, err)
	}
	p.end(t)
	startProcess(t, dir).end(t)
}
