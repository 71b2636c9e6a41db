package api

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"hayauma.example/actors/explain"
	"hayauma.example/actors/provider"
)

const (
	validateEvery = 100 * time.Millisecond // one question to a provider, of all explanations of this node
	validateFor   = 20 * time.Second       // all questions of one explanation
)

// validations keeps the questions of all explanations apart.
type validations struct {
	mu   sync.Mutex
	next time.Time // when the next question may be asked
}

// wait is false where ctx is over before it is this question's turn.
func (v *validations) wait(ctx context.Context) bool {
	v.mu.Lock()
	at := time.Now()
	if v.next.After(at) {
		at = v.next
	}
	v.next = at.Add(validateEvery)
	v.mu.Unlock()
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// asked is what a provider is asked about.
type asked struct {
	provider provider.Provider
	endpoint provider.Endpoint
	shapes   []explain.Shape
}

// validate has a provider judge one body of each shape. It ends at the first answer that is no judgement: the next would be the same.
func (s *server) validate(ctx context.Context, a asked, v *Validation) {
	ctx, cancel := context.WithTimeout(ctx, validateFor)
	defer cancel()
	for _, shape := range a.shapes {
		if !s.validations.wait(ctx) {
			v.Problem = "there was not enough time for the others"
			break
		}
		answer := a.provider.Validate(ctx, a.endpoint, json.RawMessage(shape.Body))
		if answer.Verdict != provider.Accepted && answer.Verdict != provider.Refused {
			v.Problem = answer.Reason
			break
		}
		v.Checked++
		if answer.Verdict == provider.Refused {
			v.Refused = append(v.Refused, RefusedShape{Line: shape.Line, UserID: shape.User, Recipients: shape.Recipients, Reason: answer.Reason})
		}
	}
	v.NotChecked = v.Shapes - v.Checked
}
