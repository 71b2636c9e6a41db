package redisqueue

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Job is what waits in a stage.
type Job struct {
	Payload string
	Due     time.Time // zero: it is ready
	Problem string    // why it can't be read; empty: nothing
}

func (j Job) due() *time.Time {
	if j.Due.IsZero() {
		return nil
	}
	return &j.Due
}

// Stage is a place where jobs wait.
type Stage interface {
	// Name tells which it is: list jobs.
	Name() string
	// Page reads up to n jobs from a place on. None: there are no more.
	Page(ctx context.Context, from, n int64) ([]Job, error)
	// Remove takes jobs out, and tells how many of them were not there any more.
	Remove(ctx context.Context, jobs []Job) (gone int, err error)
}

// Unit is what the scores of a sorted set count.
type Unit string

// The units.
const (
	Auto         Unit = "auto" // milliseconds from 100 billion on: seconds are as many in the year 5138, and milliseconds were in 1973
	Seconds      Unit = "s"
	Milliseconds Unit = "ms"
)

const autoFrom = 1e11

// Validate tells whether there is such a unit.
func (u Unit) Validate() error {
	switch u {
	case Auto, Seconds, Milliseconds:
		return nil
	}
	return fmt.Errorf("%q is no unit of scores: auto, s or ms", string(u))
}

// Delayed is a job of a sorted set, by its score.
func (u Unit) Delayed(payload string, score float64) Job {
	const latest = 253402300799 // the last second of the year 9999
	seconds := score
	if u == Milliseconds || u == Auto && math.Abs(score) >= autoFrom {
		seconds = score / 1000
	}
	if math.IsNaN(seconds) || seconds < 0 || seconds > latest {
		return Job{Payload: payload, Problem: fmt.Sprintf("its score %v is no time", score)}
	}
	// Scores are floats, which have a microsecond of seconds: what is below a millisecond is their noise.
	return Job{Payload: payload, Due: time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()}
}
