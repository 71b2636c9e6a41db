// Package enginetest helps to test actors, mostly in testing/synctest bubbles.
//
//	NewSystem    a system with a journal in memory, killed when the test ends
//	Journal      engine.Journal over one shard of any journal.Store, with reminders on timers
//	Probe        a cell that records what it receives and waits for the n-th message
//	Wire         stands before a cell and loses, doubles, delays and reorders what is sent to it
//	Network      an engine.Transport for each of many members, with latency, cuts, resets and crashes at exact times
//	Rand         random numbers from a seed that is printed when the test fails
//
// A crash is simulated by killing a system and making another over the same store: the new journal's claim fences the old one.
//
// Failures end the test; nothing here is meant for production.
package enginetest
