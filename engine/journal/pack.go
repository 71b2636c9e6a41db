package journal

// unit is one call of Writer.Append, or without records a barrier or a call of Writer.Do.
type unit struct {
	record  Record
	extra   []Record
	done    func(error)
	barrier bool
	alone   bool  // a batch of its own, without records
	late    bool  // it came after Close
	err     error // set by the packer: refused before any append
}

func (u *unit) size() int { return len(u.record.Data) + int(Size(u.extra)) }

// batch is a run of units from the head of the queue, and the records into which they were packed.
type batch struct {
	units   []unit
	records []Record
	err     error
}

// gapGuard remembers the refused number of a grain: nothing above it may be stored before it is.
type gapGuard struct {
	first uint64
	err   error
}

// packer turns units into batches. It is a pure state machine.
type packer struct {
	maxBytes  int
	batchFrom int
	broken    map[Grain]gapGuard
}

// pack takes as many units from the head as fit into one batch, at least one; or, where that makes a batch too small to be worth
// its price, the units that go into one record.
func (p *packer) pack(queue []unit) batch {
	b := p.fill(queue, MaxBatch)
	if n := len(b.records); n > 1 && n < p.batchFrom {
		if one := p.fill(queue, 1); len(one.records) == 1 {
			return one
		}
	}
	return b
}

func (p *packer) fill(queue []unit, maxRecords int) batch {
	p2 := packing{maxBytes: p.maxBytes, maxRecords: maxRecords, last: map[Grain]int{}}
	n := 0
	for ; n < len(queue); n++ {
		u := &queue[n]
		if u.alone && n > 0 {
			break
		}
		if u.alone {
			n = 1
			break
		}
		if u.barrier || u.late {
			continue
		}
		if u.err = p.check(u); u.err != nil {
			p.refuse(*u, u.err)
			continue
		}
		if !p2.add(u) {
			break
		}
	}
	units := make([]unit, n)
	copy(units, queue)
	return batch{units: units, records: p2.records}
}

// check refuses what can never be stored and what would leave a gap behind an earlier refusal.
func (p *packer) check(u *unit) error {
	if u.size() > p.maxBytes || len(u.extra) >= MaxBatch {
		return ErrTooLarge
	}
	if err := p.checkRecord(u.record); err != nil {
		return err
	}
	for _, r := range u.extra {
		if err := p.checkRecord(r); err != nil {
			return err
		}
	}
	return nil
}

func (p *packer) checkRecord(r Record) error {
	if err := CheckGrain(r.Grain); err != nil {
		return err
	}
	if len(r.Data) > MaxRecord {
		return ErrTooLarge
	}
	b, ok := p.broken[r.Grain]
	switch {
	case !ok:
		return nil
	case r.First > b.first:
		return b.err
	}
	delete(p.broken, r.Grain) // its owner tries that number again
	return nil
}

// refuse remembers that a unit's numbers were not stored. Extra records carry no such promise: their numbers only rise.
func (p *packer) refuse(u unit, err error) {
	if u.record.Snapshot {
		return // no event is missing without it
	}
	if b, ok := p.broken[u.record.Grain]; ok && b.first <= u.record.First {
		return
	}
	p.broken[u.record.Grain] = gapGuard{first: u.record.First, err: err}
}

// packing is one batch in the making.
type packing struct {
	maxBytes, maxRecords int

	records []Record
	owned   []bool // the record's Data is a copy of ours, so it may grow
	bytes   int
	last    map[Grain]int // index of the newest record of a grain
}

// add packs a unit whole, or says that it doesn't fit.
func (p *packing) add(u *unit) bool {
	if len(p.records) > 0 && p.bytes+u.size() > p.maxBytes {
		return false
	}
	if len(p.records)+p.grows(u) > p.maxRecords {
		return false
	}
	p.put(u.record)
	for _, r := range u.extra {
		p.put(r)
	}
	p.bytes += u.size()
	return true
}

// grows is how many records the unit adds at most.
func (p *packing) grows(u *unit) int {
	n := len(u.extra)
	if _, ok := p.joinable(u.record); !ok {
		n++
	}
	return n
}

// put takes one record; one of no events is nothing.
func (p *packing) put(r Record) {
	if r.Count == 0 && !r.Snapshot {
		return
	}
	i, ok := p.joinable(r)
	if !ok {
		p.last[r.Grain] = len(p.records)
		p.records = append(p.records, r)
		p.owned = append(p.owned, false)
		return
	}
	to := &p.records[i]
	if !p.owned[i] {
		to.Data = append(make([]byte, 0, 2*(len(to.Data)+len(r.Data))), to.Data...)
		p.owned[i] = true
	}
	to.Data = append(to.Data, r.Data...)
	to.Count += r.Count
}

// joinable finds the record that r continues.
func (p *packing) joinable(r Record) (int, bool) {
	i, ok := p.last[r.Grain]
	if !ok || r.Snapshot {
		return 0, false
	}
	to := &p.records[i]
	if to.Snapshot || to.First+uint64(to.Count) != r.First || len(to.Data)+len(r.Data) > MaxRecord {
		return 0, false
	}
	return i, true
}
