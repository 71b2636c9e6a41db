// Package app puts the daemon together and takes it apart; it is the one place that knows every part.
//
//	listen ▶ NATS ▶ journal ▶ temporary directory ▶ shards ▶ actors ▶ reminders ▶ HTTP
//
// [Start] goes from left to right and [App.Stop] back. A step that fails undoes those before it, so a failed start leaves nothing
// behind. Between them the daemon watches its clock: while it is more than five minutes off the store's no provider call starts. It watches its data directory too: one that was removed or
// replaced ends the daemon. While the disk is too full for events, /readyz tells; orders are taken longest, see room.go.
//
// When another process takes the store (external NATS only) the daemon can do nothing useful any more: [App.Failed] tells.
//
// A build with the tag crashpoints kills its own process at a named point, see crash.go; other builds have no such code.
package app
