// Package recipient keeps how the users of a channel want to be written to: opted out of everything or of topics, time zone, quiet hours,
// and suppressed, because the provider will never take a message for them. Only users whose settings differ from the defaults are kept.
//
//	API ─────Change, Lookup──▶ book (channel, shard, volume) ──Changed──▶ journal
//	checker ─Suppress────────▶  │ 256 a channel
//	                            ▼ Since: what is new after a revision
//	                  Sets (one a node) ─Fetch─▶ Set ─Of(user)─▶ settings
//
// # Books
//
// A book is a durable grain of one channel and shard of the posters' role, whose name ("channel/token") was chosen so that its affinity key
// falls into that shard: a user's settings live where his posters do. One record of the store (768 KiB) can't hold what a shard of a
// large channel has, so a shard's users are spread over four volumes by another hash, each a book of its own. A book takes 24,500 LINE users
// with like settings, so a channel takes about 6 million (its books are filled evenly but for 2 %); a book that is full refuses more
// with 507, and takes what makes it smaller. Each book counts revisions, one for each event.
//
// A book that was never written to has no record. Before its first one its channel notes that it is there, for good: so whoever needs all
// settings of a channel asks the channel, and then the books that have anything. Of a channel that an earlier build has written all are asked
// once. A book that was never written to is asked by no campaign. The settings of a channel that is removed stay: a user who has opted out has
// opted out, also of a channel that is added again under its name.
//
// # Changes
//
// A change says what shall be of some settings of some users, so repeats do no harm. The event holds the whole settings of those users who
// are different after it. A suppression has the first reason that was given, and only a reset (all settings to the defaults) ends it.
//
// # Sets
//
// A Set is everything of one channel, in memory (a Screen says what follows from it for a message): 32 bytes for a user with a LINE id, plus each
// distinct combination of settings once. It never changes; a newer one shares with it the books that have nothing new. Fetch asks the books what is new and returns a set with
// everything that was durable when it was called; calls at the same time share one round. Of a channel without settings a round is one question.
// What is new comes as a delta, in pieces of up to 4,096 users: those who changed first come first, so what changes between two pieces comes later. Users who were set back to the
// defaults are in it as tombstones. A book keeps the newest 1,024 of them or more, and who asks for older ones gets everything.
//
// A round that finds nothing new costs a small question for each book that has anything, 256 at most. One for each node instead of each book would
// need the owners of shards, which only the engine's Directory knows: actors are not told where they are.
//
// # Bounds
//
// A node keeps one set a channel, drops it when nobody fetched it for ten minutes, and keeps all of them together below SetsConfig.MaxBytes by
// dropping those that were not fetched for longest; only the newest may be larger, up to 200 MB for a full channel. A file of settings is read
// row by row.
//
// # Failure
//
// Nothing is answered before it is stored. A Fetch fails when any book gives no answer, and nothing of it is used: a recipient must not get
// a message because his book could not be asked. Ids of users are personal data: they are in no log, no name of a grain, and no error.
package recipient
