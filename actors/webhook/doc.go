// Package webhook tells other systems what has happened: one grain for each endpoint, which delivers domain events by signed requests.
//
//	store ──Follow──▶ records of campaigns and of checkers ──▶ facts (facts.go) ──▶ queue (≤ 1 MiB) ──▶ one POST at a time
//	                          ▲                                                                              │ 2xx
//	                          └────────────── Delivered{cursors}: at most one append a second ◀──────────────┘
//
// The journal is the outbox: nothing is written for a delivery before it is made, and a webhook that is down for days costs no memory, but
// the place of its cursors. A new one begins where its own first record stands in the store.
//
// # What a delivery is
//
// A POST of {"id", "type", "at", "campaign": {…}, "data": {…}} with Webhook-Id, Webhook-Timestamp and Webhook-Signature as in the Standard
// Webhooks convention: v1,base64(HMAC-SHA256(secret, "id.timestamp.body")), where a secret that begins with whsec_ is base64. The id is
// UUIDv5 of the cluster, the webhook, the grain and number of the event, and the part; so a fact has one id, however often it is told, also
// where the store has its record twice.
//
// # What is promised
//
// At least once: a cursor moves after the answer, and a kill -9 repeats about the last second's deliveries, under the same ids. Facts of
// campaigns come in the order in which they were stored, and so do those of recipients; between the two there is none, so that the last
// recipients.failed may come after campaign.finished. campaign.progress is a glance at the figures of the moment: at most one in 10 s of
// each campaign, none after campaign.finished, and none that is missed is made up for. A pause of a channel is no event of a campaign.
//
// # On failure
//
// Anything but 2xx is tried again after 1, 2, 4 … s, 10 min at most, with jitter. Once a try fails, what waits and is older than 3 days is
// given up, counted and logged. 410 Gone pauses the webhook until it is added again; then it goes on where it was. What is missing on our
// side (no node carries a role, the secret is not set) is waited for without an end. A record that can't be read, such as one of a newer
// version, is passed over with one line in the log, and so is what belongs to a run that is no longer stored.
//
// Each webhook waits for its own endpoint only. A reminder keeps it awake over fail-over. Its followers are Go functions that don't end by
// themselves, so a planned hand-over of its shard takes as long as Go functions are waited for (0.8 s).
package webhook
