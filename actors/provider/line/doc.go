// Package line calls LINE's Messaging API for one channel: push, multicast, validate, quota.
//
// One Send is at most one request on the wire. The messages travel as the bytes that the caller gave, so a repeat under the same
// retry key is the same request:
//
//	POST {endpoint}/v2/bot/message/{push|multicast}
//	X-Line-Retry-Key: {Call.Key}
//	{"to":…,"messages":…}
//
// # What an answer makes certain
//
// Classify is the one place where an HTTP answer becomes a verdict; it is pure. An attempt that ends without an answer is Unsent only
// if it never had a connection (see leaving), which needs no list of the transport's errors: refused dials, unknown hosts, failed TLS
// handshakes and a context that ended while waiting for a connection all fall under it. Everything else without an answer is Doubtful.
//
// net/http never repeats a request here: the body has no GetBody, POST isn't idempotent for it, redirects aren't followed and the
// client speaks HTTP/1.1 only.
//
// # Checks before sending
//
// CheckMessages is the lint for message arrays: the number of messages, their types, required fields and the lengths that LINE counts
// in UTF-16 code units, with the place of the first mistake. It is meant for submit time; Send doesn't call it.
//
// # On failure
//
// Send and Validate answer, they never fail or panic. A channel access token that can't be had is Unauthorized, with the reason of
// whoever keeps the token, and nothing is sent. Quota returns an *AnswerError. Reasons never hold a user id or a token.
package line
