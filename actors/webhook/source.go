package webhook

import (
	"context"

	"hayauma.example/actors"
	"hayauma.example/actors/follow"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// Bounds of what is read ahead.
const (
	readAhead = 1 << 20  // bytes of facts that wait
	pieceSize = 64 << 10 // bytes of facts after which a piece is handed over
	emptyMost = 1000     // records without a fact before their end is handed over
	knownMost = 4096     // grains of which the newest number is remembered
)

// The sources, by their index.
const (
	composer = iota
	checkers
	sources
)

// followed are the kinds whose records are followed.
var followed = [sources]follow.Source{
	composer: {Role: actors.RoleComposer, Kind: actors.Campaigns.Name()},
	checkers: {Role: actors.RoleChecker, Kind: actors.Checkers.Name()},
}

// piece is what a follower hands over.
type piece struct {
	facts   []cut
	size    int
	through uint64 // all records up to it have been handed over; 0: not yet all of one
}

// cut is a fact with the cursor that holds once it is delivered.
type cut struct {
	fact
	cursor Cursor
}

func (p *piece) add(c cut) {
	p.facts = append(p.facts, c)
	p.size += c.size()
}

// follower reads one source until its context ends, or quit is closed. It is owned by its goroutine, but for pieces.
type follower struct {
	follow.Source
	messages *codec.Registry
	wants    map[string]bool // types of facts
	pieces   chan piece      // unbuffered: it reads on when a piece is taken

	at    Cursor
	empty int               // records without a fact since the last piece
	known map[string]uint64 // number of the newest event of a grain, as long as there is room
}

// take hands over what a record has to tell.
func (r *follower) take(ctx context.Context, rec journal.Record) error {
	var p piece
	n, some := uint32(0), false
	for x, err := range engine.Stored(rec, r.messages) {
		if err != nil {
			r.Log.Warn("a record is not told of", "source", r.Kind, "grain", rec.Grain.ID, "position", rec.Position, "error", err)
			break
		}
		if x.Number <= r.known[rec.Grain.ID] {
			continue // a copy
		}
		for f := range factsOf(rec.Grain.ID, x) {
			n++
			if !r.wants[f.kind] || rec.Position == r.at.Within && n <= r.at.Parts {
				continue
			}
			some = true
			p.add(cut{f, Cursor{Position: r.at.Position, Within: rec.Position, Parts: n}})
			if p.size < pieceSize {
				continue
			}
			if err := r.hand(ctx, p); err != nil {
				return err
			}
			p = piece{}
		}
		r.remember(rec.Grain.ID, x.Number)
	}
	r.at = Cursor{Position: rec.Position}
	if r.empty++; !some && r.empty < emptyMost {
		return nil
	}
	p.through = rec.Position
	return r.hand(ctx, p)
}

func (r *follower) remember(grain string, number uint64) {
	if len(r.known) >= knownMost {
		clear(r.known)
	}
	r.known[grain] = number
}

func (r *follower) hand(ctx context.Context, p piece) error {
	select {
	case r.pieces <- p:
		r.empty = 0
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
