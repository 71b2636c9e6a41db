// Package linesim simulates LINE's Messaging API faithfully enough to judge a sender by it: LINE offers no sandbox and forbids load tests.
//
// Sim is the core: it holds no socket and no timer, and time comes with each question. Server puts it behind HTTP, as LINE does it;
// Sim.Provider puts it behind the pipeline's seam without any socket, so that a whole pipeline runs in a testing/synctest bubble. Both
// take the same way:
//
//	examine   pure: shape, limits, canonical hash of the messages; no lock
//	draw      which faults befall this request
//	decide    one lock: authentication → rate → retry key → recipients → quota → acceptance → the ledger
//
// A slow request is decided late, even if its client has left meanwhile; an answer's latency passes after the decision. So a client that
// gives up early finds both kinds of surprise.
//
// # What it keeps to
//
// Push, multicast, their validation, quota and consumption; retry keys of 24 h per channel with 409, the accepted request's id and, for a
// push, the same sentMessages; the rate per channel token and endpoint as a bucket that holds one second's worth and refills
// continuously; 1 to 5 messages, texts of 1 to 5,000 UTF-16 units, 500 ids, 2 MB; ids of unknown users (400 for the whole request) and
// of users who blocked the account (200, not billed). Of two requests with one key at once, one is accepted and the other gets 409.
//
// LINE doesn't say everything. Chosen here: a key's 24 h start with the first request that reached the endpoint, accepted or not, after
// which the key counts as new; an id that stands twice in one multicast is one delivery; the order of checks is an option
// (KeyFirst, BodyFirst); names that stand twice in one JSON object and half surrogate pairs are refused, because they have no canonical form.
//
// # The ledger
//
// One delivery is one accepted (request, user), whatever the number of messages; a user who blocked the account counts. A duplicate is a
// delivery of a (channel, user, body) that had one before: under another key, without one, or under the same after its 24 h. The ledger
// keeps 16 bytes per user, 16 per key, 32 per distinct body and no pointers: about 140 bytes for a push with a text and a key of its own,
// about 45 for a recipient of a multicast who wasn't seen before, which a test holds it to.
//
// # Why some checks stand here and in package line
//
// Required fields and types of messages come from line.CheckMessages: its table is held against LINE's OpenAPI file by a test, which is a
// better second opinion than a table by the same hands. What no published schema can be asked about is counted here by own code: the
// length of texts, the number of messages and ids, the size of a body, the form of ids and keys, and that media come by https (its refusals
// are worded as senders have reported them).
//
// # On failure
//
// No request panics; what can't be read is a 400. Server.Close lets requests go that are held for ever by a fault. An administrator's
// mistake (a bad fault list) is a 400 with the place and leaves everything as it was.
package linesim
