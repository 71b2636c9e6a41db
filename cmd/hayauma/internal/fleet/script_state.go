package fleet

import (
	"time"

	"hayauma.example/cluster"
	"hayauma.example/engine/journal"
)

// Hold takes a node's lease away, or gives it back.
func (s *Script) Hold(n *Node, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[n] = held
}

// May implements Owner.
func (s *Script) May(n *Node) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.held[n]
}

// Carriers implements Owner.
func (s *Script) Carriers(n *Node, role string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.roles[n][role]
}

// Close implements Owner.
func (s *Script) Close() {
	s.cancel()
	s.tasks.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seat := range s.seats {
		seat.ledgers.Kill()
	}
}

func (s *Script) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
	}
}

// OwnerOf is who owns the shard of a key; nil: that is being settled.
func (s *Script) OwnerOf(role, key string) *Node {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owner[cluster.ShardOf(role, key)]
}

// Owned are the shards of a node.
func (s *Script) Owned(n *Node) (shards []journal.Shard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for shard, owner := range s.owner {
		if owner == n {
			shards = append(shards, shard)
		}
	}
	return shards
}
