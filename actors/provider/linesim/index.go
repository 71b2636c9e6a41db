package linesim

// index finds records by their hash. The records themselves hold the keys, so a slot is only a record's number: 4 bytes, no pointers.
// It is split in parts that grow one by one, so that no single addition takes long.
type index struct{ parts [256]part }

// part is an open-addressed table; a slot holds a record's number + 1.
type part struct {
	slots []uint32
	n     int
}

// find returns the record with this hash that same recognises.
func (x *index) find(hash uint64, same func(record uint32) bool) (uint32, bool) {
	p := &x.parts[hash>>56]
	if len(p.slots) == 0 {
		return 0, false
	}
	for i := p.home(hash); ; i = p.next(i) {
		switch slot := p.slots[i]; {
		case slot == 0:
			return 0, false
		case same(slot - 1):
			return slot - 1, true
		}
	}
}

// put adds a record, in the place of the one that same recognises. hashOf gives the hash of a record that is in already.
func (x *index) put(hash uint64, record uint32, same func(record uint32) bool, hashOf func(record uint32) uint64) {
	p := &x.parts[hash>>56]
	if p.n*4 >= len(p.slots)*3 {
		p.grow(hashOf)
	}
	for i := p.home(hash); ; i = p.next(i) {
		switch slot := p.slots[i]; {
		case slot == 0:
			p.slots[i] = record + 1
			p.n++
			return
		case same(slot - 1):
			p.slots[i] = record + 1
			return
		}
	}
}

func (p *part) home(hash uint64) int { return int(hash & uint64(len(p.slots)-1)) }
func (p *part) next(i int) int       { return (i + 1) & (len(p.slots) - 1) }

func (p *part) grow(hashOf func(uint32) uint64) {
	old := p.slots
	p.slots = make([]uint32, max(8, 2*len(old)))
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		i := p.home(hashOf(slot - 1))
		for p.slots[i] != 0 {
			i = p.next(i)
		}
		p.slots[i] = slot
	}
}

const chunkSize = 4096

// chunks is a slice that grows without copying; elements never move.
type chunks[T any] struct {
	list []*[chunkSize]T
	n    uint32
}

func (c *chunks[T]) add(v T) uint32 {
	if c.n%chunkSize == 0 {
		c.list = append(c.list, new([chunkSize]T))
	}
	i := c.n
	c.n++
	*c.at(i) = v
	return i
}

func (c *chunks[T]) at(i uint32) *T { return &c.list[i/chunkSize][i%chunkSize] }
