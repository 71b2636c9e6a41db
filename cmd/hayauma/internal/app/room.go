package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"syscall"
	"time"

	"hayauma.example/actors"
	"hayauma.example/cluster/jetstream"
	"hayauma.example/engine/journal"
)

// An embedded server closes a stream for good at the first write that finds the disk full, until it is started again. So the disk
// never gets that full: what would leave less than this is refused before the server sees it. Audiences stop first, so that
// running campaigns can still record what they do; orders stop last, so that an operator can still pause, cancel and make space.
const (
	roomForObjects = 64 << 20              // bytes that an object must leave free
	roomForEvents  = 8 << 20               // bytes that any other append must leave free: a checker's
	roomForOrders  = 4 << 20               // bytes that an append of orders must leave free; the rest is the server's, for indexes and what is on its way
	roomToBeReady  = roomForEvents + 1<<20 // bytes, with which the next append is sure to be taken
)

// timetable is the kind under which reminders are stored: those of campaigns and channels.
const timetable = "timetable"

// room watches the free space of the data directory's disk.
type room struct {
	free func() (uint64, error)
	log  *slog.Logger
	full atomic.Bool // it was said
}

func newRoom(dir string, log *slog.Logger) *room {
	return &room{log: log, free: func() (uint64, error) {
		var s syscall.Statfs_t
		if err := syscall.Statfs(dir, &s); err != nil {
			return 0, err
		}
		return s.Bavail * uint64(s.Bsize), nil
	}}
}

// check is an error that is [journal.ErrFull] where size bytes more would leave less than least.
func (r *room) check(size, least uint64) error {
	free, err := r.free()
	if err != nil {
		return nil // the disk speaks for itself
	}
	if free < size+least {
		if !r.full.Swap(true) {
			r.log.Warn("the disk is nearly full: free some space, until then less and less is stored", "free_bytes", free, "needed_bytes", size+least)
		}
		return fmt.Errorf("%w (%d bytes are free on its disk)", journal.ErrFull, free)
	}
	if free > 2*roomForObjects && r.full.Swap(false) {
		r.log.Info("the disk has space again", "free_bytes", free)
	}
	return nil
}

// ready is an error while an append may be refused.
func (r *room) ready() error {
	if r == nil {
		return nil
	}
	free, err := r.free()
	if err == nil && free < roomToBeReady {
		return fmt.Errorf("the store takes nothing more: %d bytes are free on the disk of the data directory and %d are needed: free disk space", free, roomToBeReady)
	}
	return nil
}

// awaitRoom holds a start back while the disk is full: an embedded server that is one of several would not come up, and say so nowhere but
// in its log.
func (a *App) awaitRoom(ctx context.Context) error {
	look := time.NewTicker(roomEvery)
	defer look.Stop()
	for said := false; ; said = true {
		err := a.room.ready()
		if err == nil {
			return nil
		}
		a.front.say(err.Error())
		if !said {
			a.log.Warn("the start waits for disk space", "error", err)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", err, context.Cause(ctx))
		}
	}
}

// copies is an error where the embedded server, one of several, has given up its copies of the store: it does so for good when it finds the
// disk full or unwritable, and the others go on without it.
func (a *App) copies() error {
	if a.stores == nil || a.stores() {
		return nil
	}
	free, err := a.room.free()
	if err != nil {
		return fmt.Errorf("%s: see to the disk of the data directory: %w", givenUp, err)
	}
	return fmt.Errorf("%s: %d bytes are free on the disk of the data directory and %d are needed: free disk space, then the daemon ends to be started again",
		givenUp, free, roomForObjects)
}

const givenUp = "this node's NATS server found its disk full or unwritable and keeps no copies of the store any more, so the others bear fewer losses"

// checkCopies tells of copies that were given up, and ends the daemon as soon as another start can make them good: the server itself doesn't
// take them up again.
func (a *App) checkCopies() {
	why := a.copies()
	if why == nil {
		return
	}
	if !a.bereft {
		a.bereft = true
		a.log.Error("the fleet has lost one of its copies", "error", why)
	}
	if free, err := a.room.free(); err == nil && free >= roomForObjects {
		a.fail(errors.New(givenUp + "; there is space now: start the daemon again, and it makes its copies good from the others'"))
	}
}

// needed is what an append of these records must leave free.
func needed(records []journal.Record) uint64 {
	for _, r := range records {
		switch r.Grain.Kind {
		case actors.Campaigns.Name(), actors.Channels.Name(), timetable:
		default:
			return roomForEvents
		}
	}
	return roomForOrders
}

// roomyStore is a store that leaves room on its disk.
type roomyStore struct {
	*jetstream.Store
	room *room
	fail func(error) // ends the daemon: a closed stream stays closed until it is started again
}

// told passes an error on; the end of the store is the end of the daemon.
func (s roomyStore) told(err error) error {
	if errors.Is(err, jetstream.ErrShutDown) {
		s.fail(err)
	}
	return err
}

// Append implements [journal.Store].
func (s roomyStore) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	var size uint64
	for _, r := range records {
		size += uint64(len(r.Data))
	}
	if err := s.room.check(size, needed(records)); err != nil {
		return err
	}
	return s.told(s.Store.Append(ctx, c, id, records))
}

// Put implements [journal.Objects].
func (s roomyStore) Put(ctx context.Context, name string, data []byte) error {
	if err := s.room.check(uint64(len(data)), roomForObjects); err != nil {
		return err
	}
	return s.told(s.Store.Put(ctx, name, data))
}
