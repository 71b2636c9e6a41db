// Package message sends single messages to one user at a time, in order: now, or when they are due.
//
//	API ──AcceptMessages──▶ book (channel, shard, volume) ──Lookup──▶ book of the users' settings
//	                          │ ▲ 256 a channel             ──Post──▶ poster ──▶ gate, as every call
//	   reminders with payloads│ │ └─Payload, when there is room          │
//	   (in the same append)   ▼ └───────────────Report───────────────────┘   book ──Recorded──▶ poster
//	                        timetable                                        book ──Count──▶ usage ledger, statistics
//
// A book is a durable grain. It is intent and ledger at once: it accepts messages, tells the poster of a user about one at a time, and judges what
// the poster says. Books have the identities of the books of settings (package recipient), so a user's messages, his settings and his
// posters live in one shard; a book for each user would be a subject of the store for each.
//
// # States
//
//	scheduled ──due──▶ pending ──told──▶ sending ──▶ delivered | failed | unknown
//	    ▲                │  ▲               │
//	    └──quiet hours───┤  └───returned────┘
//	                     └──▶ suppressed | expired | cancelled
//
// What a message says stands in its reminder's payload only, which is on disk until it has an outcome; the book's events and its memory hold
// whose it is, when it goes and hashes of its key and content. It is read when the message is the next to its user, and is in memory until it has
// an outcome, or is given back or put off. All books of a channel on a node share a budget for this ([Deps].Budget, the daemon's demand-bytes): who
// finds no room waits, and gets it in the order of due times. A book loads up to 64 messages at once and waits only for the first of them, when it
// holds nothing for others that aren't told yet; so nobody waits for room that waits for him. A message counts as the longest while it is
// read, then as what it takes. Each channel has a budget of its own, because one whose provider is away may hold its for hours.
//
// # Order
//
// Messages to one user go in the order of their times, then of their numbers. The next is told to the poster when the outcome of the one before is
// durable. One that quiet hours have put off has the end of these hours for its time; an urgent one is not put off, and so goes before it. What a
// user's settings say follows by the rules that campaigns have (recipient.Screen): to whom it is always quiet only what is urgent goes.
//
// # Windows
//
// A message's first window is its acceptance: it begins when the message is due, and is not written anew. Its calls have the key of (channel, book,
// number, window) and start within [actors.CallDeadline]. What was given back untried gets the next window (Returned, durable before it is told
// again). A dispatch is no event. Instead the book says once that from now on it tells posters (Began), and once that nothing is with them any more
// (Rested), with records that it writes anyway but for the first. An activation that finds Began without Rested takes everything whose time had
// come for in doubt, up to [actors.MaxSkew] ahead: it is told again under the same key with a Number, and from then on a final refusal makes it unknown, as does what
// would keep it from going (opted out, expired): it may have been sent. After [actors.GiveUpAfter] without an answer it is unknown.
//
// A message that a poster has had for a minute, while nothing of the channel's messages waits at any gate, was lost on its way: it is told again
// likewise.
//
// # The channel
//
// All single messages of a channel are one run at its gates and the channel itself ([actors.MessagesRun]): always active, of high priority, and of
// the weight of one run. Limits, pauses and the breaker are as for every run; the quota isn't reserved for them, and the provider's refusal pauses the
// channel. While the channel doesn't send, what posters have comes back; the book asks every few seconds whether it does again. A channel that was
// removed is one that doesn't send; the API removes none whose messages wait.
//
// # Idempotency, retention, bounds
//
// A key comes hashed together with its user: the same key to another user is another message. Messages that are over are kept for a day (told by GET,
// keys recognised), or until newer ones need their room: at least the newest 3,000 of a book. They don't say whose they were. A day after its
// end, late by an hour at most, a message is forgotten, and a snapshot takes the place of the events in which it stood; its reminder's record goes with its hour.
// A book takes 6,000 messages that wait, so a channel about 1.4 million, and refuses more with 507. A snapshot fits into one record of the store.
//
// # Failure
//
// Nothing is answered before it is stored. A crash at any point loses nothing and sends nothing twice as the provider counts; what was under way is
// in doubt. A store that refuses an append ends the activation, and posters repeat what they said. A user whose settings can't be looked up
// gets nothing until they can. Before a planned stop (DrainMessages) untried messages are asked back, so only calls under way are in doubt.
//
// A message that comes after a quiet time wakes its book, and the channel where that has left memory; a channel that was woken grants nothing in its
// first 100 ms.
//
// # Crash points
//
//	messages.persist.before  messages.persist.after   every append of a book
//	message.accepted                                  acceptance is durable, not answered
//	message.record.before    message.record.after     around a record of outcomes, returns and Began
//	message.told.before      message.told.after       around telling a poster
//	message.ack.before       message.ack.after        around the acknowledgements of a record
package message
