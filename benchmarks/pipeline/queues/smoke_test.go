package queues_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/pipeline/queues"
)

// BenchmarkPush10k is a look at one campaign, with the simulator in this process: the figures of tables are the driver's.
func BenchmarkPush10k(b *testing.B) {
	const n = 10_000
	path := writeAudience(b, n)
	for _, spec := range queues.Specs() {
		b.Run(spec.Name, func(b *testing.B) {
			for b.Loop() {
				sim, url := provide(b, linesim.Options{LedgerOnly: true, Limits: linesim.Limits{Off: true}, Faults: linesim.Faults{Latency: latency(b)}})
				system := open(b, spec)
				began := time.Now()
				due, err := system.Accept(b.Context(), pipeline.Job{Kind: pipeline.Push, Recipients: n, Audience: path, Endpoint: url, InFlight: 256})
				if err != nil {
					b.Fatal(err)
				}
				before := seconds(b, system.Pids())
				if err := system.Finish(b.Context()); err != nil {
					b.Fatal(err)
				}
				if got := sim.Ledger(); got.Users != n || got.Deliveries != n {
					b.Errorf("got %+v", got)
				}
				b.ReportMetric(n/time.Since(due).Seconds(), "recipients/s")
				b.ReportMetric(due.Sub(began).Seconds(), "accept-s")
				b.ReportMetric(before*100_000/n, "accept-cpu-s/100k")
				b.ReportMetric((seconds(b, system.Pids())-before)*100_000/n, "cpu-s/100k")
				b.ReportMetric(float64(system.Goroutines()), "goroutines")
			}
		})
	}
}

// latency is the provider's, from QUEUES_LATENCY.
func latency(b *testing.B) time.Duration {
	b.Helper()
	text := os.Getenv("QUEUES_LATENCY")
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// seconds are the processor seconds of processes and of their living and ended children.
func seconds(b *testing.B, pids []int) float64 {
	b.Helper()
	const tick = 100
	ticks := 0
	for _, pid := range pids {
		ids := []int{pid}
		tasks, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
		for _, t := range tasks {
			text, _ := os.ReadFile(t)
			for id := range strings.FieldsSeq(string(text)) {
				child, _ := strconv.Atoi(id)
				ids = append(ids, child)
			}
		}
		for _, id := range ids {
			stat, err := os.ReadFile("/proc/" + strconv.Itoa(id) + "/stat")
			if err != nil {
				continue
			}
			fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
			for _, f := range fields[11:15] {
				n, _ := strconv.Atoi(f)
				ticks += n
			}
		}
	}
	return float64(ticks) / tick
}
