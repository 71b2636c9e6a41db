// Package micro holds the workloads that measure one system inside one process.
//
// # A workload
//
// Each opens its system, spawns its actors, lets each handle one message, runs a warm-up, collects garbage and then runs the measured
// part. At full scale the warm-up's time says how much work that is: every system is measured for about as long. Sent messages are
// counted by the sender and handled ones by the actors; the difference is lost. Rates, processor time and allocations are of those that
// were handled or answered.
//
// Senders keep a window: of every 2,048 messages the last is a mark that the actor reports, and a sender waits for the mark before
// the last, so that at most 4,096 of its messages are under way. All systems get the same window, so none wins by a longer queue
// and a bounded mailbox never has to refuse. A channel makes its sender wait sooner, which is its nature.
//
// # Failure
//
// A mark, an answer or a rally that does not come within the patience of the context ends the run. Its result is returned beside
// the error and still counts what was lost.
package micro
