// Package redisqueue imports from the queue that many shops run workers around: a Redis list of jobs that are ready, and a sorted set of
// delayed ones, whose scores are the times at which they are due. Jobs are JSON objects; testdata/queue.redis shows those that the
// defaults fit, as commands for redis-cli.
//
//	list, sorted set ──pages──▶ Mapping.Read ──lines by channel──▶ Send ──accepted──▶ Remove, where it is asked for
//	                                 │ problem: the job is left where it is, and told with its place
//
// A job becomes one single message, or one for each user where it names several. Its id is the message's key, and without one a hash of
// its text is, so that equal jobs without an id are one message. A job of the sorted set is sent when it is due, one of the list at once.
//
// Promises: what is read is never changed; a job is removed only when the daemon has durably accepted all of its messages, and only if
// removing is asked for; an import that breaks off, wherever it does, is run again and accepts nothing twice, for as long as the daemon
// remembers keys. The messages of one user are handed over in the order of the queue, the list before the sorted set. Memory is
// bounded by a page of jobs.
//
// The workers of the queue, and what moves due jobs into its list, are to be stopped before: what they take during an import is sent
// by both, and because the places of the others move, some are passed over until the import is run again. Jobs that are gone when they
// are to be removed are counted, because that tells of it.
//
// A refusal of some lines leaves those jobs out, and the others are handed over. A daemon that has no place just now, or is
// gone, is asked again for about two minutes. Everything else ends the import with an error.
package redisqueue
