package scale

import "math/bits"

// GrainFormula says how GrainBytes comes about.
const GrainFormula = "The model: 112 B of cell, 48 B for the identity (33 bytes in the next size class of the heap), 16 B of state, and one pointer for each place in the " +
	"kind's table, which has 64 shards and doubles, so 8 to 16 B."

// Bytes of an idle grain: what its parts take in the heap's size classes of 64-bit machines.
const (
	cellBytes     = 112
	identityBytes = 48
	stateBytes    = 16
	pointerBytes  = 8
	tableShards   = 64
)

// GrainBytes is the model of n idle grains.
func GrainBytes(n int) float64 {
	places := tableShards * ceilPower((n+first+tableShards-1)/tableShards)
	before := tableShards * ceilPower((first+tableShards-1)/tableShards)
	return float64(n*(cellBytes+identityBytes+stateBytes) + (places-before)*pointerBytes)
}

// ceilPower is the smallest power of two that is n or more, 4 at least.
func ceilPower(n int) int { return max(4, 1<<bits.Len(uint(max(n, 1)-1))) }

// MulticastFormula and PushFormula say how the bytes of a campaign come about.
const (
	MulticastFormula = "TODO"
	PushFormula      = "TODO"
)

// MulticastBytes is the model of what a uniform campaign of n recipients leaves in the store.
func MulticastBytes(n int) float64 { return 0 }

// PushBytes is the model of what a personalised campaign of n recipients leaves in the store.
func PushBytes(n int) float64 { return 0 }

// ReminderFormula says how ReminderBytes comes about.
const ReminderFormula = "TODO"

// ReminderBytes is the model of n pending reminders in memory.
func ReminderBytes(n int) float64 { return 0 }
