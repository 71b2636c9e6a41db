package roster

// move is where an event leads, and what is to be done.
type move struct {
	next Phase
	do   Action
}

// fork is a move for each of the three cases that count: the view names us and we have a lease; the view names us, but we are
// suspended; the view names another, or nobody.
type fork struct{ ours, paused, theirs move }

func always(next Phase, do Action) fork { return fork{move{next, do}, move{next, do}, move{next, do}} }

func stay(p Phase) fork { return always(p, Nothing) }

// Forks that stand in several places.
var (
	claimOrIdle   = fork{move{Claiming, Claim}, move{Idle, Nothing}, move{Idle, Nothing}}
	lookOrIdle    = fork{move{Claiming, Look}, move{Idle, Nothing}, move{Idle, Nothing}}
	claimOrGive   = fork{move{Claiming, Claim}, move{Idle, Nothing}, move{Releasing, Release}}
	recoverOrGive = fork{move{Recovering, Replay}, move{Recovering, Replay}, move{Releasing, Release}}
	serveOrGive   = fork{move{Owned, Serve}, move{Owned, Serve}, move{Releasing, Release}}
	replayOrGive  = fork{move{Recovering, Nothing}, move{Recovering, Nothing}, move{Releasing, Release}}
	ownOrDrain    = fork{move{Owned, Nothing}, move{Owned, Nothing}, move{Releasing, Drain}}
)

// table has a line for everything that can happen; what is not in it is an ImpossibleError.
//
// A claim whose answer was lost may be stored later, when the shard is idle again: FenceFound mends it. Late news of what was
// dropped or is being released says nothing.
var table = map[Phase]map[Event]fork{
	Idle: {
		viewSeen: claimOrIdle, LeaseBack: claimOrIdle, LeaseLapsed: stay(Idle), MemberEnded: stay(Idle),
		FenceFound: claimOrGive,
	},
	Claiming: {
		viewSeen: stay(Claiming), LeaseBack: stay(Claiming), LeaseLapsed: stay(Claiming), MemberEnded: always(Lost, Drop),
		ClaimStored: recoverOrGive, FenceFound: recoverOrGive, ClaimBlocked: lookOrIdle, AnswerLost: lookOrIdle,
	},
	Recovering: {
		viewSeen: replayOrGive, LeaseBack: stay(Recovering), LeaseLapsed: stay(Recovering), MemberEnded: always(Lost, Drop),
		FenceFound: stay(Recovering), Replayed: serveOrGive, fenced: always(Lost, Drop), AppendUnclear: always(Lost, Drop),
	},
	Owned: {
		viewSeen: ownOrDrain, LeaseBack: stay(Owned), LeaseLapsed: stay(Owned), MemberEnded: always(Lost, Drop),
		FenceFound: stay(Owned), fenced: always(Lost, Drop), AppendUnclear: always(Lost, Drop),
	},
	Releasing: {
		viewSeen: stay(Releasing), LeaseBack: stay(Releasing), LeaseLapsed: stay(Releasing), MemberEnded: always(Lost, Drop),
		FenceFound: stay(Releasing), Replayed: stay(Releasing), Drained: always(Releasing, Release), AnswerLost: always(Releasing, Release),
		ReleaseStored: claimOrIdle, fenced: always(Lost, Drop), AppendUnclear: always(Lost, Drop),
	},
	Lost: {
		viewSeen: stay(Lost), LeaseBack: stay(Lost), LeaseLapsed: stay(Lost), MemberEnded: stay(Lost),
		FenceFound: stay(Lost), Replayed: stay(Lost), Drained: stay(Lost), ReleaseStored: stay(Lost), ClaimStored: stay(Lost),
		ClaimBlocked: stay(Lost), AnswerLost: stay(Lost), fenced: stay(Lost), AppendUnclear: stay(Lost),
		StateDropped: claimOrIdle, heldDropped: claimOrGive,
	},
}
