// Package census tells which actors are in memory, and what waits in their mailboxes, on all nodes of the fleet.
//
// Each node has a plain actor, named "census", that looks at its own node's actors when it is asked. Whoever asks the fleet asks all of them at
// once and waits for patience at most: a node that doesn't answer is named with the reason, and takes nothing from the others' answers.
//
// A look costs about 0.1 µs for each actor in memory, so one node makes one at a time; nothing is kept between two. Identities are shown as
// they are, also private ones: who may ask is the caller's to see to.
package census
