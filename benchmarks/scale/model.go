package scale

import "math/bits"

// GrainFormula says how GrainBytes comes about.
const GrainFormula = "The model: 112 B of cell, 48 B for the identity (33 bytes in the next size class of the heap), 16 B of state, and one pointer for each " +
	"place in the " +
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

// MulticastFormula and PushFormula say how the bytes and records of a campaign come about.
const (
	MulticastFormula = "The model: 6,300 B, of which the books of statistics and usage have 2,250, and for each recipient 17 B of identity (16 and a length) in " +
		"a chunk with a head and an index entry of 115 B for 500, and 0.17 B of journal: " +
		"a window of 50 chunks is announced and settled with 4.2 kB in 2 records. That is 6,300 + 17.4 n bytes and 17 + 2 n / 25,000 records. " +
		"17 B, 500 and 50 are the format's; 6,300, 115 and 4,200 B and 17 records were measured by this experiment, once."
	PushFormula = "The model: 4,150 B, of which the books of statistics and usage have 2,250, and for each recipient 134.2 B of frozen audience (17 of " +
		"identity, 101 of variables, 16 of hash, 0.2 of its chunk) and 56 B of journal (the outcome with the " +
		"provider's id of the request). That is 4,150 + 190.2 n bytes. How many outcomes share a record depends on how many come while one is stored: about 370, " +
		"so 19 + n / 370 records. " +
		"17, 101 and 16 B are the format's; 4,150 and 56 B, 19 records and 370 outcomes were measured by this experiment, once."
)

const (
	multicastBase, multicastEach = 6300, 17.4
	pushBase, pushEach           = 4150, 190.2
	windowRecipients             = 50 * 500 // of multicasts
	windowRecords                = 2
	outcomesARecord              = 370 // of pushes
)

// MulticastBytes is the model of what a uniform campaign of n recipients leaves in the store.
func MulticastBytes(n int) float64 { return multicastBase + multicastEach*float64(n) }

// MulticastRecords is the model of how many records that is.
func MulticastRecords(n int) float64 {
	return float64(17 + windowRecords*((n+windowRecipients-1)/windowRecipients))
}

// PushBytes is the model of what a personalised campaign of n recipients, with 100 bytes of variables each, leaves in the store.
func PushBytes(n int) float64 { return pushBase + pushEach*float64(n) }

// PushRecords is the model of how many records that is.
func PushRecords(n int) float64 { return 19 + float64(n)/outcomesARecord }

// ReminderFormula says how ReminderBytes comes about.
const ReminderFormula = "The model: 24 B of slot, 16 B of heap, 5 to 11 B of index and some 40 B for the texts of identity and name, in slices that " +
	"grow by a quarter to a half: about 132 B in all, measured by this experiment, once, on the heap alone."

// reminderBytes is one reminder in memory.
const reminderBytes = 132

// ReminderBytes is the model of n pending reminders in memory.
func ReminderBytes(n int) float64 { return reminderBytes * float64(n) }
