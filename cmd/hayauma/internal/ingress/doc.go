// Package ingress answers the requests of the HTTP API over NATS: a service as the NATS micro protocol has it, with one endpoint for each
// operation of the OpenAPI document.
//
//	program ──hayauma.v1.<operationId>──▶ one node of the queue group ──▶ admitted? ──▶ the API's own http.Handler
//	   ▲        headers, Params, body                                        │ 503              │
//	   └──────────── Hayauma-Status, headers, body ◀─────────────────────────┴──────────────────┘
//
// It is a bridge and knows no operation: schema, problems, authorization and idempotency are those of package api, because its handler
// answers. Services and their figures are found by `nats micro ls`, `info` and `stats`; an endpoint's metadata has its method and path.
//
// # A request
//
// The subject names the operation. Headers of the message are those of the request: Authorization: Bearer TOKEN where a token is
// configured, Idempotency-Key, Content-Type (absent: JSON). The header Params has the path's and the query's parameters, encoded as a query:
// id=0b6…&limit=10. The body is the request's. Of an operation whose body is a form (submit-campaign, explain-campaign) it may also be a
// JSON object whose members are the parts: an object as it is, an array as its rows, a string as CSV.
//
// # An answer
//
// The header Hayauma-Status is the HTTP status; the others and the body are the response's, problems (RFC 9457) included. From 400 on it
// also has Nats-Service-Error and Nats-Service-Error-Code.
//
// # Promises and failures
//
// At most [atOnce] requests of a node are in a handler, and at most [waitingMost] and [waitingBytes] are here at all: others get 503 with
// Retry-After at once, and so does one that has waited for a handler for a second: it has had no effect. One that is not answered within 30 s gets 504, and may have had its effect, as one whose answer is lost; what is repeated
// with its Idempotency-Key takes effect once. An answer that is larger than the server's max_payload becomes a problem (413); larger requests
// are refused by the client's library. watch-campaign is not served: its events are published (package publish).
//
// Stop unsubscribes first, so that others get what comes from then on, or the client is told that there is no responder; then what is here
// is answered.
package ingress
