package objects

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"hayauma.example/cluster/roster"
	"hayauma.example/engine/enginetest/bubble"
	"hayauma.example/engine/journal"
)

// Client is one member's connection to a [Memory].
type Client struct {
	m    *Memory
	name string

	calls   map[Op]uint64 // guarded by m.mu, as all below
	cut     bool
	held    time.Time // nothing leaves or comes in before
	lag     time.Duration
	records *hub[roster.Record]
	views   *hub[roster.View]
}

var _ Store = (*Client)(nil)

// Client gives the connection of that name; its faults go by the name.
func (m *Memory) Client(name string) *Client {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.clients[name]
	if !ok {
		c = &Client{m: m, name: name, calls: map[Op]uint64{}}
		c.records, c.views = newHub[roster.Record](c, OpWatchRecord), newHub[roster.View](c, OpWatchView)
		m.clients[name] = c
	}
	return c
}

// Cut loses every request, answer and delivery until Heal.
func (c *Client) Cut() {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	c.cut = true
}

// Heal ends a Cut; the watches begin again.
func (c *Client) Heal() {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	c.cut = false
	c.restart()
}

// Hold has the member's side stand still for a time: what it sends meanwhile leaves afterwards, and what is answered or told meanwhile is
// heard afterwards. What is on its way to the store arrives.
func (c *Client) Hold(d time.Duration) {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	if until := time.Now().Add(d); until.After(c.held) {
		c.held = until
	}
}

// heldFor is how much longer something waits that would be there after d.
func (c *Client) heldFor(d time.Duration) time.Duration {
	return max(0, c.held.Sub(time.Now().Add(d)))
}

// Interrupt makes the watches begin again.
func (c *Client) Interrupt() {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	c.restart()
}

// Lag makes what the watches tell from now on so much later.
func (c *Client) Lag(d time.Duration) {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	c.lag = d
}

func (c *Client) restart() {
	c.records.restart(c.recordSights())
	c.views.restart(c.viewSights())
}

func (c *Client) recordSights() []Sight[roster.Record] {
	var out []Sight[roster.Record]
	for _, f := range c.m.records {
		out = append(out, recordSight(f))
	}
	slices.SortFunc(out, func(a, b Sight[roster.Record]) int { return cmp.Compare(a.Revision, b.Revision) })
	return out
}

func (c *Client) viewSights() []Sight[roster.View] {
	if c.m.view.Revision == 0 {
		return nil
	}
	return []Sight[roster.View]{viewSight(c.m.view)}
}

// fault asks about the next call; m.mu is held.
func (c *Client) fault(op Op) Fault {
	c.calls[op]++
	if c.m.Faults == nil {
		return Fault{}
	}
	return c.m.Faults(Call{Client: c.name, Op: op, Number: c.calls[op]})
}

// PutRecord implements [Records].
func (c *Client) PutRecord(ctx context.Context, r roster.Record, expect uint64) (uint64, error) {
	if _, err := EncodeRecord(r); err != nil {
		return 0, err
	}
	return call(ctx, c, request[uint64]{OpPutRecord, ErrUnclear, func() (uint64, error) { return c.m.putRecord(r, expect) }})
}

// Record implements [Records].
func (c *Client) Record(ctx context.Context, incarnation string) (roster.Found, error) {
	return call(ctx, c, request[roster.Found]{OpRecord, ErrBusy, func() (roster.Found, error) { return c.m.records[incarnation], nil }})
}

// WatchRecords implements [Records].
func (c *Client) WatchRecords(ctx context.Context) iter.Seq[Sight[roster.Record]] {
	return follow(ctx, c.records, c.recordSights)
}

// View implements [Views].
func (c *Client) View(ctx context.Context) (Viewed, error) {
	return call(ctx, c, request[Viewed]{OpView, ErrBusy, func() (Viewed, error) { return c.m.view, nil }})
}

// PutView implements [Views].
func (c *Client) PutView(ctx context.Context, v roster.View, expect uint64) (uint64, error) {
	if _, err := EncodeView(v); err != nil {
		return 0, err
	}
	return call(ctx, c, request[uint64]{OpPutView, ErrUnclear, func() (uint64, error) { return c.m.putView(v, expect) }})
}

// WatchView implements [Views].
func (c *Client) WatchView(ctx context.Context) iter.Seq[Sight[roster.View]] {
	return follow(ctx, c.views, c.viewSights)
}

// Fences implements [Fences].
func (c *Client) Fences(ctx context.Context, shards []journal.Shard) ([]Fenced, error) {
	if err := CheckShards(shards); err != nil {
		return nil, err
	}
	return call(ctx, c, request[[]Fenced]{OpFences, ErrBusy, func() ([]Fenced, error) { return c.m.fences(shards) }})
}

// PutFences implements [Fences].
func (c *Client) PutFences(ctx context.Context, changes []FenceChange) ([]journal.Fence, error) {
	data, err := EncodeFences(changes)
	if err != nil || len(changes) == 0 {
		return nil, err
	}
	changes = slices.Clone(changes)
	return call(ctx, c, request[[]journal.Fence]{OpPutFences, ErrUnclear, func() ([]journal.Fence, error) { return c.m.putFences(changes, data) }})
}

// request is one call: do runs in the store, once, perhaps after the caller has gone.
type request[T any] struct {
	op   Op
	mute error // where no answer comes
	do   func() (T, error)
}

type answer[T any] struct {
	value T
	err   error
}

func call[T any](ctx context.Context, c *Client, r request[T]) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.m.request())
	defer cancel()
	done := make(chan answer[T], 1)
	send(c, r, done)
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		return none, fmt.Errorf("%w: %w", r.mute, ctx.Err())
	}
}

func send[T any](c *Client, r request[T], done chan<- answer[T]) {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	f := c.fault(r.op)
	if !f.LoseRequest && !c.cut {
		bubble.AfterFunc(f.Request+c.heldFor(0), func() { serve(c, r, f, done) })
	}
}

func serve[T any](c *Client, r request[T], f Fault, done chan<- answer[T]) {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	if c.m.absent > 0 {
		return
	}
	a := answer[T]{err: ErrBusy}
	if !f.Busy {
		a.value, a.err = r.do()
	}
	if h, ok := errors.AsType[hider](a.err); ok && f.Blind {
		a.err = h.hidden()
	}
	if !f.LoseAnswer && !c.cut {
		bubble.AfterFunc(f.Answer+c.heldFor(f.Answer), func() { done <- a })
	}
}
