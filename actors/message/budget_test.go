package message

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Room goes to who waits for the message that is due first, to others only while nobody waits for an earlier one, and comes back with the end.
func TestBudgetGoesByDueTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newBudgets(2 * loadBytes)
		full, other, free := s.share("shop"), s.share("shop"), s.share("inn")
		if first, second := full.try(), full.try(); !first || !second || other.try() {
			t.Error("there is room for two")
		}
		if !free.try() {
			t.Error("the channel of another has no room")
		}
		var order []int64
		wait := func(ctx context.Context, h *share, at int64) (err *error) {
			err = new(error)
			go func() {
				if *err = h.take(ctx, at); *err == nil {
					order = append(order, at)
				}
			}()
			synctest.Wait()
			return err
		}
		ctx, cancel := context.WithCancel(t.Context())
		wait(t.Context(), other, 30)
		left := wait(ctx, other, 5)
		wait(t.Context(), other, 20)
		cancel()
		synctest.Wait()
		if !errors.Is(*left, context.Canceled) || order != nil {
			t.Errorf("who left: %v; room for %v", *left, order)
		}
		full.give(loadBytes - 1)
		synctest.Wait()
		if order != nil {
			t.Errorf("room for %v too early", order)
		}
		full.give(1)
		synctest.Wait()
		if !slices.Equal(order, []int64{20}) {
			t.Errorf("room for %v", order)
		}
		full.end()
		full.give(loadBytes) // of what was under way
		synctest.Wait()
		if !slices.Equal(order, []int64{20, 30}) || full.take(t.Context(), 0) == nil || full.try() {
			t.Errorf("after an end room for %v", order)
		}
		other.give(loadBytes)
		wait(t.Context(), other, 40)
		wait(t.Context(), other, 60)
		if other.try() {
			t.Error("who waits for nothing came before one that waits")
		}
		other.end()
		free.end()
		if len(s.channels) > 0 {
			t.Errorf("left are %v", s.channels)
		}
	})
}

// A message that is longer than the budget goes alone.
func TestBudgetIsNeverTooSmall(t *testing.T) {
	h := newBudgets(1).share("shop")
	for range 3 {
		if err := h.take(t.Context(), 1); err != nil || h.try() {
			t.Fatalf("%v, or there is room for two", err)
		}
		h.give(loadBytes)
	}
}

// Whoever takes, gives, leaves and ends: no more is held than the limit, and all who wait get room.
func TestBudgetHoldsUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 5*loadBytes + 1
		s := newBudgets(limit)
		last := s.share("shop")
		var work sync.WaitGroup
		for seed := range uint64(50) {
			work.Go(func() {
				rng := rand.New(rand.NewPCG(seed, 1))
				h := s.share("shop")
				defer func() { h.end() }()
				for range 100 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+rng.IntN(100))*time.Second)
					if h.take(ctx, rng.Int64N(100)) == nil {
						bytes := rng.IntN(loadBytes)
						h.give(loadBytes - bytes)
						time.Sleep(time.Duration(1+rng.IntN(100)) * time.Millisecond)
						s.mu.Lock()
						if held := last.from.held; held > limit || held < h.held || h.held < bytes {
							t.Errorf("%d are held, %d of them by one with %d", held, h.held, bytes)
						}
						s.mu.Unlock()
						if rng.IntN(4) > 0 {
							h.give(bytes)
						} else {
							h.end()
							h = s.share("shop")
						}
					}
					cancel()
				}
			})
		}
		work.Wait()
		if b := last.from; b.held != 0 || len(b.waiting) > 0 || b.shares != 1 {
			t.Errorf("%d are held, %d wait, %d shares", b.held, len(b.waiting), b.shares)
		}
	})
}
