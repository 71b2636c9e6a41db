package queues

import (
	"fmt"
	"iter"
	"os"

	"github.com/google/uuid"

	"hayauma.example/actors/audience"
	"hayauma.example/benchmarks/pipeline"
)

// request is one call to make, as it stands in a queue.
type request struct {
	Key    uuid.UUID `json:"key"` // the provider's retry key, the same on every attempt
	To     []string  `json:"to"`
	Values []string  `json:"values,omitempty"` // of columns; none for a multicast
}

// columns are what a push's text needs, in the order of request.Values.
var columns = []string{"name", "coupon"}

// requests are the job's calls: one a recipient, or one for up to size recipients of a multicast.
func requests(job pipeline.Job, size int) iter.Seq2[request, error] {
	return func(yield func(request, error) bool) {
		file, err := os.Open(job.Audience)
		if err != nil {
			yield(request{}, err)
			return
		}
		defer func() { _ = file.Close() }() // what was read is checked by its own errors
		reader, err := audience.Open(audience.Source{Reader: file, Format: audience.CSV}, audience.Limits{}, columns)
		if err != nil {
			yield(request{}, err)
			return
		}
		if job.Kind == pipeline.Multicast {
			group(reader, size, yield)
			return
		}
		for row, err := range reader.Records() {
			if err != nil {
				yield(request{}, err)
				return
			}
			r := request{Key: uuid.New(), To: []string{string(row.User)}}
			for _, v := range row.Values {
				r.Values = append(r.Values, string(v))
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// group yields one request for up to size recipients.
func group(reader *audience.Reader, size int, yield func(request, error) bool) {
	var to []string
	for row, err := range reader.Records() {
		if err != nil {
			yield(request{}, err)
			return
		}
		if to = append(to, string(row.User)); len(to) < size {
			continue
		}
		if !yield(request{Key: uuid.New(), To: to}, nil) {
			return
		}
		to = nil
	}
	if len(to) > 0 {
		yield(request{Key: uuid.New(), To: to}, nil)
	}
}

// check compares what was composed with what the job says.
func check(job pipeline.Job, recipients int) error {
	if recipients != job.Recipients {
		return fmt.Errorf("queues: %s has %d recipients, the job says %d", job.Audience, recipients, job.Recipients)
	}
	return nil
}
