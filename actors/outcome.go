package actors

// Outcome is what became of one recipient of one run.
//
// They are ordered: a later report replaces an outcome only by a greater one, within a generation and across generations
// (delivered > unknown > failed > cancelled). Suppressed and expired were never dispatched: nothing competes with them.
type Outcome uint8

// Outcomes in rising order.
const (
	Pending    Outcome = iota
	Expired            // the run came too late for it
	Suppressed         // the recipient doesn't want it
	Cancelled          // the operator's cancel came before the first call
	Failed             // finally refused, or not renderable
	Unknown            // may have been accepted: never sent again by itself
	Delivered          // the provider accepted it (LINE gives no receipt)
)

var outcomeNames = [...]string{"pending", "expired", "suppressed", "cancelled", "failed", "unknown", "delivered"}

// String is the outcome's name in the API and in exports.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "invalid"
}

// ParseOutcome is the inverse of String.
func ParseOutcome(name string) (Outcome, bool) {
	for o, n := range outcomeNames {
		if n == name {
			return Outcome(o), true
		}
	}
	return 0, false
}

// Merge is the one order everywhere.
func Merge(a, b Outcome) Outcome { return max(a, b) }

// Totals counts recipients by outcome.
type Totals [Delivered + 1]uint32

// Sum is the number of recipients counted.
func (t Totals) Sum() uint32 {
	var n uint32
	for _, c := range t {
		n += c
	}
	return n
}

// Settled is the number of recipients that have an outcome.
func (t Totals) Settled() uint32 { return t.Sum() - t[Pending] }
