package catalog

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"hayauma.example/actors"
	"hayauma.example/codec"
	"hayauma.example/engine/journal"
)

// Pauses before the store is followed again.
const (
	firstPause = 100 * time.Millisecond
	mostPause  = 5 * time.Second
)

// Config of a catalog; all of it is needed, but for Log.
type Config struct {
	Store    journal.Store
	Messages *codec.Registry // knows the campaigns' events
	Log      *slog.Logger    // nil discards
}

// Catalog is the campaigns as their stored events show them. It is safe for concurrent use.
type Catalog struct {
	cfg      Config
	complete chan struct{} // closed when the list is complete for the first time

	mu   sync.RWMutex
	book *book // what is shown; it and what it holds change under mu
}

// Item is one campaign of a page.
type Item struct {
	actors.Info
	Running bool // the campaign itself knows newer figures, or what can't be read here
}

// New makes an empty catalog; Run fills it.
func New(cfg Config) *Catalog {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Catalog{cfg: cfg, complete: make(chan struct{}), book: newBook(false)}
}

// Run follows the store until ctx ends.
func (c *Catalog) Run(ctx context.Context) {
	b, pause := c.book, firstPause
	for {
		from := b.position
		err := c.follow(ctx, b)
		if ctx.Err() != nil {
			return
		}
		c.cfg.Log.Warn("the list of campaigns is read again", "error", err, "position", b.position)
		if b.position > from {
			pause = firstPause
		}
		if errors.Is(err, errGap) {
			b = newBook(true)
		}
		if !wait(ctx, pause) {
			return
		}
		pause = min(2*pause, mostPause)
	}
}

// follow reads into b, which is shown from when it has caught up.
func (c *Catalog) follow(ctx context.Context, b *book) error {
	for s, err := range c.cfg.Store.Follow(ctx, actors.RoleComposer, actors.Campaigns.Name(), b.position) {
		switch {
		case err != nil:
			return err
		case s.Caught:
			c.show(b)
		default:
			err := c.take(b, s.Record)
			if errors.Is(err, errUnread) {
				c.cfg.Log.Warn("a record is not in the list of campaigns", "error", err)
			} else if err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (c *Catalog) take(b *book, r journal.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return b.take(r, c.cfg.Messages)
}

func (c *Catalog) show(b *book) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b.anew = false
	if !b.sorted {
		b.sort()
	}
	c.book = b
	select {
	case <-c.complete:
	default:
		close(c.complete)
	}
}

// Wait waits until the list is complete; its error is the context's.
func (c *Catalog) Wait(ctx context.Context) error {
	select {
	case <-c.complete:
		return nil
	default:
	}
	select {
	case <-c.complete:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Query asks for campaigns. The zero value is the first page of none.
type Query struct {
	After   string       // ids beyond it
	Newest  bool         // in the order of acceptance instead, the newest first
	Behind  Place        // then: those behind it; zero: all
	Limit   int          // at most so many
	Channel string       // "": all
	Series  string       // only occurrences of that campaign; "": all
	State   actors.State // "": all. Running campaigns are among the paused, because their channel may have paused, which only they know
}

// Page is campaigns in the order of their ids, or the newest first. more tells that there are others beyond the last of them.
func (c *Catalog) Page(q Query, now time.Time) (items []Item, more bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if !c.book.sorted {
		return nil, false
	}
	for id := range c.book.beyond(q) {
		e := c.book.entries[id]
		g := &e.glance
		if q.Channel != "" && g.Channel() != q.Channel || q.Series != "" && g.Series() != q.Series || !q.mayBe(g.State(now)) {
			continue
		}
		if len(items) == q.Limit {
			return items, true
		}
		items = append(items, Item{g.Info(id, now), g.Running() || e.unread})
	}
	return items, false
}

// Count returns how many campaigns there are by state, of those that are mine. As in a list, the running ones among them may be paused.
func (c *Catalog) Count(mine func(id string) bool, now time.Time) map[actors.State]int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := map[actors.State]int{}
	for _, id := range c.book.ids {
		if mine(id) {
			out[c.book.entries[id].glance.State(now)]++
		}
	}
	return out
}

func (q Query) mayBe(s actors.State) bool {
	return q.State == "" || s == q.State || q.State == actors.StatePaused && s == actors.StateRunning
}

func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
