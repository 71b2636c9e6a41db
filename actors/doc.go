// Package actors is the delivery domain: the words that its grains say to each other. Each grain has a folder of its own.
//
//	                     ┌────────────────────────── Progress ─────────────────────────┐
//	                     ▼                                                             │
//	API ──Accept──▶ campaign ──Compose──▶ composer ──Post──▶ poster ──Report──▶ checker (ledger of the run)
//	                 │    ▲                 │    ▲            │   ▲                ▲ │
//	                 │    │ StandingOf      │    │ Granted    │   │ Start          │ └─Recorded─▶ poster
//	      RunStanding│    │ ChannelState    │    │            │   │ (a token)      │
//	                 ▼    │      WantDemand ▼    │       Wait ▼   │                │
//	                 └───▶ channel ◀─────────────┘ ◀─WantTokens─ gate (one a node) │
//	                 └──────────────── Open, Unsettled, Direct, GiveUp ────────────┘
//
// Checkers also tell their channel's statistics and usage ledger, see package tally. Each node's list of campaigns (package catalog) follows
// the campaigns' stored events.
//
// # The life of one message
//
// A campaign is accepted when its audience is stored and its Accepted event is durable. Its run is planned: every row is rendered
// once and hashed, equal bodies become multicast chunks, the rest push chunks, and from then on a recipient is an index. The campaign
// announces a window of chunks on disk and tells the window's composer. The composer renders a chunk when the channel grants demand and
// tells one poster per path. The poster waits at its node's gate for a token, makes one provider call under the path's retry key, and
// reports what is certain. The checker judges, records and acknowledges; the campaign opens the next window.
//
// # What may be lost
//
// Campaign, checker and channel are durable; composer, poster and gate are not, and every Tell between them may be lost. The campaign
// finds what has no outcome, asks the checker, which records the re-drive first, and sends the same paths again under the same keys.
// From a path's first attempt without a certain answer, and from its re-drive on, a refusal proves nothing any more: it is unknown,
// which is never sent again by itself. Package actors/model is an executable model of these rules.
//
// # What is promised
//
// No recipient is missing from the ledger; none is sent a run's message twice as the provider counts it; delivered + failed + unknown +
// suppressed + expired + cancelled + pending is the number accepted. Delivered means that the provider accepted the message.
package actors
