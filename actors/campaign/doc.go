// Package campaign holds the intent: definition, audience, run, frozen plan, windows, pause and cancel.
//
//	(nothing) ──Uploading──▶ uploading ──Accepted──▶ accepted ──RunStarted──▶ planning ──Planned──▶ planned
//	planned ──WindowOpened…WindowClosed──▶ running ⇄ paused ──Finished──▶ finished | cancelled | expired
//	running | finished ──RedriveAsked──▶ the checker reopens ──Replanned…──▶ running, in a new generation
//
// A campaign that recurs, or has steps, is a series: it sends nothing itself. For each occurrence it begins an ordinary campaign over its own audience,
// whose id follows from what is due, tells it again and again to be what the series is (paused, cancelled), until it is over, and adds its figures up:
//
//	accepted ──Occurred, Skipped…OccurrenceEnded, OccurrenceAmended──▶ … ──Finished──▶ finished | cancelled
//
// Its figures follow what comes of an occurrence after its end, as long as that is one of those that it shows.
//
// The recipients of a run with variants, or at the recipients' local time, are divided into lots (package plan), whose time comes one after the other:
// nothing of a lot is opened before, what comes back is opened at once, and between two lots the run rests. Who gets which variant follows from the id of
// the campaign or of its series (actors.VariantOf). expire_after counts from each lot's own time: Lapsed says for how many recipients it is too late,
// always the first ones, and takes back what of them is untried as a cancel does, while the others go on.
//
// So long after its end as Deps.Keep says it forgets its recipients: the checker keeps the totals, the chunks are dropped, and one snapshot
// stands for its events. A reminder comes every 30 s until all of that is on disk.
//
// [Intent] is a fold of the journal; decide.go is the only place that says what comes next, as a pure function of the intent and of
// what this activation has learnt; the actor applies one step after another. Whatever is lost with an activation is asked for
// again: the ledger's figures and returned paths from the checker, limits and pauses from the channel.
//
// # Recipients' settings
//
// Before a window is opened, and off the actor, its candidates are looked at with the settings of the channel's users (screen.go). Who wants
// nothing of it is in the window, in its event, and gets nothing; who has quiet hours waits for a later window (Deferred, in the same append),
// which looks at him again:
//
//	candidates ──Fetch──▶ settings ──none──▶ WindowOpened ──▶ the composer is told
//	                          └─some─▶ chunks, one at a time ──▶ Deferred, WindowOpened{Suppressed} ──▶ Direct{Window} ──▶ checker
//	                                                                             its answer ──▶ the composer is told
//
// The planner has put users with settings into pushes. A multicast whose members have got some since is called for the others (Compose.Except);
// quiet hours of its members count from the next plan on. Whom a window leaves out is in its event, so each dispatch of it has the same bytes. A
// later window of a multicast that came back leaves out the same ones and those who have opted out since; a redrive decides anew. Nothing of
// a window is dispatched, sent again or given up before the checker knows whom it leaves out, since it can't tell from a report.
//
// It promises: 202 stands for a durable Accepted event over verified parts; a window is durable before its first path leaves; only
// the campaign re-drives, and only what the checker answered to Unsettled; a path comes back to the plan only by a Returned that
// the checker recorded. A cancelled or expired campaign is planned too, so that every recipient is in its ledger.
//
// An unfinished campaign has the reminder "work", so an owner that claims its shard wakes it. A redrive of a finished one sets it again.
// An occurrence that has ended, or of which something was delivered after that, has the reminder "series" until its series has that on disk.
//
// # Where this differs from the design's text, and why
//
//   - The window's clock is the node's clock before the append, not the store's time stamp: it is earlier, so deadlines come earlier.
//   - An upload whose sender has been silent for 15 s may be replaced by another under the same key, because a client that retries after
//     a crash should not wait an hour; the replaced one can't be accepted any more.
//   - A window holds one minute of the run's share of the channel's limit, not ten: what a kill puts in doubt is ten times less.
//   - What came back opens a window of its own at once, as long as fewer than four are open, and goes before the rest. With the half of the newest
//     window that the others wait for, a planned stop of one node of many kept its part standing for seconds.
//   - A run that has not begun opens nothing before the channel has said whether the month's quota does for it, and again after each resume.
//     That nothing holds it any more only an answer to its question says: words without a question may come after a later answer.
//   - Silence, after which unsettled paths are sent again, counts only while the channel knows of nothing of the run that waits for demand
//     or a token. A run that waits its turn, or whose provider refuses connections, would otherwise lose the proof that it is untried.
//     Liveness stands: a lost command waits nowhere, so 60 s after the last one that does, its path is sent again.
//   - expire_after also takes back what is untried of open windows, as a cancel does; what is in doubt is still resolved, and the halves of a multicast
//     that was under way and is refused are still sent.
//   - The last node that stops drains (Drain): every run is held for this activation, so what is untried comes back before the node goes. Where
//     others go on nothing is held: composers and posters that leave give back what they held, and the campaign notes, as its newest event
//     (Parted), that the rest stands elsewhere, so that its next activation doesn't put that in doubt.
//   - What is lost with a node's posters is looked for here (lost.go): the checker names what is unsettled, the composer what it has not told
//     anybody, the frozen chunks whose posters were in lost shards. Only that is asked about with Unsettled, and sent again.
//   - A redrive is refused where nothing is to be sent any more: after a cancel, and once expire_after has passed. One that was asked for is carried
//     out also while a cancel waits, since what the checker has reopened has an outcome only by the plan.
//   - Who is in the plan again is sent to even where the older generation turns out to be delivered meanwhile: only unknown recipients can, and
//     for them a duplicate was acknowledged.
//   - A cancelled campaign that a full store keeps from being planned for 10 s ends without a ledger: all are cancelled, nothing was sent.
package campaign
