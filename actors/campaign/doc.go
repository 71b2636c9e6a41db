// Package campaign holds the intent: definition, audience, run, frozen plan, windows, pause and cancel.
//
//	(nothing) ──Uploading──▶ uploading ──Accepted──▶ accepted ──RunStarted──▶ planning ──Planned──▶ planned
//	planned ──WindowOpened…WindowClosed──▶ running ⇄ paused ──Finished──▶ finished | cancelled | expired
//
// [Intent] is a fold of the journal; decide.go is the only place that says what comes next, as a pure function of the intent and of
// what this activation has learnt; the actor applies one step after another. Whatever is lost with an activation is asked for
// again: the ledger's figures and returned paths from the checker, limits and pauses from the channel.
//
// It promises: 202 stands for a durable Accepted event over verified parts; a window is durable before its first path leaves; only
// the campaign re-drives, and only what the checker answered to Unsettled; a path comes back to the plan only by a Returned that
// the checker recorded. A cancelled or expired campaign is planned too, so that every recipient is in its ledger.
//
// An unfinished campaign has the reminder "work", so an owner that claims its shard wakes it.
//
// # Where this differs from the design's text, and why
//
//   - The window's clock is the node's clock before the append, not the store's time stamp: it is earlier, so deadlines come earlier.
//   - An upload whose sender has been silent for 15 s may be replaced by another under the same key, because a client that retries after
//     a crash should not wait an hour; the replaced one can't be accepted any more.
//   - A window holds one minute of the run's share of the channel's limit, not ten: what a kill puts in doubt is ten times less.
//   - Silence, after which unsettled paths are sent again, counts only while the channel knows of nothing of the run that waits for demand
//     or a token. A run that waits its turn, or whose provider refuses connections, would otherwise lose the proof that it is untried.
//     Liveness stands: a lost command waits nowhere, so 60 s after the last one that does, its path is sent again.
//   - expire_after also takes back what is untried of open windows, as a cancel does; what is in doubt is still resolved.
//   - The last node that stops drains (Drain): every run is held for this activation, so what is untried comes back before the node goes. Where
//     others go on nothing is held: composers and posters that leave give back what they held, and the campaign notes, as its newest event
//     (Parted), that the rest stands elsewhere, so that its next activation doesn't put that in doubt.
//   - What is lost with a node's posters is looked for here (lost.go): the checker names what is unsettled, the composer what it has not told
//     anybody, the frozen chunks whose posters were in lost shards. Only that is asked about with Unsettled, and sent again.
//   - A cancelled campaign that a full store keeps from being planned for 10 s ends without a ledger: all are cancelled, nothing was sent.
package campaign
