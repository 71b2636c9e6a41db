package engine

import "fmt"

// The engine's own topics.
var (
	// DeadLetters has what nobody handled, up to 1,024 in 100 ms; Stats counts them all.
	DeadLetters = NewTopic[DeadLetter]("engine.dead_letters")
	// Lives has what happens to actors: Phases.
	Lives = NewTopic[Life]("engine.lives")
	// Escalations has failures that are handed up, each at every level.
	Escalations = NewTopic[Escalation]("engine.escalations")
)

// Escalation is a failure that an actor's supervision handed up; the actor ends.
type Escalation struct {
	Kind, ID string // of the actor; the identity of a private kind is "private"
	Err      error
	Top      bool // to the system: nobody above deals with it
}

// DeadLetter is a message that nobody handled.
type DeadLetter struct {
	Kind, ID string // of the actor it was sent to; the identity of a private kind is "private"
	Message  any
	Reason   string
}

// Life is what happened to an actor.
type Life struct {
	Kind, ID string // the identity of a private kind is "private"
	Phase    Phase
	Err      error // of PhaseFailed and PhaseRestarting
}

// Phase is a moment of an actor's life.
type Phase uint8

const (
	PhaseStarted    Phase = iota // activated: Started is done
	PhaseFailed                  // a handler panicked, or a child's failure was escalated
	PhaseRestarting              // the activation has ended, another begins, after a pause perhaps
	PhaseStopped                 // it has left memory
)

// String returns the phase's name.
func (p Phase) String() string {
	names := [...]string{"started", "failed", "restarting", "stopped"}
	if int(p) < len(names) {
		return names[p]
	}
	return fmt.Sprintf("Phase(%d)", uint8(p))
}

// announce publishes a phase where somebody listens.
func (c *cell) announce(p Phase, err error) {
	if s := c.kind.sys; Lives.followed(s) && !s.dead.Load() {
		Lives.Publish(s, Life{Kind: c.kind.name, ID: c.shownID(), Phase: p, Err: err})
	}
}
