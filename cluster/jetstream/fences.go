package jetstream

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// Fences implements [objects.Fences].
func (m *Membership) Fences(ctx context.Context, shards []journal.Shard) ([]objects.Fenced, error) {
	if err := objects.CheckShards(shards); err != nil {
		return nil, err
	}
	ctx, cancel, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	fences, err := m.fences(ctx, shards)
	if err != nil {
		return nil, fmt.Errorf("jetstream: read %d fences: %w", len(shards), err)
	}
	return fences, nil
}

func (m *Membership) fences(ctx context.Context, shards []journal.Shard) ([]objects.Fenced, error) {
	standing, err := m.store.standing(ctx, shards)
	if err != nil {
		return nil, unread(err)
	}
	out := make([]objects.Fenced, len(shards))
	for i, f := range standing {
		out[i] = objects.Fenced{Shard: shards[i], Sequence: journal.Fence(f.seq)}
		if f.seq == 0 {
			continue
		}
		if out[i].Fence, err = roster.DecodeFence(f.data); err != nil {
			return nil, fmt.Errorf("shard %s %d: %w", shards[i].Role, shards[i].Number, err)
		}
	}
	return out, nil
}

// PutFences implements [objects.Fences].
func (m *Membership) PutFences(ctx context.Context, changes []objects.FenceChange) ([]journal.Fence, error) {
	data, err := objects.EncodeFences(changes)
	if err != nil || len(changes) == 0 {
		return nil, err
	}
	ctx, cancel, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	msgs, shards := make([]*nats.Msg, len(changes)), make([]journal.Shard, len(changes))
	for i, c := range changes {
		msgs[i], shards[i] = fenceMsg(c.Shard, uint64(c.Expect), data[i]), c.Shard
	}
	fences, err := m.store.writeFences(ctx, msgs)
	if err = changed(err); errors.Is(err, journal.ErrFenced) {
		return nil, refusal(objects.NameFences(changes), func() ([]objects.Fenced, error) { return m.fences(ctx, shards) })
	}
	if err != nil {
		return nil, fmt.Errorf("jetstream: put %s: %w", objects.NameFences(changes), err)
	}
	return fences, nil
}
