package meter_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"hayauma.example/engine/meter"
)

func TestNamesAreBounded(t *testing.T) {
	var by meter.By[atomic.Uint64]
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 2000 {
				by.Of(fmt.Sprint("shop", i)).Add(1)
			}
		})
	}
	all.Wait()
	sum := uint64(0)
	for _, n := range by.All() {
		sum += n.Load()
	}
	if n := len(by.All()); n != meter.MostNames+1 || sum != 8000 {
		t.Errorf("%d names with %d in all, want %d and 8000", n, sum, meter.MostNames+1)
	}
	if by.Of("shop0") == by.Of("shop1999") || by.Of("shop1999") != by.Of(meter.Other) {
		t.Error("a name beyond the most isn't one of the others")
	}
}
