// Package api is the daemon's HTTP interface: channels, campaigns, recipients, progress, health, metrics.
//
// It holds no state. Each request becomes one question, or a few, to the grains of package actors; what they refuse
// ([actors.Problem]) becomes problem+json (RFC 9457) with the same words. OpenAPI 3.1 is at /openapi.json.
//
// A submission is the one request that streams in:
//
//	definition ─▶ checks ─▶ BeginUpload ─▶ ticket ─┬─ go ───────▶ parts into the store ─▶ Accept ─▶ 202
//	   │ 422         │ 422       │ 409             │                   │ 422, disconnect: DropUpload
//	                                               └─ accepted ▶ hash only ─▶ equal: the same 202, else 422
//
// An explanation (POST /v1/campaigns/explain) takes the same two parts and stores nothing: its audience goes to temporary files, is planned by
// package explain, and is gone when the request ends, however it does. At most two are made at once; the third gets 429 with Retry-After. One
// body of each of at most 50 shapes of messages is shown to LINE's validation, ten a second over all explanations of a node, for 20 s at most.
//
// Promises: nothing is answered with 202 before the campaign's Accepted event is durable; a request that ends otherwise, for
// whatever reason, leaves no campaign behind; memory for a request doesn't grow with its audience. A lost answer is repaired by
// sending the request again with the same Idempotency-Key.
//
// Settings of recipients are imported alike: the whole file is checked into a temporary one before anything is changed, and is then
// applied book by book (package recipient). Only whole rows are ever in force; an import that breaks off is sent again.
//
// At most eight submissions and imports are received at once. A sender that is slower than 1 KiB/s ends with 408, after 10 s of grace, and so
// does the slowest of those under 64 KiB/s when another waits for its place. What can't be had otherwise gets 503 with Retry-After.
//
// A request that needs a role which no node carries is refused with the type [TypeRoleMissing]. While this node's lease doesn't stand,
// because NATS gives no answers, all that needs the store waits for a second, and is refused with [TypeStalled] then.
//
// Everything but /healthz and /readyz needs the bearer token where one is configured.
package api
