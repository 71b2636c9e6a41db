// Package client speaks the daemon's HTTP API for the command line.
//
// A refusal by the daemon is an [Error] with the problem's words. Everything else (unreachable daemon, broken answer) is an
// error that names the server. A submission streams: the audience is never held in memory, and an early refusal ends the upload.
// Its Idempotency-Key makes it safe to send again after a lost answer.
//
// [Definition] turns a campaign file into the JSON that is sent: JSON goes as it is, byte by byte; YAML is translated so that
// message objects survive exactly (numbers keep their digits, an unquoted time stays a string).
package client
