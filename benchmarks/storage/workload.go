package storage

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/percentile"
	"hayauma.example/engine/journal"
)

// appends is a workload: appenders that append for a while.
type appends struct {
	appenders int
	records   int // in one append, each of a grain of its own
	size      int // bytes of one record
	limit     int // appends of all appenders together, which end the cell early: what is in memory has to fit
}

// grains are what one appender's records belong to.
func (a appends) grains(appender int) []journal.Grain {
	all := make([]journal.Grain, a.records)
	for i := range all {
		all[i] = journal.Grain{Kind: "bench", ID: fmt.Sprintf("U%032x", appender*a.records+i)}
	}
	return all
}

// appender is one of them.
type appender struct {
	store   store
	number  int
	records []journal.Record // of the next append
	done    uint64           // appends so far
}

func (a appends) appender(s store, number int) *appender {
	one := &appender{store: s, number: number, records: make([]journal.Record, a.records)}
	for i, g := range a.grains(number) {
		one.records[i] = journal.Record{Grain: g, Count: 1, Data: content(a.size)}
	}
	return one
}

// work appends one after the other until the time is over or so many are done, and returns what each took.
func (a *appender) work(ctx context.Context, end time.Time, limit int) (took []time.Duration, err error) {
	took = make([]time.Duration, 0, min(limit, 1<<16))
	for now := time.Now(); now.Before(end) && len(took) < limit; {
		a.done++
		for i := range a.records {
			a.records[i].First = a.done
		}
		if err := a.store.append(ctx, a.number, a.records); err != nil {
			return took, err
		}
		after := time.Now()
		took = append(took, after.Sub(now))
		now = after
	}
	return took, nil
}

// content can't be made smaller by a file system that compresses.
func content(size int) []byte {
	data := make([]byte, size)
	x := uint64(size) + 1
	for i := range data {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		data[i] = byte(x)
	}
	return data
}

// run measures the appends, and then counts what is stored. What is appended in a tenth of the time before is not measured.
func (a appends) run(ctx context.Context, s store, length time.Duration) (experiment.Result, error) {
	all := make([]*appender, a.appenders)
	for i := range all {
		all[i] = a.appender(s, i)
	}
	warm, err := together(ctx, all, time.Now().Add(length/10), a.limit/10)
	if err != nil {
		return experiment.Result{}, err
	}
	m := startMeter()
	took, failed := together(ctx, all, m.began.Add(length), a.limit)
	r := m.stop(uint64(len(took)*a.records), a.size)
	slices.Sort(took)
	r.Figures["late_p50_ms"] = milliseconds(percentile.Of(took, 50))
	r.Figures["late_p99_ms"] = milliseconds(percentile.Of(took, 99))
	s.figures(r.Figures)
	if failed != nil {
		return r, failed
	}
	stored, err := a.stored(ctx, s)
	r.Lost = int64(len(warm)*a.records) + int64(r.Sent) - int64(stored)
	return r, err
}

// together lets all appenders work at once, so that they share the limit, and returns what all appends took and the first error.
func together(ctx context.Context, all []*appender, end time.Time, limit int) (took []time.Duration, err error) {
	var mu sync.Mutex // guards the results
	var wg sync.WaitGroup
	for _, a := range all {
		wg.Go(func() {
			one, failed := a.work(ctx, end, max(limit/len(all), 1))
			mu.Lock()
			defer mu.Unlock()
			took = append(took, one...)
			if err == nil {
				err = failed
			}
		})
	}
	wg.Wait()
	return took, err
}

func (a appends) stored(ctx context.Context, s store) (n uint64, err error) {
	for i := range a.appenders {
		more, err := s.read(ctx, i, a.grains(i))
		n += more
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// meter measures from its making to stop.
type meter struct {
	began   time.Time
	mallocs uint64
}

func startMeter() meter {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return meter{mallocs: m.Mallocs, began: time.Now()}
}

// stop makes the result of so many records of so many bytes.
func (b meter) stop(records uint64, size int) experiment.Result {
	elapsed := time.Since(b.began)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r := experiment.Result{Sent: records, Seconds: elapsed.Seconds(), Figures: map[string]float64{}}
	if records == 0 || elapsed <= 0 {
		return r
	}
	r.Figures["rate"] = float64(records) / elapsed.Seconds()
	r.Figures["mb_s"] = r.Figures["rate"] * float64(size) / 1e6
	r.Figures["allocs"] = float64(m.Mallocs-b.mallocs) / float64(records)
	return r
}
