package journaltest

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/google/uuid"

	"hayauma.example/engine/journal"
)

// Client is one process's connection to a [Server]. It is safe for concurrent use.
type Client struct {
	server *Server
	name   string

	asked map[Question]uint64 // guarded by server.mu, as all below
	cut   bool
	held  time.Time // nothing leaves or comes in before
}

var _ journal.Store = (*Client)(nil)

// Cut loses every request and answer until Heal.
func (c *Client) Cut() { c.set(func() { c.cut = true }) }

// Heal ends a Cut.
func (c *Client) Heal() { c.set(func() { c.cut = false }) }

// Hold has the process's side stand still for a time: what it sends meanwhile leaves afterwards, and what is answered meanwhile is heard
// afterwards. What is on its way to the store arrives.
func (c *Client) Hold(d time.Duration) {
	c.set(func() {
		if until := time.Now().Add(d); until.After(c.held) {
			c.held = until
		}
	})
}

func (c *Client) set(f func()) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	f()
}

// heldFor is how much longer something waits that would be there after d.
func (c *Client) heldFor(d time.Duration) time.Duration {
	return max(0, c.held.Sub(time.Now().Add(d)))
}

// hitch asks about the next request.
func (c *Client) hitch(q Question) Hitch {
	if c.server.Hitches == nil {
		return Hitch{}
	}
	c.asked[q]++
	q.Client, q.Number = c.name, c.asked[q]
	return c.server.Hitches(q)
}

// ClusterID implements [journal.Store].
func (c *Client) ClusterID() uuid.UUID { return c.server.Store.ClusterID() }

// Claim implements [journal.Store].
func (c *Client) Claim(ctx context.Context, owner string, shards []journal.Shard) ([]journal.Claim, error) {
	return ask(ctx, c, request[[]journal.Claim]{Question: Question{Op: "claim"}, do: func(ctx context.Context) ([]journal.Claim, error) {
		return c.server.Store.Claim(ctx, owner, shards)
	}})
}

// Append implements [journal.Store].
func (c *Client) Append(ctx context.Context, claim journal.Claim, id string, records []journal.Record) error {
	if err := journal.CheckBatch(records); err != nil {
		return err
	}
	q := Question{Op: "append", Shard: claim.Shard}
	_, err := ask(ctx, c, request[struct{}]{q, len(records) > 1, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.server.Store.Append(ctx, claim, id, records)
	}})
	return err
}

// Replay implements [journal.Store].
func (c *Client) Replay(ctx context.Context, claim journal.Claim, g journal.Grain) iter.Seq2[journal.Record, error] {
	return func(yield func(journal.Record, error) bool) {
		q := Question{Op: "replay", Shard: claim.Shard, Grain: g}
		records, err := ask(ctx, c, request[[]journal.Record]{Question: q, do: func(ctx context.Context) ([]journal.Record, error) {
			return collect(c.server.Store.Replay(ctx, claim, g))
		}})
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
		if err != nil {
			yield(journal.Record{}, err)
		}
	}
}

// Page implements [journal.Store].
func (c *Client) Page(ctx context.Context, claim journal.Claim, g journal.Grain, from uint64, most int) ([]journal.Record, error) {
	q := Question{Op: "page", Shard: claim.Shard, Grain: g}
	return ask(ctx, c, request[[]journal.Record]{Question: q, do: func(ctx context.Context) ([]journal.Record, error) {
		return c.server.Store.Page(ctx, claim, g, from, most)
	}})
}

// Purge implements [journal.Store].
func (c *Client) Purge(ctx context.Context, claim journal.Claim, g journal.Grain, below uint64) error {
	q := Question{Op: "purge", Shard: claim.Shard, Grain: g}
	_, err := ask(ctx, c, request[struct{}]{Question: q, do: func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.server.Store.Purge(ctx, claim, g, below)
	}})
	return err
}

// Grains implements [journal.Store].
func (c *Client) Grains(ctx context.Context, role, kind string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		q := Question{Op: "grains", Grain: journal.Grain{Kind: kind}, Shard: journal.Shard{Role: role}}
		ids, err := ask(ctx, c, request[[]string]{Question: q, do: func(ctx context.Context) ([]string, error) {
			return collect(c.server.Store.Grains(ctx, role, kind))
		}})
		for _, id := range ids {
			if !yield(id, nil) {
				return
			}
		}
		if err != nil {
			yield("", err)
		}
	}
}

// Follow implements [journal.Store]. What is told while the connection is cut ends it.
func (c *Client) Follow(ctx context.Context, role, kind string, after uint64) iter.Seq2[journal.Sight, error] {
	return func(yield func(journal.Sight, error) bool) {
		for sight, err := range c.server.Store.Follow(ctx, role, kind, after) {
			if c.isCut() {
				yield(journal.Sight{}, errCut)
				return
			}
			if !yield(sight, err) {
				return
			}
		}
	}
}

var errCut = errors.New("journaltest: the connection broke: follow again")

func (c *Client) isCut() bool {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.cut
}

// Skew implements [journal.Store].
func (c *Client) Skew(ctx context.Context) (time.Duration, error) {
	return ask(ctx, c, request[time.Duration]{Question: Question{Op: "skew"}, do: c.server.Store.Skew})
}

// Stats implements [journal.Store].
func (c *Client) Stats(ctx context.Context) (journal.Stats, error) {
	return ask(ctx, c, request[journal.Stats]{Question: Question{Op: "stats"}, do: c.server.Store.Stats})
}

func collect[T any](all iter.Seq2[T, error]) (out []T, err error) {
	for v, err := range all {
		if err != nil {
			return out, err
		}
		out = append(out, v)
	}
	return out, nil
}
