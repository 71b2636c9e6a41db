// Package remote measures messages between two processes on loopback.
//
// # Shape
//
//	cell ── starts ──▶ receiver ── ledger ──▶ cell
//	  └──── starts ──▶ sender ──── ledger ──▶ cell
//	         sender ═══ the system measured ═══▶ receiver
//
// The sender and the receiver are processes of their own ([Children]); package peer holds the systems. Both account for every message
// by its number in a ledger, a file in shared memory, which the cell reads at the end: also that of a process that was killed. Nothing but
// the measured messages goes between the two.
//
// # What is counted
//
// A message is lost when its number is in no receiver's ledger, and twice when it came again to one incarnation or came to both. A lost
// message is reported when the system gave its sender an error or a dead letter for it, and silent when it did not. A notification
// that names a connection and no message is shown, and reports nothing: a program can't tell from it what to send again.
//
// # Failure
//
// A sender waits for the answer to a mark for a bounded time; then the cell ends with what was counted. A process that dies
// ends the cell with its error and what was counted.
package remote
