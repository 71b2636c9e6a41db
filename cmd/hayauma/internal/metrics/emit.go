package metrics

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"hayauma.example/engine/meter"
)

// Classic buckets. All are bounds of package meter.
var (
	durations = prometheus.ExponentialBuckets(0.001, 4, 13)      // 1 ms to 4.7 h
	moments   = prometheus.ExponentialBuckets(0.001/1024, 16, 7) // 1 µs to 16 s: what takes no time where all is well
	amounts   = prometheus.ExponentialBuckets(1, 4, 8)           // 1 to 16384
)

func gauge(ch chan<- prometheus.Metric, m *Metric, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(m.desc, prometheus.GaugeValue, v, labels...)
}

func counter(ch chan<- prometheus.Metric, m *Metric, v uint64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(m.desc, prometheus.CounterValue, float64(v), labels...)
}

// shape is how a histogram is shown.
type shape struct {
	metric  *Metric
	classic []float64
}

func (s shape) collect(ch chan<- prometheus.Metric, r meter.Reading, labels ...string) {
	ch <- histogram{s, r, prometheus.MakeLabelPairs(s.metric.desc, labels)}
}

// histogram is a reading as a metric: classic buckets, and native ones for a Prometheus that takes them.
type histogram struct {
	shape
	reading meter.Reading
	labels  []*dto.LabelPair
}

// Desc implements prometheus.Metric.
func (h histogram) Desc() *prometheus.Desc { return h.metric.desc }

// Write implements prometheus.Metric.
func (h histogram) Write(out *dto.Metric) error {
	out.Label = h.labels
	out.Histogram = &dto.Histogram{SampleCount: new(h.reading.Count()), SampleSum: new(h.reading.Sum)}
	for _, bound := range h.classic {
		out.Histogram.Bucket = append(out.Histogram.Bucket, &dto.Bucket{CumulativeCount: new(h.reading.Below(bound)), UpperBound: new(bound)})
	}
	native(out.Histogram, h.reading)
	return nil
}

// native adds buckets whose bounds are the powers of two: schema 0, where bucket i ends at 2^i. What is up to the first bound counts as zero.
func native(out *dto.Histogram, r meter.Reading) {
	bounds := meter.Bounds()
	out.Schema, out.ZeroThreshold, out.ZeroCount = new(int32(0)), new(bounds[0]), new(r.Counts[0])
	var counts []int64 // of the buckets behind
	within := int64(0)
	for i, n := range r.Counts[1:] {
		within += int64(n)
		if at := i + 1; at == len(bounds) || isPower(bounds[at]) {
			counts = append(counts, within)
			within = 0
		}
	}
	first, end := 0, len(counts)
	for first < end && counts[first] == 0 {
		first++
	}
	for end > first && counts[end-1] == 0 {
		end--
	}
	span := &dto.BucketSpan{Offset: new(int32(0)), Length: new(uint32(end - first))} // an empty one says that there are native buckets
	if end > first {
		*span.Offset = int32(math.Ilogb(bounds[0]) + 1 + first)
	}
	out.PositiveSpan = []*dto.BucketSpan{span}
	before := int64(0)
	for _, n := range counts[first:end] {
		out.PositiveDelta = append(out.PositiveDelta, n-before)
		before = n
	}
}

func isPower(v float64) bool {
	fraction, _ := math.Frexp(v)
	return fraction == 0.5
}
