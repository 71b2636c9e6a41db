package jetstream

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"
)

// LayFloor is the part of Membership that begins once the members' stream was looked up.
func (s *Store) LayFloor(ctx context.Context, members jetstream.Stream) error {
	return (&Membership{store: s, members: members}).firstGround(ctx)
}
