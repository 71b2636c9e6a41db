package objects_test

import (
	"testing"

	"github.com/google/uuid"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/objects/objectstest"
	"hayauma.example/engine/journal"
)

func newMemory() *objects.Memory { return objects.NewMemory(journal.NewMemory(uuid.New())) }

func subject() objectstest.Subject {
	m := newMemory()
	return objectstest.Subject{One: m.Client("one"), Two: m.Client("two")}
}

func TestConforms(t *testing.T) { objectstest.Run(t, subject()) }

func TestMatchesModel(t *testing.T) { objectstest.Model(t, subject()) }
