package objects

import (
	"fmt"

	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

// EncodeRecord is roster's, with ErrInvalid.
func EncodeRecord(r roster.Record) ([]byte, error) { return invalid(roster.EncodeRecord(r)) }

// EncodeView is roster's, with ErrInvalid.
func EncodeView(v roster.View) ([]byte, error) { return invalid(roster.EncodeView(v)) }

// EncodeFences tells whether the changes may be stored together, and gives the value of each.
func EncodeFences(changes []FenceChange) ([][]byte, error) {
	if err := CheckShards(shardsOf(changes)); err != nil {
		return nil, err
	}
	data := make([][]byte, len(changes))
	for i, c := range changes {
		var err error
		if data[i], err = invalid(roster.EncodeFence(c.Fence)); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// CheckShards tells whether the shards have names, each once, and are not too many.
func CheckShards(shards []journal.Shard) error {
	const anybody = "-" // the owner is checked elsewhere
	if err := journal.CheckClaim(anybody, shards); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

func invalid(data []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return data, nil
}

func shardsOf(changes []FenceChange) []journal.Shard {
	shards := make([]journal.Shard, len(changes))
	for i, c := range changes {
		shards[i] = c.Shard
	}
	return shards
}

// NameRecord names a record in errors.
func NameRecord(incarnation string) string { return "record " + incarnation }

// NameView names the view in errors.
const NameView = "view"

// NameFences names the fences of changes in errors.
func NameFences(changes []FenceChange) string {
	if len(changes) == 1 {
		return fmt.Sprintf("fence of shard %s %d", changes[0].Shard.Role, changes[0].Shard.Number)
	}
	return fmt.Sprintf("fences of %d shards", len(changes))
}
