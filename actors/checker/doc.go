// Package checker holds the facts of a run: it is the only writer of outcomes, splits and unknown.
//
//	Open ──▶ ledger of pending recipients
//	Report ──▶ judged (verdict.go) ──▶ packed (≤ 500 reports or 100 ms) ──▶ one record ──▶ Recorded to each poster, Progress to the campaign
//	Unsettled ──▶ what it brings is judged ──▶ Redriven is durable ──▶ the paths to send again
//	Direct, GiveUp ──▶ what the campaign itself decided; whom a window leaves out, before anything of it is sent
//	Reopen ──▶ recipients with an outcome are pending again, for windows that come after
//
//	figures ──Count──▶ the channel's usage ledger and statistics (package tally), every 10 s and at the end, until both have them on disk
//
// It promises that nothing is acknowledged before its record is durable, that an outcome is replaced only by a greater one, that a
// path which was re-driven in a window is never returned from it, and that a returned path is never named for sending under that
// window again. All decisions are functions of the ledger, which is a fold of the journal; reports that concern the same
// recipients are never judged in one batch, so that each is judged against everything recorded before it.
//
// An operator's redrive begins a generation of the recipients that it reopens (lives.go). Windows are numbered over all generations, so a report's
// window tells which one it is about: a doubt, a return, a split and a question what is unsettled are those of its window's generation and of no
// other. A recipient is pending while the newest one has no outcome, but delivered at once; in the end the greatest outcome of all is its own.
//
// Figures by month are part of the fold (figures.go), so they are as durable as the outcomes. The first record that changes them sets a
// reminder in the same batch, and the record that both tallies have everything takes it back: whoever is killed, they are told.
//
// On failure (a refused append, a panic) the activation ends and nothing was acknowledged: posters repeat their reports.
package checker
