package journal

import "strings"

// Order leaves out the copies that lost answers may have left in a grain's records. The zero value is ready.
type Order struct{ next uint64 }

// Next says whether the record comes next, or is a copy of what was passed already. Records are given by position, from the
// newest snapshot on, so a snapshot that is not the first of them is a copy.
func (o *Order) Next(r Record) (bool, error) {
	if r.Snapshot {
		if o.next > 0 {
			return false, nil
		}
		o.next = r.First + 1
		return true, nil
	}
	end := r.First + uint64(r.Count)
	if end <= o.next {
		return false, nil
	}
	if r.First < o.next {
		return false, ErrOverlap
	}
	o.next = end
	return true, nil
}

// NewestSnapshot is the index of the newest snapshot in a grain's records (of its copies the first), or 0.
func NewestSnapshot(records []Record) int {
	newest := 0
	for i, r := range records {
		if r.Snapshot && (!records[newest].Snapshot || r.First > records[newest].First) {
			newest = i
		}
	}
	return newest
}

// Size is the bytes of Data in records.
func Size(records []Record) uint64 {
	var n uint64
	for _, r := range records {
		n += uint64(len(r.Data))
	}
	return n
}

// CheckBatch tells whether records may be appended together: nil, ErrName or ErrTooLarge.
func CheckBatch(records []Record) error {
	if len(records) > MaxBatch {
		return ErrTooLarge
	}
	for _, r := range records {
		if err := CheckGrain(r.Grain); err != nil {
			return err
		}
		if len(r.Data) > MaxRecord {
			return ErrTooLarge
		}
	}
	return nil
}

// CheckGrain answers ErrName for a grain that can't be stored.
func CheckGrain(g Grain) error {
	if g.Kind == "" || g.ID == "" || len(g.Kind)+len(g.ID) > MaxName {
		return ErrName
	}
	return nil
}

// CheckClaim tells whether the shards may be claimed together.
func CheckClaim(owner string, shards []Shard) error {
	if len(shards) > MaxClaim {
		return ErrTooLarge
	}
	if owner == "" {
		return ErrName
	}
	seen := make(map[Shard]bool, len(shards))
	for _, s := range shards {
		if s.Role == "" || len(s.Role) > MaxName || s.Number < 0 || seen[s] {
			return ErrName
		}
		seen[s] = true
	}
	return nil
}

// CheckObject tells whether the object may be put.
func CheckObject(name string, data []byte) error {
	if len(data) > MaxObject {
		return ErrTooLarge
	}
	if len(name) > MaxName {
		return ErrName
	}
	for token := range strings.SplitSeq(name, ".") {
		if token == "" || strings.ContainsFunc(token, notInToken) {
			return ErrName
		}
	}
	return nil
}

func notInToken(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
		return false
	}
	return true
}

// CheckFollow answers ErrName for what can't be followed.
func CheckFollow(role, kind string) error {
	if role == "" || len(role) > MaxName {
		return ErrName
	}
	return CheckGrain(Grain{Kind: kind, ID: "-"})
}
