// Package schedule measures how late scheduled work starts: the time in the handler minus the due time, by one clock, the wall's of one
// machine.
//
// # What is like for like
//
// Every task is set before the first is due; a system that doesn't get that done in time fails its cell instead of looking late. A task's lateness
// is read as the first thing in its handler. Each handler does nothing else but what its system needs so that the task never comes again: ours forgets its
// reminder durably, a queue acknowledges. A cell ends when that is done for all.
//
// # Early, lost and twice
//
// A task whose handler began before it was due counts as early, and its lateness as nothing. A queue that does so by its nature stands in
// the table but is no candidate for best peer.
//
// Every row waits equally long: a task that isn't in its handler 30 seconds after the last due time is lost. One that is there twice counts
// as twice; its first time is its lateness.
package schedule
