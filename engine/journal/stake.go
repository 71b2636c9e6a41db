package journal

import "encoding/json"

// Stake is what stands in a shard's fence: its sequence, 0 for none, and what its owner wrote.
type Stake struct {
	Shard Shard
	Fence Fence
	Data  []byte
}

// Stakes reads fences, for a simulated membership that shares them with the journal. It asks no Fault.
func (m *Memory) Stakes(shards []Shard) []Stake {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]Stake, len(shards))
	for i, s := range shards {
		out[i].Shard = s
		if sh := m.shards[s]; sh != nil {
			out[i].Fence, out[i].Data = sh.fence, sh.stake
		}
	}
	return out
}

// Exchange replaces the fences that have the given sequences by the given data: all and true, or none and false.
func (m *Memory) Exchange(stakes []Stake) ([]Fence, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range stakes {
		if sh := m.shards[s.Shard]; sh != nil && sh.fence != s.Fence || sh == nil && s.Fence != 0 {
			return nil, false
		}
	}
	out := make([]Fence, len(stakes))
	for i, s := range stakes {
		out[i] = m.stake(s.Shard, s.Data)
	}
	return out, true
}

// stake writes a fence; m.mu is held.
func (m *Memory) stake(s Shard, data []byte) Fence {
	m.seq++
	sh := m.shards[s]
	if sh == nil {
		sh = &memoryShard{records: map[Grain][]Record{}}
		m.shards[s] = sh
	}
	sh.fence, sh.stake = Fence(m.seq), data
	return sh.fence
}

func ownerStake(owner string) []byte {
	data, _ := json.Marshal(struct { // strings always marshal
		Owner string `json:"owner"`
	}{owner})
	return data
}
