// Package queues delivers a campaign by job queues: asynq on Redis, River on PostgreSQL, and today's design, PHP workers on Redis.
//
// # Shape
//
//	composer  reads the audience and puts one job per request into the store: a push, or a multicast of up to 500
//	store     a server of the cell's own (package servers); it goes on when the senders are killed
//	poster    a worker: renders, calls the provider under the job's retry key, says how the job ended
//
// asynq and River run in one child process each, with as many workers as calls may be in flight. They render with the product's template
// package and call through the product's client, with the product's transport. The PHP design is worker.php: one process per worker,
// all started and connected before there is a job; its workers are its number, whatever may be in flight.
//
// # The due time
//
// A job is due 300 ms after it was composed, and all workers run by then. Those of asynq and River have a paused queue, which is resumed at
// the due time: asynq's workers look every 2 ms, River's are notified once the change is committed. That is the better for River:
// started at the due time, River's first call came 19 to 32 ms after it instead of 8 to 11, asynq's 1 to 2 ms sooner; and River's
// scheduler would have to move each job that had a time of its own. PHP's workers block on a Redis list.
//
// # What is done after an answer
//
//	200, 409                 done: accepted now, or earlier under the same key
//	429, 408, 5xx, no answer sent again by the queue's own retry after a second, under the same key, up to 25 times
//	other 4xx                failed
//
// What is recorded is what users of the queue have: asynq deletes what is done and archives what failed, River keeps job rows that are
// completed or cancelled, PHP counts in Redis.
//
// # Settings
//
// Every setting that differs from a default stands in the row's description, with its reason at its place here. Unix sockets and
// custom plans favour the queues. At a limited rate asynq and River have one goroutine that hands out turns; a PHP worker keeps its
// share of the rate, which costs no round trip.
//
// # A kill
//
// Recovery is the queue's own. asynq: a lease of 30 s, taken over when it has been expired for 30 s, looked for once a minute. River: a
// job is rescued when it was fetched 20 s ago, the shortest that is safe with calls of up to 10 s, looked for every 30 s by the leader;
// a killed leader's term has to end first. PHP: 30 s after a job was taken. None loses a job; each may make a call again, which the
// provider answers with 409.
//
// # Failure
//
// A sender that ends by itself is an error of Finish, with the end of what it wrote to its standard error.
package queues
