package journal

import (
	"cmp"
	"context"
	"iter"
	"slices"
)

// follower is one Follow of a Memory. What it has not yielded is kept for it: it is memory that the store holds anyway.
type follower struct {
	role, kind string
	seen       []Sight       // guarded by Memory.mu
	wake       chan struct{} // holds one value where seen is not empty
}

// Follow implements [Store].
func (m *Memory) Follow(ctx context.Context, role, kind string, after uint64) iter.Seq2[Sight, error] {
	return func(yield func(Sight, error) bool) {
		if err := CheckFollow(role, kind); err != nil {
			yield(Sight{}, err)
			return
		}
		if err := m.ask(ctx, Call{Op: "follow", Grain: Grain{Kind: kind}}); err != nil {
			yield(Sight{}, err)
			return
		}
		f := m.follow(role, kind, after)
		defer m.unfollow(f)
		for {
			for _, s := range m.taken(f) {
				if ctx.Err() != nil {
					break
				}
				if !yield(s, nil) {
					return
				}
			}
			select {
			case <-f.wake:
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				yield(Sight{}, ctx.Err())
				return
			}
		}
	}
}

// follow begins with what is stored.
func (m *Memory) follow(role, kind string, after uint64) *follower {
	f := &follower{role: role, kind: kind, wake: make(chan struct{}, 1)}
	m.mu.Lock()
	defer m.mu.Unlock()
	for s, sh := range m.shards {
		if s.Role != role {
			continue
		}
		for g, records := range sh.records {
			for _, r := range records {
				if g.Kind == kind && r.Position > after {
					f.seen = append(f.seen, Sight{Record: r})
				}
			}
		}
	}
	slices.SortFunc(f.seen, func(a, b Sight) int { return cmp.Compare(a.Record.Position, b.Record.Position) })
	f.seen = append(f.seen, Sight{Caught: true})
	if m.followers == nil {
		m.followers = map[*follower]bool{}
	}
	m.followers[f] = true
	return f
}

func (m *Memory) unfollow(f *follower) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.followers, f)
}

func (m *Memory) taken(f *follower) []Sight {
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := f.seen
	f.seen = nil
	return seen
}

// show tells the followers; m.mu is held.
func (m *Memory) show(role string, r Record) {
	for f := range m.followers {
		if f.role != role || f.kind != r.Grain.Kind {
			continue
		}
		f.seen = append(f.seen, Sight{Record: r})
		select {
		case f.wake <- struct{}{}:
		default: // it is awake already
		}
	}
}
