package recipient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// Times and bounds of the sets that a node keeps.
const (
	unusedFor       = 10 * time.Minute // a set that nobody fetched for so long is dropped
	lookEvery       = time.Minute      // how often that is looked for
	askAtOnce       = 32               // books of one channel
	DefaultMaxBytes = 256 << 20
)

// SetsConfig is what the sets of a node stand on.
type SetsConfig struct {
	System    *engine.System
	Addresses *Addresses
	// MaxBytes bounds the sets together; 0: DefaultMaxBytes. Beyond it those that were not fetched for longest are dropped, all but the
	// newest: a single set may be larger, up to what a channel's books hold.
	MaxBytes int
}

// Sets are the settings of the channels that this node works with: one set a channel, shared by all who ask.
type Sets struct {
	cfg SetsConfig

	mu       sync.Mutex
	channels map[string]*channelSet // guarded by mu
	timer    *time.Timer            // guarded by mu; nil: nothing is kept, or closed
	closed   bool                   // guarded by mu
}

// channelSet is one channel's set, and what a refresh of it needs.
type channelSet struct {
	channel string
	used    time.Time // guarded by Sets.mu
	users   int       // who is in fetch; guarded by Sets.mu
	bytes   int       // guarded by Sets.mu

	asked atomic.Uint64 // fetches so far

	turn    chan struct{} // holds a value while somebody owns what stands below
	covers  uint64        // the newest set has all that was durable when so many fetches had begun
	set     *Set          // nil: there is none yet
	stale   bool          // some pages are newer than the set
	readers []reader      // by number of the book
}

// NewSets returns a node's sets; nothing is asked before Fetch.
func NewSets(cfg SetsConfig) *Sets {
	cfg.MaxBytes = cmp.Or(cfg.MaxBytes, DefaultMaxBytes)
	return &Sets{cfg: cfg, channels: map[string]*channelSet{}}
}

// Close drops all sets.
func (s *Sets) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.channels = map[string]*channelSet{}
	if s.timer != nil {
		s.timer.Stop()
	}
}

// ErrClosed: the node is stopping.
var ErrClosed = errors.New("recipient: the sets are closed")

// Fetch returns a channel's settings with everything in it that was durable when it was called. It asks the channel which books have anything,
// and those what is new to the node's set; whoever calls meanwhile shares the next round of questions. It blocks, so grains call it in a Go
// function.
func (s *Sets) Fetch(ctx context.Context, channel string) (*Set, error) {
	c, err := s.enter(channel)
	if err != nil {
		return nil, err
	}
	defer s.leave(c)
	mine := c.asked.Add(1)
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-c.turn }()
	if c.covers >= mine {
		return c.set, nil
	}
	covers := c.asked.Load()
	if err := s.refresh(ctx, c); err != nil {
		return nil, fmt.Errorf("recipient: settings of channel %s: %w", c.channel, err)
	}
	c.covers = covers
	s.weigh(c)
	return c.set, nil
}

func (s *Sets) enter(channel string) (*channelSet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	c := s.channels[channel]
	if c == nil {
		c = &channelSet{channel: channel, turn: make(chan struct{}, 1), readers: make([]reader, BookCount)}
		s.channels[channel] = c
	}
	c.users++
	c.used = time.Now()
	if s.timer == nil {
		s.timer = time.AfterFunc(lookEvery, s.sweep)
	}
	return c, nil
}

func (s *Sets) leave(c *channelSet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.users--
	c.used = time.Now()
}

// sweep drops what was not used for long.
func (s *Sets) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(s.channels, func(_ string, c *channelSet) bool { return c.users == 0 && now.Sub(c.used) >= unusedFor })
	if len(s.channels) == 0 || s.closed {
		s.timer = nil
		return
	}
	s.timer.Reset(lookEvery)
}

// weigh counts what a set takes now, and makes room for it.
func (s *Sets) weigh(c *channelSet) {
	bytes := c.set.Bytes()
	s.mu.Lock()
	defer s.mu.Unlock()
	c.bytes = bytes
	all := slices.SortedFunc(maps.Values(s.channels), func(a, b *channelSet) int { return b.used.Compare(a.used) })
	sum := bytes
	for _, other := range all {
		if other == c {
			continue
		}
		if sum += other.bytes; sum > s.cfg.MaxBytes && other.users == 0 {
			delete(s.channels, other.channel)
			sum -= other.bytes
		}
	}
}

// refresh asks every book that has anything what is new. The caller has the turn. Books that answered before another failed are not asked for it
// again. A channel that doesn't know of all of its books, because they were written by an earlier build, is told then.
func (s *Sets) refresh(ctx context.Context, c *channelSet) error {
	owner := actors.Channels.Ref(s.cfg.System, c.channel)
	noted, err := engine.Ask[actors.NotedBooks](ctx, owner, actors.ChannelMsg(actors.WhichBooks{}))
	if err != nil {
		return err
	}
	if err := s.read(ctx, c, noted); err != nil || noted.Whole {
		return err
	}
	var books actors.Books
	for n := range c.readers {
		if c.readers[n].revision > 0 {
			books = books.And(actors.BooksOf(n))
		}
	}
	_, err = engine.Ask[actors.Done](ctx, owner, actors.ChannelMsg(actors.NoteBooks{Books: books, Whole: true}))
	return err
}

// read asks the books that were noted, or all where that is not the whole.
func (s *Sets) read(ctx context.Context, c *channelSet, noted actors.NotedBooks) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var asking sync.WaitGroup
	var news atomic.Bool
	numbers := make(chan int)
	for range askAtOnce {
		asking.Go(func() {
			for n := range numbers {
				fresh, err := s.ask(ctx, c, n)
				if err != nil {
					cancel(err)
				}
				if fresh {
					news.Store(true)
				}
			}
		})
	}
	for n := range BookCount {
		if !noted.Whole || noted.Books.Has(n) {
			numbers <- n
		}
	}
	close(numbers)
	asking.Wait()
	c.stale = c.stale || c.set == nil || news.Load()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if c.stale {
		c.set, c.stale = newSet(s.cfg.Addresses, c.readers), false
	}
	return nil
}

// ask brings one book's page up to date; it is the page's only writer.
func (s *Sets) ask(ctx context.Context, c *channelSet, n int) (fresh bool, err error) {
	book := actors.Recipients.Ref(s.cfg.System, s.cfg.Addresses.Book(c.channel, n))
	return c.readers[n].follow(func(m actors.Since) (actors.RecipientDelta, error) {
		return engine.Ask[actors.RecipientDelta](ctx, book, actors.RecipientMsg(m))
	})
}
