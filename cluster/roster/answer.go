package roster

// Verb is what becomes of a message to a grain of a shard.
type Verb string

// Verbs.
const (
	Take   Verb = "take"
	Hold   Verb = "hold"   // keep it, in order, until the shard's phase or owner changes; then ask again
	Moved  Verb = "moved"  // not handled: the sender is to ask To
	Refuse Verb = "refuse" // not handled, and Reason says why
)

// Because names the ground of an answer.
type Because string

// Grounds.
const (
	BecauseOwned     Because = "owned"
	BecauseStarting  Because = "starting"  // ours, but not served yet
	BecauseSuspended Because = "suspended" // ours, and served again when the lease is back
	BecauseElsewhere Because = "elsewhere" // the view names another
	BecauseFenced    Because = "fenced"    // our view names us, but another has claimed it since
	BecauseNobody    Because = "nobody"    // no active member carries the role
	BecauseFull      Because = "full"      // held messages are at their bound
)

// MaxHeld bounds the messages that a member holds for one shard.
const MaxHeld = 1000

// Answer is what to do with a message.
type Answer struct {
	Verb   Verb
	To     string // incarnation; of Moved
	Reason Because
}

// Answer tells what becomes of a message while held others are already kept for the shard. Only Take handles one; so whoever was
// answered Moved may be sent on.
func (s Shard) Answer(held int) Answer {
	switch {
	case s.owner == "":
		return Answer{Verb: Refuse, Reason: BecauseNobody}
	case s.owner != s.me:
		return Answer{Verb: Moved, To: s.owner, Reason: BecauseElsewhere}
	case s.phase == Owned && s.leased:
		return Answer{Verb: Take, Reason: BecauseOwned}
	case s.holder != "" && s.phase != Owned && s.phase != Recovering:
		return Answer{Verb: Moved, To: s.holder, Reason: BecauseFenced}
	case held >= MaxHeld:
		return Answer{Verb: Refuse, Reason: BecauseFull}
	case !s.leased:
		return Answer{Verb: Hold, Reason: BecauseSuspended}
	default:
		return Answer{Verb: Hold, Reason: BecauseStarting}
	}
}
