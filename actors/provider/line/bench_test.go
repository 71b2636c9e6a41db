package line_test

import (
	"encoding/binary"
	"sync/atomic"
	"testing"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/actors/provider/providertest"
)

// BenchmarkPushOverHTTP is client and simulator together, over loopback, 64 calls at a time.
func BenchmarkPushOverHTTP(b *testing.B) {
	lab := overHTTP(b, linesim.Options{Limits: linesim.Limits{Off: true}})
	var n atomic.Uint64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			c := providertest.Push(int(i), "Hello, Ada. Your code is 12345.")
			binary.BigEndian.PutUint64(c.Key[8:], i)
			if a := lab.Provider.Send(b.Context(), c); a.Verdict != provider.Accepted {
				b.Errorf("got %+v", a)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pushes/s")
}
