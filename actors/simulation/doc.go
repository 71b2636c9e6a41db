// Package simulation plays the whole pipeline in memory and in virtual time, lets its process die at named points, and judges what came
// of it by the provider's own ledger. All of it is tests: nothing here is part of the product.
//
//	┌ world: outlives every death ───────────────────────────────────────────────────────────┐
//	│ journal.Memory   linesim.Sim   client and operator   transcript                        │
//	│ objects.Memory        ▲               │                                                │
//	│ ┌ incarnation: cluster.Member alone, engine.System, gates, every kind, as the daemon ┐ │
//	│ │  store, objects      caller            Ask                                         │ │
//	│ └────────────────────────────────────────────────────────────────────────────────────┘ │
//	└────────────────────────────────────────────────────────────────────────────────────────┘
//
// A scenario is an audience (pushes, multicasts, unknown users, a row that can't be rendered, a duplicate), limits, faults of the
// provider and of the store, orders of an operator, and crashes: a point and how often it is reached before the process dies there. From
// that instant no append of the incarnation is stored, no call starts, and no answer reaches anybody. An append under way is lost, or
// stored, or arrives when the next incarnation has claimed the shard and is then refused; a call under way may be accepted. A second later
// the next incarnation begins over the same store.
//
// An operator may redrive: then a recipient got at most one message of each generation, and one of a later generation beside one of an earlier
// only where the later was raised from an acknowledged unknown. Of which generation a message is follows from its key.
//
// # The judge
//
// When every campaign is final: each recipient stands in the ledger once; delivered means that the provider accepted this body for this
// user once, unknown at most once, everything else never; no stranger got anything; the sum of DESIGN 6.10 holds, for the campaign and
// the checker alike; no second has more starts of calls than the limit; no call starts later than a second after a pause or cancel was
// acknowledged; events are numbered without gap or overlap, whoever stored them; and a last incarnation reads back exactly what the
// one before had in memory; and a minute after the end no composer and no poster is in memory. Recipients in whose calls no unknown user stands must be
// delivered to, where nobody cancels.
//
// A mutant is the product with one rule broken at a seam (store, provider, an actor that wraps the real one). The judge must find each.
//
// # Commands
//
// An operator's commands come in random sequences (commands_*_test.go), over up to three accounts with limits, quotas and faults of their own:
//
//	create    1 to 3,000 pushes and multicasts; now or later, with hours, expire_after, rank, behind another, by cron, in steps
//	command   pause, resume, cancel, rank, redrive failed, redrive unknown with and without the acknowledgement
//	account   limits, quota, the end of its pause
//	trouble   500 before and after, resets, time-outs, 401, both kinds of 429, slow answers, unknown users; kill -9 at once or at a crash point
//	wait      nothing, or up to a quarter of an hour
//
// A model says what the operator may expect: the status of each answer, the word for the state, rank, generation, how many are sent to again. After
// each command the sums are right, nothing that is delivered is less than before, and no recipient's outcome went down but of those who are sent
// to again. In the end trouble is over and everything resumed, and then besides what the judge says: every message came under a key of its own
// campaign's windows; no call started a second after a pause or cancel of it or of its series, while its channel was paused, outside of its
// hours, before it was due, or for the first time when it was too late; no second had more starts than the highest limit that was in force in
// it; recipients were reopened no more often than the operator asked; what a series says is the sum of its occurrences. In half of the
// sequences nobody looks but by the commands.
//
// -sim.sequences is how many are played (default 40). Rapid shrinks what fails, prints its seed for -rapid.seed, and keeps it in testdata/rapid, from
// where every run plays it first.
//
// # Crash points
//
//	campaign.persist.before  campaign.persist.after    every append of a campaign: before it is queued, after its answer
//	campaign.accepted                                  Accepted is durable, 202 not sent
//	campaign.planned                                   the plan is durable
//	campaign.window.opened   campaign.window.told      a window is durable; its composer is told
//	campaign.window.closed                             returned paths have left their window
//	campaign.deferred                                  who has quiet hours is durable, with the window if there is one
//	campaign.spared.before   campaign.spared.after     around telling the checker whom a window leaves out
//	campaign.redrive.before  campaign.redrive.after    around telling a composer of a re-drive
//	campaign.paused          campaign.resumed          durable, not acknowledged
//	campaign.cancel.asked                              durable, not acknowledged
//	campaign.redrive.asked                             the operator's redrive is durable, and nothing is reopened
//	campaign.replanned                                 a stretch of what was reopened is in the plan
//	campaign.finished                                  the end is durable
//	campaign.amended                                   what came of it after its end is durable
//	campaign.occurrence.heard                          a series has heard what came of an occurrence after its end
//	composer.tell.before     composer.tell.midway      around and between the dispatches of a piece
//	composer.tell.after
//	poster.call.before       poster.call.after         around a provider call
//	poster.report.before     poster.report.after       around a report to the checker
//	poster.suppressed.after                            it is stored that a user can't be reached, and the checker not told
//	poster.recorded.before                             the checker's acknowledgement has come
//	poster.half.before       poster.split.after        before each half of a split, after both
//	checker.persist.before   checker.persist.after     every append of a checker
//	checker.redriven.after                             Redriven is durable, Unsettled not answered
//	checker.reopened.after                             Reopened is durable, Reopen not answered
//	checker.ack.before       checker.ack.after         around the acknowledgements of a record
//	channel.persist.before   channel.persist.after     every append of a channel
//	journal.append.before    journal.append.after      around a batch of a shard's writer (of this package)
//	objects.put.before       objects.put.after         around storing a part or a chunk (of this package)
//
// # Seeds
//
// A seed makes the scenario; the scheduler's order and the product's own jitter are not ruled by it, so a failure may need several
// runs to come back. In every other scenario nobody asks for a campaign before it must be over: a question wakes what nothing else
// would have woken. What has failed once stands in testdata/seeds (random scenarios), testdata/storms or testdata/strains and is played
// by every run.
// -sim.seeds is how many new ones are played (default 60), -sim.first the first of them; -sim.keep writes failing ones there, with
// their transcripts.
package simulation
