package linesim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/line"
)

// inProcess is one channel of a simulator, without sockets.
type inProcess struct {
	sim   *Sim
	token string
}

var _ provider.Provider = inProcess{}

// Provider is the channel of a token behind the pipeline's seam: the same core, faults and times as over HTTP, and the same reading of
// answers (line.Classify). In a testing/synctest bubble all times are virtual. A slow request is decided even after its call has
// returned, if the bubble still runs then.
func (s *Sim) Provider(token string) provider.Provider { return inProcess{s, token} }

// Send makes one attempt.
func (p inProcess) Send(ctx context.Context, c provider.Call) provider.Answer {
	if c.Endpoint > provider.Multicast || len(c.To) == 0 || c.Endpoint == provider.Push && len(c.To) != 1 {
		return provider.Answer{Verdict: provider.Refused, Reason: "malformed call: the endpoint is unknown or the number of recipients doesn't fit it"}
	}
	return p.attempt(ctx, &Request{Token: p.token, Endpoint: c.Endpoint, Key: c.Key.String(), To: c.To, Messages: c.Messages})
}

// Validate checks messages.
func (p inProcess) Validate(ctx context.Context, e provider.Endpoint, messages json.RawMessage) provider.Answer {
	if e > provider.Multicast {
		return provider.Answer{Verdict: provider.Refused, Reason: "malformed call: the endpoint is unknown"}
	}
	return p.attempt(ctx, &Request{Token: p.token, Endpoint: e, Validate: true, Messages: messages})
}

// Quota reads the month.
func (p inProcess) Quota(ctx context.Context) (provider.Quota, error) {
	if err := ctx.Err(); err != nil {
		return provider.Quota{}, err
	}
	limit, used, ok := p.sim.Quota(p.token, p.now())
	if !ok {
		d := refuse(&saysUnauthorized)
		return provider.Quota{}, &line.AnswerError{Op: "read the quota", Answer: classify(&d)}
	}
	if limit == Unlimited {
		return provider.Quota{Used: used}, nil
	}
	return provider.Quota{Limited: true, Limit: limit, Used: used}, nil
}

func (p inProcess) now() time.Time {
	if p.sim.options.Now != nil {
		return p.sim.options.Now()
	}
	return time.Now()
}

// attempt gives a request its fate and waits for what the client would see of it.
func (p inProcess) attempt(ctx context.Context, q *Request) provider.Answer {
	if err := ctx.Err(); err != nil {
		return provider.Answer{Verdict: provider.Unsent, Reason: err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, provider.Timeout)
	defer cancel()
	fate := p.sim.Draw()
	if fate.Wait == 0 {
		return p.answer(ctx, p.sim.Decide(q, fate, p.now()), fate.Latency)
	}
	late := *q // decided when the caller may use its memory for something else
	late.To, late.Messages = slices.Clone(q.To), slices.Clone(q.Messages)
	decided := make(chan Decision, 1)
	time.AfterFunc(fate.Wait, func() { decided <- p.sim.Decide(&late, fate, p.now()) })
	select {
	case d := <-decided:
		return p.answer(ctx, d, fate.Latency)
	case <-ctx.Done():
		return doubtful(ctx.Err())
	}
}

// answer lets a decision reach the client after its latency.
func (p inProcess) answer(ctx context.Context, d Decision, latency time.Duration) provider.Answer {
	if latency > 0 || d.Manner == Held {
		timer := time.NewTimer(max(1, latency))
		defer timer.Stop()
		arrives := timer.C
		if d.Manner == Held {
			arrives = nil
		}
		select {
		case <-arrives:
		case <-ctx.Done():
			return doubtful(ctx.Err())
		}
	}
	if d.Manner == Cut {
		return doubtful(errReset)
	}
	return classify(&d)
}

var errReset = errors.New("connection reset by the simulator")

func doubtful(err error) provider.Answer {
	return provider.Answer{Verdict: provider.Doubtful, Reason: err.Error()}
}

// classify reads a decision as the client reads its HTTP form.
func classify(d *Decision) provider.Answer {
	h := http.Header{}
	d.header(h)
	return line.Classify(d.Status, h, d.appendBody(nil), nil)
}
