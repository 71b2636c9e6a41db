// Package gate is the only starter of provider calls: one plain cell per node and channel. Everything that stops calls (limits,
// fairness, pause, cancel, quota, suspension) does it by handing out no token here.
//
//	poster ──Wait──▶ parked ──token──▶ in flight ──Ended──▶ forgotten
//	                   │  ▲               │
//	        NotBefore ─┘  │               └─Unused──▶ forgotten (the poster waits anew)
//	                      │
//	     Withdraw, Deadline (GiveBack), run over (Drop) ──▶ forgotten
//
// Calls of one run and endpoint start in the order of the plan, those that can't be given back before the untried ones; runs of the highest
// priority go first, and those of one priority take turns of as many calls as they weigh, by what came with their tokens. As many calls are in
// flight as the provider's latency asks for (width.go), and all gates together at most MaxInFlight (share.go).
//
// Tokens come from the channel: one question ([actors.WantTokens]) at a time, and with it what became of the tokens before, what demand is
// free again, what became of calls, one by one of the breaker's trials, and what trouble the provider made. A token is void
// [channel.TokenLife] after its question was sent. Where an endpoint has no
// limit the answer is a lease of that length for any number of calls, so a busy gate asks some ten times a second however fast it is.
//
// Right before a call starts the gate's Deps are asked whether this node still may: a token that comes after its node's lease has lapsed is
// given back. What is said between a poster and its gate never leaves the node; a poster that does says Left, and so the tokens that it had
// not seen come back.
//
// # Failure
//
// A question without an answer is asked again under its number with the same report, so that nothing is counted twice; meanwhile no
// call starts. Trouble voids the tokens at hand and is reported at once. A token that a poster neither used nor gave back (its node
// lives, so the poster was lost by a panic) is forgotten after the longest time that a call can take. After a panic of its own a gate goes
// on with what it holds.
package gate
