// Package channel is the channel grain: one account at the provider, its settings, limits, pauses, and the only granter of tokens
// (leave to start a provider call) and of demand (leave to render).
//
//	composer ──WantDemand──▶ channel ──Granted──▶ composer
//	gate ─────WantTokens───▶ channel ──Tokens───▶ gate ──Start──▶ poster
//	campaign ─RunStanding──▶ channel ──StandingOf, ChannelState──▶ campaign
//
// Durable are its settings and its pause; everything else is of this activation and is made again: what runs may do is asked of their
// campaigns, demand that was given out before is not counted any more, and the log of starts is assumed full.
//
// # Limits
//
// Per endpoint with a limit L there is a sliding log of L places. A token holds a place from its grant until 1 s after its start. The
// start is known from the gate's report ("so long before this question"), taken as if the question had needed no time, which can only
// hold the place longer. A token without a report holds it until 1.1 s after the question that it answers was received: a gate voids
// tokens 100 ms after it asked. So no second holds more than L starts, whatever is late or lost.
//
// Grants are spread: at most max(1, 2 % of L) at once, and in any x seconds at most L·(x+lead), lead being the time of such a burst and 30 ms.
// A fresh activation can't know the starts of an earlier one. That one kept to the same pace until at most now, and its last
// token is void 100 ms from now: starts in the second before t are at most L·(now+100ms+lead − t + 1s). What is left of L at t grows
// with L from now+100ms+lead on, so places are freed at just that pace, the last when every earlier start is surely a second old: no
// second too many, and after a fail-over the first call starts after 0.1 s + lead instead of 1.1 s.
//
// # Standing
//
//	RunUnknown ──RunStanding──▶ RunActive ⇄ RunHeld ──▶ RunOver (remembered for 10 minutes; a later generation is RunUnknown again)
//
// Tokens and demand go to active runs only. An unknown run's campaign is asked, at most once a second. The run of all single messages
// ([actors.MessagesRun]) is nobody's: it is active from the beginning, of high priority and default weight.
//
// # Priorities and weights
//
// Tokens of one endpoint, and demand, go to the highest priority first: none to a lower one while calls of a higher one lack tokens at any gate
// that keeps its turn. Runs of one priority that have enough waiting get shares in proportion to their weights, by start-time fair queueing:
//
//	pass(run) += tokens / weight        the run with the least pass is next
//	a run that begins to lack tokens is raised to the least pass of those that lack some
//	a gate's run may be ahead of runs that lack tokens at other gates by its part of a burst, and of itself at other gates by a burst
//
// The gates of a run are level with each other. Where an endpoint has no limit there is nothing to divide here: gates start what waits by the
// priorities and weights that come with the grants. Demand is divided likewise, by bytes; the request that waits for its room isn't passed over
// but by a higher priority.
//
// # Quota
//
// The month's quota is read when a run that has recipients left stands active and no figure is younger than 10 minutes, then every 10 minutes
// while there are such runs, and at an operator's resume; never by more than one question at a time. Runs reserve what they need, the oldest
// first. One that has not begun and needs more than is left is held, says why, and reserves nothing:
//
//	left = limit − used − Σ of older runs: the most that each needed since the quota was read
//
// A campaign's question about the channel waits for the answer, so that no window is opened before. A run that has begun is not held for the
// quota's sake, because what is in flight is counted by the provider and not yet by its campaign, or the other way round; the provider's own
// refusal stops it. A figure that can't be read is a warning and stops nothing.
//
// # Circuit breaker
//
//	closed ──of the calls of 10 s, 20 or more, half failed──▶ open ──1 s, doubling to 30 s──▶ trial ──answered──▶ closed
//	                                                           ◀─────────────failed──────────────┘
//
// While it is open there are no tokens, and in the trial one for one call at a time. After it closes the rate is a tenth of the limit and
// doubles each second; of an endpoint without a limit it is what it was before. It is forgotten with the activation. What waits for it
// waits for a token, which is no silence to its campaign.
//
// # Pauses
//
//	sends ──OverQuota, Unauthorized──▶ paused ──ResumeChannel, or a probe of the quota succeeds──▶ sends
//
// The pause is durable before the gate has its answer. Probes run 1 s, 2 s, 4 s … 60 s apart. A rate limit answer pauses nothing: it stops
// one endpoint for 1 s, doubling to 8 s while it comes again.
//
// # Many nodes
//
// The gates of all nodes ask one channel. One that got less than it wanted keeps its turn until 0.3 s after the moment at which it was to ask
// again, so a node that is lost with its gate holds nobody up for longer. The budget of demand is the configuration's for each node that
// carries posters. A channel whose node's lease has lapsed grants nothing: another may have it by now.
//
// # Failure
//
// A question that fails is asked again by the gate under the same number, so no report is lost or counted twice. If the journal refuses an
// event, the activation ends and the next one stands on what is durable. Requests for demand that waited in the old activation are lost:
// composers ask again, or the campaign's re-drive does.
//
// Demand that was lost with its holders is missed until the campaign, silent for StallAfter, sends the window again; what is held for a window
// of which nothing is to be sent any more is freed by the campaign's next question.
package channel
