package objects_test

import (
	"testing"

	"github.com/google/uuid"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/objects/objectstest"
	"hayauma.example/engine/journal"
)

func newMemory() *objects.Memory { return objects.NewMemory(journal.NewMemory(uuid.New())) }

func TestConforms(t *testing.T) {
	m := newMemory()
	objectstest.Run(t, objectstest.Subject{One: m.Client("one"), Two: m.Client("two")})
}
