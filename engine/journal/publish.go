package journal

import "context"

// Publication is a stored event as others are told of it.
type Publication struct {
	ID       string // the same for every copy and repeat
	Grain    Grain
	Number   uint64 // of the event in its grain
	Position uint64 // of its record in the store
	Type     string // the name by which it is stored
	Body     []byte
}

// Publisher tells others. Publish returns nil when the publication is kept for them; what is published again is told once, or again under
// the same id.
type Publisher interface {
	Publish(ctx context.Context, p Publication) error
}
