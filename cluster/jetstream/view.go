package jetstream

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// View implements [objects.Views].
func (m *Membership) View(ctx context.Context) (objects.Viewed, error) {
	ctx, cancel, err := m.begin(ctx)
	if err != nil {
		return objects.Viewed{}, err
	}
	defer cancel()
	v, err := m.view(ctx)
	if err != nil {
		return v, fmt.Errorf("jetstream: read view: %w", err)
	}
	return v, nil
}

func (m *Membership) view(ctx context.Context) (objects.Viewed, error) {
	msg, err := m.read(ctx, m.views, viewKey)
	if err != nil || msg == nil {
		return objects.Viewed{}, err
	}
	if removed(msg.Header) {
		return objects.Viewed{}, fmt.Errorf("%w: an operator removed it: put the one before back (nats kv history %s view)", roster.ErrView, cluster)
	}
	v, err := roster.DecodeView(msg.Data)
	return objects.Viewed{View: v, Revision: msg.Sequence}, err
}

// PutView implements [objects.Views].
func (m *Membership) PutView(ctx context.Context, v roster.View, expect uint64) (uint64, error) {
	data, err := objects.EncodeView(v)
	if err != nil {
		return 0, err
	}
	ctx, cancel, err := m.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer cancel()
	seq, err := m.write(ctx, change(viewKey, data, expect))
	if errors.Is(err, journal.ErrFenced) {
		return 0, refusal(objects.NameView, func() (objects.Viewed, error) { return m.view(ctx) })
	}
	if err != nil {
		return 0, fmt.Errorf("jetstream: put view of epoch %d: %w", v.Epoch, err)
	}
	return seq, nil
}

// WatchView implements [objects.Views].
func (m *Membership) WatchView(ctx context.Context) iter.Seq[objects.Sight[roster.View]] {
	return watch(ctx, m, feed[roster.View]{stream: cluster, keys: viewKey, decode: roster.DecodeView, mend: func(context.Context) {}})
}
