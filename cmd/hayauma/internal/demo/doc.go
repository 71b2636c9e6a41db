// Package demo shows the whole daemon without an account: it starts one in this process with an embedded store in a temporary
// directory, a simulator of LINE on a loopback port, submits two campaigns from audience files through the HTTP API, follows them,
// and compares two ledgers that share nothing: what the daemon exports, and what the simulator accepted.
//
//	personalised   one text for each recipient: goes by push
//	uniform        one text for all: goes by multicast
//
// The report is ok only if, recipient by recipient, everything that the daemon calls delivered was accepted by the simulator exactly
// once and with exactly the bytes that the audience file says, and the simulator accepted nothing else; a recipient that the daemon
// calls unknown may be in either. A recipient's text follows from its id by code of this package, not by the daemon's.
//
// Everything is removed at the end, also when it is interrupted.
package demo
