package roster

import (
	"errors"
	"fmt"
)

// ErrImpossible: an event that can't happen in this phase: the caller has lost count of its claims.
var ErrImpossible = errors.New("roster: impossible event")

// ImpossibleError tells which event met which phase. errors.Is finds ErrImpossible.
type ImpossibleError struct {
	Phase Phase
	Event Event
}

// Error implements error.
func (e *ImpossibleError) Error() string {
	return fmt.Sprintf("%v: %s in phase %s: report each outcome once, of the newest claim only", ErrImpossible, e.Event, e.Phase)
}

// Unwrap implements errors.Is.
func (e *ImpossibleError) Unwrap() error { return ErrImpossible }

// Phase is how far a member is with one shard.
type Phase string

// Phases.
const (
	Idle       Phase = "idle"
	Claiming   Phase = "claiming"
	Recovering Phase = "recovering"
	Owned      Phase = "owned"
	Releasing  Phase = "releasing"
	Lost       Phase = "lost"
)

// Event is what happened to a shard.
type Event string

// Events. Views come by See and the fencing by Fenced, because they carry more.
const (
	viewSeen Event = "view_seen"
	fenced   Event = "fenced"

	LeaseLapsed   Event = "lease_lapsed"
	LeaseBack     Event = "lease_back"
	MemberEnded   Event = "member_ended"   // our lease has ended for good
	FenceFound    Event = "fence_found"    // the fence names us as its owner: an earlier claim was stored after all
	ClaimStored   Event = "claim_stored"   // our claim
	ClaimBlocked  Event = "claim_blocked"  // MayClaim refused, or another wrote the fence at the same moment
	AnswerLost    Event = "answer_lost"    // to our claim or release
	Replayed      Event = "replayed"       // what wakes up is awake
	Drained       Event = "drained"        // provider calls ended or parked, everything stored
	ReleaseStored Event = "release_stored" // the fence says released
	AppendUnclear Event = "append_unclear" // journal.ErrLost: the fence may still be ours
	StateDropped  Event = "state_dropped"  // after Drop
	heldDropped   Event = "held_dropped"   // StateDropped after AppendUnclear
)

// Action is what the caller has to do next; its outcome comes back as an event.
type Action string

// Actions.
const (
	Nothing Action = ""
	Claim   Action = "claim"   // read the fence, MayClaim, write it: ClaimStored, ClaimBlocked, AnswerLost
	Look    Action = "look"    // the same when the fence changes, or after a while; tell the holder to look at it too
	Replay  Action = "replay"  // Replayed, Fenced, AppendUnclear
	Serve   Action = "serve"   // take messages
	Drain   Action = "drain"   // Drained, Fenced, AppendUnclear
	Release Action = "release" // write the fence {released, to}: ReleaseStored, Fenced, AnswerLost
	Drop    Action = "drop"    // stop everything of the shard, store nothing: StateDropped
)

// Shard is one member's share in one shard: a value; each event gives the next one. The zero Shard is of no use: see NewShard.
type Shard struct {
	me     string
	phase  Phase
	epoch  uint64 // of the newest view seen
	owner  string // by that view; "" nobody
	holder string // who fenced us, until a newer view tells; "" unknown
	leased bool
	unsure bool // lost by an unclear append: the fence may still be ours
}

// NewShard begins idle and without a lease: LeaseBack tells that it is there.
func NewShard(me string) Shard { return Shard{me: me, phase: Idle} }

// Phase is where the shard stands.
func (s Shard) Phase() Phase { return s.phase }

// Owner is the owner by the newest view seen; "" is nobody.
func (s Shard) Owner() string { return s.owner }

// See takes the owner that a view names; views older than the newest seen change nothing.
func (s Shard) See(epoch uint64, owner string) (Shard, Action, error) {
	if epoch < s.epoch {
		return s, Nothing, nil
	}
	if epoch > s.epoch {
		s.holder = ""
	}
	s.epoch, s.owner = epoch, owner
	return s.step(viewSeen)
}

// Fenced says that another has claimed the shard; holder is who, where it is known, and messages are sent there until a newer view comes.
func (s Shard) Fenced(holder string) (Shard, Action, error) {
	next, do, err := s.step(fenced)
	if err == nil && holder != s.me {
		next.holder = holder
	}
	return next, do, err
}

// On takes any other event.
func (s Shard) On(e Event) (Shard, Action, error) {
	next := s
	switch e {
	case LeaseBack:
		next.leased = true
	case LeaseLapsed, MemberEnded:
		next.leased = false
	case AppendUnclear:
		next.unsure = s.phase != Lost || s.unsure
	case StateDropped:
		next.unsure = false
		if s.unsure {
			e = heldDropped
		}
	}
	next, do, err := next.step(e)
	if err != nil {
		return s, Nothing, err
	}
	return next, do, nil
}

func (s Shard) step(e Event) (Shard, Action, error) {
	to, ok := table[s.phase][e]
	if !ok {
		return s, Nothing, &ImpossibleError{s.phase, e}
	}
	m := s.pick(to)
	s.phase = m.next
	if e == fenced {
		s.unsure = false
	}
	return s, m.do, nil
}

func (s Shard) pick(f fork) move {
	switch {
	case s.owner != s.me:
		return f.theirs
	case !s.leased:
		return f.paused
	default:
		return f.ours
	}
}
