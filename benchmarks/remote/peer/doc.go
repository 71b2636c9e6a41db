// Package peer puts one small interface in front of each system that carries messages between two processes.
//
// # What an adapter does
//
// The receiver's side has one actor; every body that reaches it goes to a [Handle], and what that returns goes back to whoever sent the
// body, by the system's own means. The sender's side sends bodies to that actor. An adapter batches, connects again and
// times out as its system does by itself; the two floors, which have no system, do it in [link].
//
// # What it promises
//
// A body that the system gave up, and said so, is reported: by the error of Tell, or to [Events].Dropped for a dead letter. A
// notification that names a connection and no message goes to [Events].Notice. What is neither reported nor handled was lost silently.
//
// # Adding a system
//
// Write one file with a type that has [Peer]'s two methods, and name it in [All].
package peer
