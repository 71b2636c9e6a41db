package queues

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/template"
	"hayauma.example/benchmarks/pipeline"
)

// refusedError is an answer that repeating can't change.
type refusedError struct{ answer provider.Answer }

func (e *refusedError) Error() string {
	return fmt.Sprintf("refused with status %d: %s", e.answer.Status, e.answer.Reason)
}

// againError is an answer after which the same request is sent again under the same key.
type againError struct{ answer provider.Answer }

func (e *againError) Error() string {
	return fmt.Sprintf("not accepted yet, status %d: %s", e.answer.Status, e.answer.Reason)
}

// poster renders and calls the provider, for the queues in Go.
type poster struct {
	client   *line.Client
	endpoint provider.Endpoint
	body     *template.Bound
	pace     *pace
}

// newPoster is the client of the product with the product's settings, for one job. It paces only after begin.
func newPoster(job pipeline.Job) (*poster, error) {
	p := &poster{endpoint: provider.Push, pace: newPace(job.Rate)}
	text, names := pipeline.PushText, columns
	if job.Kind == pipeline.Multicast {
		p.endpoint, text, names = provider.Multicast, pipeline.MulticastText, nil
	}
	messages, err := json.Marshal([]map[string]string{{"type": "text", "text": text}})
	if err != nil {
		return nil, err
	}
	parsed, err := template.Parse(messages, template.Options{})
	if err != nil {
		return nil, err
	}
	if p.body, err = parsed.Bind(names, time.Now()); err != nil {
		return nil, err
	}
	token := func() (string, error) { return token, nil }
	p.client, err = line.New(line.Config{Endpoint: job.Endpoint, Token: token, MaxInFlight: inFlight(job)})
	return p, err
}

// token is the channel access token of every system here.
const token = "benchmark"

// inFlight is how many calls a queue in Go makes at once.
func inFlight(job pipeline.Job) int {
	const usual = 256
	if job.InFlight > 0 {
		return job.InFlight
	}
	return usual
}

// post makes one attempt: nil once the provider has accepted it, now or earlier under the same key.
func (p *poster) post(ctx context.Context, r request) error {
	if err := p.pace.wait(ctx); err != nil {
		return err
	}
	body, err := p.body.Render(nil, r.Values)
	if err != nil {
		return err
	}
	answer := p.client.Send(ctx, provider.Call{Endpoint: p.endpoint, Key: r.Key, To: r.To, Messages: body})
	return outcome(answer)
}

// outcome says what is to be done after an answer.
func outcome(answer provider.Answer) error {
	switch answer.Verdict {
	case provider.Accepted:
		return nil
	case provider.Unsent, provider.Throttled, provider.Doubtful:
		return &againError{answer}
	default:
		return &refusedError{answer}
	}
}

// final reports whether the attempt's error ends the job.
func final(err error) bool {
	var refused *refusedError
	return errors.As(err, &refused)
}
