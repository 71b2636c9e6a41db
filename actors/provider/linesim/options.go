package linesim

import (
	"fmt"
	"time"
)

// LINE's limits, in requests per second, channel and endpoint.
const (
	PushPerSecond      = 2000
	MulticastPerSecond = 200
	ValidatePerSecond  = 2000
)

// Limits are the rates that a channel may call at. The zero value is LINE's.
type Limits struct {
	Off                       bool // no limits at all
	Push, Multicast, Validate int  // requests per second; 0: LINE's
}

// ParseLimits reads "line" or "off".
func ParseLimits(s string) (Limits, error) {
	switch s {
	case "line", "":
		return Limits{}, nil
	case "off":
		return Limits{Off: true}, nil
	}
	return Limits{}, fmt.Errorf("limits %q: must be line or off", s)
}

// rate of an endpoint, in requests per second.
func (l Limits) rate(e endpoint) float64 {
	given, lines := l.Validate, ValidatePerSecond
	switch e {
	case push:
		given, lines = l.Push, PushPerSecond
	case multicast:
		given, lines = l.Multicast, MulticastPerSecond
	}
	if given > 0 {
		return float64(given)
	}
	return float64(lines)
}

// Order says which of two checks comes first where both would answer: LINE doesn't tell.
type Order uint8

// The orders.
const (
	KeyFirst  Order = iota // an accepted key answers 409, whatever the body and the recipients
	BodyFirst              // a bad body or an unknown user answers 400, even under an accepted key
)

// KeyLife is how long a retry key is remembered after its first request.
const KeyLife = 24 * time.Hour

// Unlimited is the quota of a channel without a monthly limit.
const Unlimited = -1

// Options configure a simulator. The zero value behaves like LINE and never fails.
type Options struct {
	Faults     Faults
	Limits     Limits
	Order      Order
	LedgerOnly bool             // no checks of the contract, for speed; keys, faults, limits and the ledger stay
	Tokens     []string         // channel access tokens that are known; empty: every token is
	Quota      *int64           // monthly limit of every channel; nil: none
	Now        func() time.Time // clock of Server and Provider; nil: time.Now
}
