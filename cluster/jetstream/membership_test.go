package jetstream_test

import (
	"testing"

	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/objects/objectstest"
)

func openMembership(t testing.TB, s *jetstream.Store) *jetstream.Membership {
	t.Helper()
	m, err := s.Membership(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMembershipConforms(t *testing.T) {
	node := openNode(t, t.TempDir())
	one, two := openStore(t, node, jetstream.Config{}), openStore(t, node, jetstream.Config{})
	objectstest.Run(t, objectstest.Subject{One: openMembership(t, one), Two: openMembership(t, two)})
}
