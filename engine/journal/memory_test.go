package journal_test

import (
	"testing"

	"github.com/google/uuid"

	"hayauma.example/engine/journal"
	"hayauma.example/engine/journal/journaltest"
)

func subject() journaltest.Subject {
	m := journal.NewMemory(uuid.New())
	return journaltest.Subject{Store: m, Objects: m}
}

func TestMemoryConforms(t *testing.T) { journaltest.Run(t, subject()) }

func TestMemoryMatchesModel(t *testing.T) { journaltest.Model(t, subject()) }

func TestMemoryFull(t *testing.T) {
	m := journal.NewMemory(uuid.New())
	m.MaxBytes = 1 << 20
	journaltest.RunFull(t, journaltest.Subject{Store: m, Objects: m})
}
