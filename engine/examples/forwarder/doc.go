// Forwarder copies a log to an API and loses nothing, though both of its actors may crash at any time.
//
//	flow (supervisor, outside the message flow)
//	├── consumer   polls the log, hands each record to the executor, commits what is done
//	└── executor   calls the API
//
// The log is read as Kafka's are: a consumer that joins reads on from the last commit, and one that does not poll within a deadline is
// put out of its group, because it seems to be dead.
//
// # Why the executor does not back off alone
//
// A consumer polls again when the records of its last poll are done. Were the executor restarted alone, after a growing pause, the
// consumer would wait for it, miss its deadline and be put out, though nothing is wrong with it; and the group would be shuffled for as
// long as the API is down. So the two fail together (AllForOne): the consumer leaves the group by itself, the pause is the whole
// flow's, and afterwards the consumer joins anew and reads on from the last commit. What was executed and not committed is executed
// again: at least once is what such a flow can promise, and an idempotency key makes it once.
package main
