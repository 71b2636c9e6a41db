package roster

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ErrRecord: a member's record can't be read.
var ErrRecord = errors.New("roster: malformed member record")

// RecordState is what a member's record says of the lease.
type RecordState string

// States of a record. Barred and Let are final: no renewal follows, because a renewal is a compare-and-set on the live record
// before it.
const (
	Live   RecordState = ""         // renewed by the member itself
	Let    RecordState = "released" // the member has stopped and given up everything
	Barred RecordState = "barred"   // another member is about to evict it
)

// Record is what the memory store holds of one member, under its incarnation.
type Record struct {
	Incarnation string      `json:"incarnation" msgpack:"incarnation"`
	Number      uint64      `json:"number" msgpack:"number"` // of the renewal, rising by one from 1
	State       RecordState `json:"state,omitempty" msgpack:"state,omitempty"`
	By          string      `json:"by,omitempty" msgpack:"by,omitempty"` // who barred it
}

// maxSmall bounds the bytes of a record or a fence.
const maxSmall = 4 << 10

// EncodeRecord writes a record.
func EncodeRecord(r Record) ([]byte, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	return json.Marshal(r)
}

// DecodeRecord reads what EncodeRecord wrote, of this or another version.
func DecodeRecord(data []byte) (Record, error) {
	if len(data) > maxSmall {
		return Record{}, fmt.Errorf("%w: %d bytes, at most %d", ErrRecord, len(data), maxSmall)
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return r, r.validate()
}

func (r Record) validate() error {
	if err := checkIncarnation(r.Incarnation); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	switch r.State {
	case Live, Let, Barred:
		return nil
	default:
		return fmt.Errorf("%w: unknown state %.40q: a newer version wrote it, update this one", ErrRecord, r.State)
	}
}
