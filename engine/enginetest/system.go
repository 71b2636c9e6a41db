package enginetest

import (
	"cmp"
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/oklog/ulid/v2"

	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// Silence is a logger for tests in which actors fail on purpose.
var Silence = slog.New(slog.DiscardHandler)

// Options of NewSystem; the zero value is useful.
type Options struct {
	Store       journal.Store // nil: an empty one in memory
	Messages    *codec.Registry
	Dispatchers map[string]engine.Dispatcher
	Crash       func(point string)
	Payload     func(id string) error // what reading the payload of a grain's reminder fails with; nil: with nothing
	Log         *slog.Logger          // nil: the test's output

	Incarnation string           // "": a new one
	Directory   engine.Directory // nil: all grains are here
	Transport   engine.Transport // nil: there are no other members
	Held        int              // as in engine.Config
}

// NewSystem starts a system whose durable grains live in one shard of the store. It is killed when the test ends.
func NewSystem(t testing.TB, o Options) *engine.System {
	t.Helper()
	if o.Store == nil {
		o.Store = NewStore()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	incarnation := cmp.Or(o.Incarnation, ulid.Make().String())
	j, err := NewJournal(t.Context(), o.Store, incarnation)
	if err != nil {
		t.Fatalf("enginetest: claiming the shard: %v", err)
	}
	j.unread = o.Payload
	s, err := engine.New(engine.Config{
		Log: o.Log, Incarnation: incarnation, Messages: o.Messages, Journal: j, Dispatchers: o.Dispatchers, Crash: o.Crash,
		Directory: o.Directory, Transport: o.Transport, Held: o.Held,
	})
	if err != nil {
		t.Fatalf("enginetest: %v", err)
	}
	t.Cleanup(func() {
		s.Kill()
		j.Close()
	})
	return s
}

// NewStore returns an empty store in memory.
func NewStore() *journal.Memory {
	return journal.NewMemory(uuid.MustParse("6f0c8f3a-1c57-4f1e-9a53-0d6f8a1f7c11"))
}
