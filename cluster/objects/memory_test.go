package objects_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/objects/objectstest"
	"hayauma.example/engine/journal"
)

func newMemory() *objects.Memory { return objects.NewMemory(journal.NewMemory(uuid.New())) }

func subject() objectstest.Subject {
	m := newMemory()
	m.Request = 10 * time.Second // a busy machine
	return objectstest.Subject{One: m.Client("one"), Two: m.Client("two")}
}

func TestConforms(t *testing.T) { objectstest.Run(t, subject()) }

func TestMatchesModel(t *testing.T) { objectstest.Model(t, subject()) }
