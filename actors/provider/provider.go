// Package provider is the seam between the pipeline and a messaging service: one call, one answer.
//
// An answer says what is certain, because the sending protocol (package actors) stands on it:
//
//	Accepted      the provider took the request, now or under an earlier attempt with the same key
//	Unsent        the request surely never left (dial refused, host unknown): as if never called
//	Throttled     rate limit; nothing was accepted by this attempt
//	OverQuota     monthly limit; nothing was accepted
//	Unauthorized  token refused; nothing was accepted
//	Refused       a final refusal of this request (4xx); this attempt accepted nothing
//	Doubtful      time-out, reset, 5xx, unreadable answer: may have been accepted; repeat with the same key and bytes
//
// Whether an earlier attempt under the same key was accepted is not told by Refused: that is the checker's to judge.
package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Endpoint is the kind of call; limits are counted per channel and endpoint.
type Endpoint uint8

// The endpoints that the pipeline sends by.
const (
	Push      Endpoint = iota // one recipient
	Multicast                 // 1 to 500 recipients, one body
)

// Call is one request. Key and the bytes of To and Messages are the same on every attempt.
type Call struct {
	Endpoint Endpoint
	Key      uuid.UUID       // retry key, valid 24 h from the first request
	To       []string        // exactly one for Push
	Messages json.RawMessage // JSON array of 1 to 5 message objects, sent as it is
}

// Verdict says what an answer makes certain.
type Verdict uint8

// The verdicts, see the package documentation.
const (
	Accepted Verdict = iota + 1
	Unsent
	Throttled
	OverQuota
	Unauthorized
	Refused
	Doubtful
)

// Answer is the outcome of one attempt.
type Answer struct {
	Verdict   Verdict
	Status    int    // HTTP status, 0 where there was none
	RequestID string // the provider's id of the request that counts (on a repeat: of the accepted one)
	Reason    string // the provider's or the transport's words, at most 300 bytes, without personal data
	NoUser    bool   // Refused because the recipient can never be reached; of several recipients it doesn't tell which
}

// Quota is what a channel may still send this month.
type Quota struct {
	Limited bool
	Limit   int64 // messages a month, when Limited
	Used    int64 // approximate
}

// Provider sends for one channel. Implementations are safe for concurrent use and never panic.
type Provider interface {
	// Send makes one attempt. It returns when there is an answer or ctx ends (Doubtful, or Unsent if nothing left).
	Send(ctx context.Context, c Call) Answer
	// Validate asks the provider to check messages without sending (LINE: /validate/...). It costs no quota.
	Validate(ctx context.Context, e Endpoint, messages json.RawMessage) Answer
	// Quota reads the month's limit and consumption.
	Quota(ctx context.Context) (Quota, error)
}

// Timeout is how long one attempt may take before it is Doubtful.
const Timeout = 10 * time.Second
