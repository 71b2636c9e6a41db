// Package app puts the daemon together and takes it apart; it is the one place that knows every part.
//
//	certificates ▶ admin listener ▶ listen ▶ HTTP ▶ NATS ▶ journal ▶ temporary directory ▶ transport ▶ member ▶ engine and kinds ▶ join ▶ clock ▶ API
//
// HTTP answers from the beginning: until the API takes over, that the daemon lives, and what it waits for. All addresses are tried before
// anything is joined. Every step has a time, but for embedded servers that wait for each other.
//
// [Start] goes from left to right and [App.Stop] back. A step that fails undoes those before it, so a failed start leaves nothing
// behind. Between them the daemon watches its clock: while it is more than five minutes off the store's no provider call starts. It
// watches its data directory too: one that was removed or replaced ends the daemon. While the disk is too full for events, /readyz tells;
// orders are taken longest, see room.go. An embedded server that is one of several gives its copies of the store up for good when it finds
// the disk full, while the others go on: /readyz and an ERROR line tell, and the daemon ends as soon as there is space, so that whoever
// supervises it starts it again. The start of such a node waits for space.
//
// Every daemon is a member of a fleet (package cluster); alone it is the only one, has no address, and takes out of its store's view
// whoever else stands there. It locks its data directory and keeps there which starts it had: those have certainly ended, so that the
// next one replaces them at once. Nodes that share a store and can't talk to each other would wait for each other for ever: the later one
// refuses to start. So does one that is reached by nobody, or instead of which another answers, at the address that it tells the others.
//
// While the lease doesn't stand no provider call starts: each asks the member right before, and gates are suspended so that they don't
// even try. A role that nobody carries is a warning of /readyz and no reason to answer 503: it is the same on every node, and the others'
// work goes on.
//
// In a fleet Stop first tells the campaigns here that they move, hands over every shard and leaves, while requests are still answered;
// then it goes on as alone. A daemon whose part ended otherwise can do nothing useful any more: [App.Failed] tells, with [ErrDrained]
// where an operator wanted it. Where the store gives no answers, Stop gives the hand-over up after 1.5 s and is no failure: all that was
// acknowledged is stored, and the shards are taken over when the lease ends.
//
// A build with the tag crashpoints kills its own process at a named point, see crash.go; other builds have no such code.
package app
