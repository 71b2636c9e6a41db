package actors

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync/atomic"

	product "hayauma.example/actors"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/line"
	"hayauma.example/benchmarks/pipeline"
)

// desk is what the actors of one worker share.
type desk struct {
	ctx      context.Context // the worker's life
	job      pipeline.Job
	delays   delays
	provider provider.Provider

	space  [16]byte     // of the retry keys; a worker's own
	panics atomic.Int64 // of the provider, each an attempt in doubt
}

func newDesk(ctx context.Context, o order, p provider.Provider) *desk {
	d := &desk{ctx: ctx, job: o.Job, delays: o.Delays.orProduct(), provider: p}
	_, _ = rand.Read(d.space[:]) // never fails
	return d
}

// newProvider is the client as the daemon makes it.
func newProvider(job pipeline.Job) (*line.Client, error) {
	token := func() (string, error) { return "benchmark", nil }
	return line.New(line.Config{Endpoint: job.Endpoint, Token: token, MaxInFlight: job.InFlight})
}

// call makes one attempt and waits for its answer.
func (d *desk) call(m *message) (answer provider.Answer) {
	defer func() {
		if v := recover(); v != nil {
			d.panics.Add(1)
			answer = provider.Answer{Verdict: provider.Doubtful, Reason: fmt.Sprintf("the provider's client panicked: %v", v)}
		}
	}()
	path := product.Span{Lo: m.number, Hi: m.number + 1}
	return d.provider.Send(d.ctx, provider.Call{
		Endpoint: m.endpoint, Key: product.RetryKey(d.space, "benchmark", 1, 0, path), To: m.to, Messages: m.body,
	})
}

// deliver makes the poster's attempt number tries.
func (d *desk) deliver(m *message, tries int) report {
	return report{number: m.number, recipients: len(m.to), tries: tries, answer: d.call(m)}
}
