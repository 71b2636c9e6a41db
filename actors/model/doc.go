// Model explores the sending protocol exhaustively: an explicit-state model of windows, dispatch and re-drive, in doubt, splits,
// Returned, cancel, the operator's redrive and the 23 h rule, against the provider's retry-key table.
//
//	state ──every action of every part──▶ states ──▶ … breadth first, with at most N faults in one behaviour
//
// It promises that a violation comes with a shortest trace, and that "no violation" holds for every behaviour of the configuration
// within its faults, unless "NOT exhausted" is printed. It fails with exit status 1 when a property is violated.
//
// Each rule of the protocol is a switch (rules.go): a rule whose absence violates nothing in any configuration prevents nothing.
// Package actors/checker, actors/campaign, actors/poster and actors/composer implement the rules; who changes one there changes it here
// first. The README lists configurations, properties and what is left out.
package main
