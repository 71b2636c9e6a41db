// Package tally keeps a channel's figures by month, told by the checkers of its runs: the statistics, and the usage ledger.
//
// Both are the same book under two kinds, with journals, shards and roles of their own, so that one survives what befalls the other,
// and may live on other nodes. Statistics go by months of UTC, the ledger by months of actors.BillingZone. In the ledger `delivered` is
// what the provider accepted: one message per recipient, whatever the number of message objects (LINE bills so); LINE does not bill
// what it accepted for a user who has blocked the account, which nobody but LINE knows, so the ledger is an upper bound. `unknown` may
// be billed. An outcome counts in the month in which the provider accepted it, as the poster's report says, whenever it became known:
// a month is never closed, it only stops changing. Where a 409 told of an acceptance, that is the month of the 409, which comes within
// 22 h 50 min of the acceptance.
//
// An experiment is such a book as well, of a channel's campaigns that name it: in the place of a month stands a variant's name, and pending recipients
// are counted, too, so that a variant's outcomes add up to its recipients. Started and Finished count campaigns with that variant.
//
// # Exactly once
//
//	checker ──Count{version, figures, told, base}──▶ book: replace the run's figures where the version is newer ──Counted──▶ checker
//	   ▲ repeats until Counted: from memory, and by a reminder of its own after a crash                                        │
//	   └── Told{version} is durable ── Count{version = told}, "never again" ──▶ book: a day later the run is forgotten ◀───────┘
//
// A run's figures are absolute and have a version, so a repeat, a copy or an older word changes nothing: the book adds the difference to
// what it has of the run. Of a run that it doesn't have, it adds the difference to the word's base, the figures of the version that the
// checker has on disk as told. That is exact, because
//
//   - the checker has told on disk only what the book answered from its disk, so figures of base are in the book;
//   - the book forgets a run only after the checker said that it has told the book's version on disk, so they are no older than what is
//     in the book;
//   - words from before that say otherwise are stale (actors.WordsGoStale) by the time it forgets, a day later, and refused. A member
//     whose clock is wrong by hours makes no calls, and one that slept as long is no peer any more when it wakes.
//
// A book of single messages (package message) is such a run for each month, and is told of as checkers are.
//
// # Bounds
//
// A book holds a line per month or variant (ten a campaign at most), and one per run that is unfinished, not yet told to the end, or was told
// within a day. Where the word "never again" was lost, the book asks for it a day later. Statistics of a channel that was removed stay.
//
// On failure: nothing is answered before it is stored; a checker that gets no answer for two minutes asks again after 15 minutes, half an
// hour, and so on up to six hours, so that runs whose books nobody carries don't fill the memory.
package tally
