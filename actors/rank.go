package actors

// Priority is how the calls of a run stand beside those of the other runs of its channel: none of a lower one gets a token while calls of a
// higher one wait. Empty is normal.
type Priority string

// The priorities.
const (
	PriorityHigh   Priority = "high"
	PriorityNormal Priority = "normal"
	PriorityLow    Priority = "low"
)

// Priorities is how many there are.
const Priorities = 3

// Known tells whether it is a priority, or empty.
func (p Priority) Known() bool {
	return p == "" || p == PriorityHigh || p == PriorityNormal || p == PriorityLow
}

// Or is the priority, normal where it is empty.
func (p Priority) Or() Priority {
	if p == "" {
		return PriorityNormal
	}
	return p
}

// Order is 0 for the highest priority, and Priorities-1 for the lowest. What is not known here counts as normal.
func (p Priority) Order() int {
	switch p {
	case PriorityHigh:
		return 0
	case PriorityLow:
		return Priorities - 1
	}
	return 1
}

// Weights of runs: runs of one priority that have enough waiting share the channel's limits in proportion to theirs.
const (
	DefaultWeight = 10
	MaxWeight     = 100
)

// WeightOf is a weight as it counts: 0 is the default.
func WeightOf(n int) int {
	if n <= 0 {
		return DefaultWeight
	}
	return min(n, MaxWeight)
}
