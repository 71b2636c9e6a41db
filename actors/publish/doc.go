// Package publish tells other programs of every stored event of campaigns, of their ledgers and of channels: one grain, which follows the
// store and hands each event to a [journal.Publisher].
//
//	store ──Follow──▶ records of campaigns │ of checkers │ of channels ──▶ JSON ──▶ Publisher, one event of a kind at a time
//	                       ▲                                                          │ kept
//	                       └──────────── Moved{cursors}: at most one append a second ◀┘
//
// The journal is the outbox, as it is for webhooks: nothing is written for an event before it is published, and a publisher that was away
// costs nothing but its place. It begins where it is first started, not with what had happened before.
//
// # What is told
//
//	{"id", "type", "kind", "grain", "number", "time", "campaign", "data": {…}}
//
// type is the name by which the event is stored, such as campaign.window_opened; kind and grain say whose it is: a campaign's id, a run's
// (checker) or a channel's name. number counts the events of a grain from 1 without a gap, so whoever follows one can tell that nothing is
// missing. campaign is the campaign that a run belongs to. id is UUIDv5 of the cluster, the kind, the grain and the number: every copy and
// repeat of an event has the same. data depends on the type (render.go); an event whose data is of no use to others has none, and comes all
// the same for its number's sake.
//
// No user's id is told, and no text in which a provider could have named one: recipients are told by their index in the run, as the API
// and the export show it. Kinds whose grains or events are about single users are not followed at all.
//
// # What is promised
//
// At least once, and in the order of the numbers: an event is published again only from the last cursor, which after a kill -9 is about a
// second old. Between grains there is no order but that of time, and between kinds there is none. What the store forgets before it was
// published (retention, after a stop of that length) is not told.
//
// # On failure
//
// What isn't kept is tried again after 0.1, 0.2 … 5 s, without an end, and nothing overtakes it. A record that can't be read, such as one
// of a newer version, is passed over with one line in the log. A reminder keeps the grain awake over fail-over. On a node that is not to
// publish it stops: it goes on, from where it was, when a node that is to publish starts it again.
package publish
