package jetstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"hayauma.example/engine/journal"
)

// Replay implements [journal.Store].
func (s *Store) Replay(ctx context.Context, c journal.Claim, g journal.Grain) iter.Seq2[journal.Record, error] {
	return func(yield func(journal.Record, error) bool) {
		if err := journal.CheckGrain(g); err != nil {
			yield(journal.Record{}, err)
			return
		}
		r := replay{store: s, claim: c, pages: pages{g, grainSubject(c.Shard, g), pageRecords}, yield: yield}
		if err := r.run(ctx); err != nil && !errors.Is(err, errStopped) {
			yield(journal.Record{}, fmt.Errorf("jetstream: replay %s %q: %w", g.Kind, g.ID, err))
		}
	}
}

// errStopped: the caller wants no more.
var errStopped = errors.New("jetstream: replay stopped")

// replay reads one grain page by page. Most grains are one page, which is held whole. Where there is more, the pages are read
// once to find the newest snapshot, and once more to yield.
type replay struct {
	store *Store
	claim journal.Claim
	pages pages
	yield func(journal.Record, error) bool
	order journal.Order
}

func (r *replay) run(ctx context.Context) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		first, more, err := r.first(ctx)
		if errors.Is(err, errBehind) && pause(ctx, wait) {
			continue
		}
		if err != nil {
			return err
		}
		if !more {
			return r.emit(live(first))
		}
		return r.long(ctx, first)
	}
}

// first reads the first page, and where replicas could answer too early it asks whether this one knew our claim.
func (r *replay) first(ctx context.Context) (page, bool, error) {
	p, more, err := r.store.page(ctx, r.pages, 1)
	if err != nil || r.store.cfg.direct() {
		return p, more, err
	}
	return p, more, r.store.owned(ctx, r.claim)
}

func (r *replay) long(ctx context.Context, first page) error {
	from, err := r.start(ctx, first)
	if err != nil {
		return err
	}
	for more := true; more; {
		var p page
		if p, more, err = r.store.page(ctx, r.pages, from); err != nil {
			return err
		}
		if err := r.emit(p.records); err != nil {
			return err
		}
		from = p.last + 1
	}
	return nil
}

// start finds the position of the newest snapshot, or of the first record after a tombstone.
func (r *replay) start(ctx context.Context, p page) (uint64, error) {
	from, newest := uint64(1), uint64(0)
	for more := true; ; {
		if p.buried > 0 {
			from, newest = p.buried+1, 0
		}
		for _, rec := range p.records[p.live:] {
			if rec.Snapshot && (newest == 0 || rec.First > newest) {
				from, newest = rec.Position, rec.First
			}
		}
		if !more {
			return from, nil
		}
		var err error
		if p, more, err = r.store.page(ctx, r.pages, p.last+1); err != nil {
			return 0, err
		}
	}
}

func (r *replay) emit(records []journal.Record) error {
	for _, rec := range records {
		ok, err := r.order.Next(rec)
		if err != nil {
			return err
		}
		if ok && !r.yield(rec, nil) {
			return errStopped
		}
	}
	return nil
}

// page is some records of a grain in order.
type page struct {
	records []journal.Record
	last    uint64 // position of the last message
	buried  uint64 // position of the newest tombstone, 0 without
	live    int    // index of the first record after it
}

// live is what a single page yields.
func live(p page) []journal.Record {
	records := p.records[p.live:]
	if len(records) == 0 {
		return nil
	}
	return records[journal.NewestSnapshot(records):]
}

func (p *page) add(g journal.Grain, m stored) error {
	rec, err := decode(g, m)
	p.last = m.seq
	switch {
	case errors.Is(err, errTombstone):
		p.buried, p.live = m.seq, len(p.records)
		return nil
	case err != nil:
		return err
	}
	p.records = append(p.records, rec)
	return nil
}
