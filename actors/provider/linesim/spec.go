package linesim

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Faults says what goes wrong, how often. The zero value is a simulator without faults. See ParseFaults.
type Faults struct {
	ErrorBefore  float64 // 500, nothing accepted
	ErrorAfter   float64 // 500, though accepted
	TimeoutAfter float64 // accepted, never answered
	Reset        float64 // the connection is reset, half of them after acceptance
	RateLimit    float64 // 429, rate
	Monthly      float64 // 429, monthly limit
	Concurrency  float64 // 429, concurrent operations
	Unauthorized float64 // 401
	Slow         float64 // decided only after SlowBy
	SlowBy       time.Duration
	Latency      time.Duration // of every answer; the median where LatencyP99 is set
	LatencyP99   time.Duration // 0: the latency is constant
	Seed         uint64
}

// SpecError is a mistake in a fault list.
type SpecError struct {
	Item    string
	Problem string
}

func (e *SpecError) Error() string { return fmt.Sprintf("faults: %q: %s", e.Item, e.Problem) }

// names of the faults that are a probability, in the order in which they are documented.
func (f *Faults) probability(name string) *float64 {
	switch name {
	case "500-before":
		return &f.ErrorBefore
	case "500-after":
		return &f.ErrorAfter
	case "timeout-after":
		return &f.TimeoutAfter
	case "reset":
		return &f.Reset
	case "429":
		return &f.RateLimit
	case "429-monthly":
		return &f.Monthly
	case "429-concurrency":
		return &f.Concurrency
	case "401":
		return &f.Unauthorized
	}
	return nil
}

const known = "500-before=P, 500-after=P, timeout-after=P, reset=P, 429=P, 429-monthly=P, 429-concurrency=P, 401=P, slow=P:DURATION, latency=DURATION[/P99], " +
	"seed=N"

// ParseFaults reads a comma list of
//
//	500-before=P, 500-after=P, timeout-after=P, reset=P, 429=P, 401=P     P from 0 to 1, of the requests that get so far
//	429-monthly=P, 429-concurrency=P                                      the two other causes of a 429
//	slow=P:DURATION            decided only after DURATION, whether or not the client still waits
//	latency=DURATION           of every answer, after the decision
//	latency=DURATION/DURATION  log-normal by its median and 99th percentile
//	seed=N                     of the chance; 0 by default
//
// An empty list is no faults. The error is a *SpecError.
func ParseFaults(spec string) (Faults, error) {
	var f Faults
	seen := map[string]bool{}
	for item := range strings.SplitSeq(spec, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			if strings.TrimSpace(spec) == "" {
				return Faults{}, nil
			}
			return Faults{}, &SpecError{spec, "an item is empty: take out the spare comma"}
		}
		name, value, ok := strings.Cut(item, "=")
		if !ok {
			return Faults{}, &SpecError{item, "a value is missing; known are " + known}
		}
		if seen[name] {
			return Faults{}, &SpecError{item, name + " stands twice"}
		}
		seen[name] = true
		if problem := f.set(name, value); problem != "" {
			return Faults{}, &SpecError{item, problem}
		}
	}
	return f, nil
}

// set takes one item and returns what is wrong with it.
func (f *Faults) set(name, value string) (problem string) {
	if p := f.probability(name); p != nil {
		*p, problem = parseChance(value)
		return problem
	}
	switch name {
	case "slow":
		chance, by, ok := strings.Cut(value, ":")
		if !ok {
			return "must be slow=P:DURATION, such as slow=0.01:5s"
		}
		if f.Slow, problem = parseChance(chance); problem == "" {
			f.SlowBy, problem = parseDuration(by)
		}
	case "latency":
		median, p99, spread := strings.Cut(value, "/")
		if f.Latency, problem = parseDuration(median); problem == "" && spread {
			f.LatencyP99, problem = parseDuration(p99)
			if problem == "" && (f.Latency == 0 || f.LatencyP99 < f.Latency) {
				problem = "the 99th percentile must not be below the median, and the median not 0"
			}
		}
	case "seed":
		var err error
		if f.Seed, err = strconv.ParseUint(value, 10, 64); err != nil {
			problem = "the seed must be a whole number from 0 to 18446744073709551615"
		}
	default:
		problem = "unknown fault; known are " + known
	}
	return problem
}

func parseChance(s string) (float64, string) {
	p, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(p) || p < 0 || p > 1 {
		return 0, "the probability must be a number from 0 to 1"
	}
	return p, ""
}

func parseDuration(s string) (time.Duration, string) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > 24*time.Hour {
		return 0, "the duration must be like 20ms or 1.5s, from 0 to 24h"
	}
	return d, ""
}

// String writes the list that ParseFaults reads.
func (f Faults) String() string {
	var items []string
	for _, name := range []string{"500-before", "500-after", "timeout-after", "reset", "429", "429-monthly", "429-concurrency", "401"} {
		if p := *f.probability(name); p > 0 {
			items = append(items, name+"="+strconv.FormatFloat(p, 'g', -1, 64))
		}
	}
	if f.Slow > 0 {
		items = append(items, "slow="+strconv.FormatFloat(f.Slow, 'g', -1, 64)+":"+f.SlowBy.String())
	}
	if f.LatencyP99 > 0 {
		items = append(items, "latency="+f.Latency.String()+"/"+f.LatencyP99.String())
	} else if f.Latency > 0 {
		items = append(items, "latency="+f.Latency.String())
	}
	if f.Seed > 0 {
		items = append(items, "seed="+strconv.FormatUint(f.Seed, 10))
	}
	return strings.Join(items, ",")
}
