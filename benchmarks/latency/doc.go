// Package latency measures how long messages and questions take under load, without coordinated omission.
//
// # The load
//
// An open loop: message i is due at start + i/rate, and that is fixed before the first is sent. Its latency counts from then, not from
// when it was sent: a system, or a scheduler, that keeps the sender from sending is charged for all who wait behind it. A
// closed loop would send later instead, and so leave out what hurts most (the "coordinated omission" of Gil Tene's talk
// "How NOT to Measure Latency").
//
// The rate is one for all, so that systems of different capacity can be compared; or a share of what the same system took just before in
// the same process, in a closed loop with the same actors, the same stamps and the same hand-over (4,096 messages or 256 questions under
// way), which at full scale ran for half a second to warm up and then for a second. Rows of shares are at rates of their own: their
// latencies are not compared, and their figures are better in no direction.
//
//	due ──▶ sent ──▶ handled              tell: the actor reads the clock
//	due ──▶ handed to an asker ──▶ answered   ask: the asker reads the clock
//	    └─ the generator's own lateness, a figure
//
// # The generator
//
// One goroutine on the same processors. It reads the clock for each message. Before a message is due it yields ([runtime.Gosched]),
// so whoever can run does so first; at these rates a message is due every few microseconds, which is less than a timer can wait for.
// Only where more than 2 ms are left does it sleep, and then wakes 1.5 ms early. It never waits for a system but where the
// system's own call blocks, as a full channel does.
//
// A message goes to one of the actors at random, the same for all systems. Messages lie in a ring and are used again once they were
// handled; when the ring is full of unhandled ones the generator allocates more, so a backlog doesn't hold it.
//
// Questions are handed to a pool of askers, through a channel that holds all of them: a question that finds no free asker waits there,
// and the wait counts.
//
// # Promises
//
// Percentiles are exact (package percentile, nearest rank): all samples are kept, outside Go's heap, so that the collector's pace is that of the system alone.
// What is told is counted by the actors. A question without its answer is lost, and its sample is the time until its caller gave up.
//
// # Failure
//
// A system that doesn't handle everything within the patience of the context ends the cell with an error, and what is missing is counted.
package latency
