package pipeline

import "context"

// Stored is what a system's store holds.
type Stored struct {
	Records     float64 // of the event store
	Bytes       float64
	Objects     float64 // audiences and chunks
	ObjectBytes float64
}

// Keeper is a [System] that tells what its store holds.
type Keeper interface {
	Stored(ctx context.Context) (Stored, error)
}
