// Package poster delivers: one grain per user of a channel, and one per multicast path.
//
//	Post ──▶ waiting ──Start──▶ calling ──answered──▶ waiting again (429, 401, not sent, in doubt) | reporting ──Recorded──▶ gone
//	             └──GiveBack, untried──▶ reporting Returned
//
// A poster waits for a token of its node's gate, makes one attempt under the path's retry key, and decides by decide.go what the
// answer means. It reports until the checker has recorded it, then leaves memory. It keeps nothing durable: what is lost with it is
// found by the campaign's re-drive, under the same key.
//
// Untried = a first dispatch that was never called, or answered only by what proves that nothing was accepted (401, 429, not sent).
// Only that may be returned, in the turn in which it is dropped. A poster that doesn't hold a path answers nothing.
//
// A poster whose shard goes to another node ends with Stopping (leave.go): it says of every path that it holds what becomes of it.
//
// Of a call to one user whom the provider says that nobody can ever reach (provider.Answer.NoUser), it has the user's book note that first, and
// reports the refusal then: until it is recorded, whoever sends the path again hears and notes the same (suppress.go). Only where the poster leaves
// in between, because its shard goes to another node, the refusal goes on its way without the note; the next campaign then learns it again.
//
// A command has its window's deadline: no call starts after it; then what is untried is returned, the rest is dropped.
package poster
