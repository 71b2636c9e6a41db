package objects_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"hayauma.example/cmd/hayauma/internal/objects"
	"hayauma.example/engine/journal"
)

func TestWaitsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := journal.NewMemory(uuid.New())
		store.Latency = time.Second
		began := time.Now()
		w := objects.NewWriter(t.Context(), store)
		data := []byte{0}
		for i := range 3 * objects.AtOnce {
			data[0] = byte(i) // the caller's again after each Put
			if err := w.Put(fmt.Sprintf("o.%d", i), data); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Wait(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %v, want 3s", took)
		}
		for i := range 3 * objects.AtOnce {
			if got, err := store.Get(t.Context(), fmt.Sprintf("o.%d", i)); err != nil || got[0] != byte(i) {
				t.Errorf("object %d is %v, %v", i, got, err)
			}
		}
	})
}

func TestFirstFailureEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := journal.NewMemory(uuid.New())
		store.Fault = func(c journal.Call) error {
			if c.ID == "o.3" {
				return journal.ErrFull
			}
			return nil
		}
		w := objects.NewWriter(t.Context(), store)
		var err error
		for i := 0; i < 100 && err == nil; i++ {
			err = w.Put(fmt.Sprintf("o.%d", i), []byte("x"))
		}
		if !errors.Is(err, journal.ErrFull) || !errors.Is(w.Wait(), journal.ErrFull) {
			t.Errorf("Put: %v", err)
		}
	})
}

func TestCancelledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := objects.NewWriter(ctx, journal.NewMemory(uuid.New()))
	cancel()
	if err := w.Wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v", err)
	}
}
