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
// Single messages have no campaign: books (package message) accept them, tell posters, and judge their reports.
//
// Checkers also tell their channel's statistics and usage ledger, and the experiment that their campaign names, see package tally. How users
// want to be written to is kept in books that live where the users' posters do, see package recipient. Each node's list of campaigns (package
// catalog) follows the campaigns' stored events. Webhooks follow them too, and those of checkers, and deliver what is worth telling (package
// webhook). Where it is wanted, all of them are published (package publish).
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
// # On many nodes
//
// Every message and answer but those between a poster and its gate has a name on the wire (wire.go). A grain ends in one of two ways: its
// node is lost, or its shard is handed over (Vacate), and then it says in its last turn what it held.
//
//	            lost with its node                                handed over
//	campaign    its reminder wakes it elsewhere; it asks the      told Part before: it notes which windows stand with composers
//	            checker and sends all that is unsettled again     elsewhere, and only the rest is sent again; a node younger than
//	                                                              5 s, or one that saw a loss since, doesn't trust that: as if lost
//	composer    ShardsLost: what is unsettled of its windows is   untold first dispatches are returned (Untold), re-drives dropped
//	            sent again                                        (Dropped): sent again after 0.1 s
//	poster      ShardsLost: what is unsettled, was told to        calls have 800 ms to end; untried paths are returned, as are the
//	            somebody, and falls into a lost shard is sent     halves of a split that nobody sent; the rest is Dropped, and sent
//	            again, after its Redriven is durable              again after 0.1 s; its gate has its tokens back at once (Left)
//	checker     posters repeat reports after 2 s, composers       reports that are not judged yet go on to the next activation
//	            returns; campaigns ask for its figures at once
//	messages    reminders wake the book elsewhere; what it may        what posters have not tried comes back to the next activation,
//	            have told posters is sent again in doubt              the rest is in doubt
//	channel     composers ask for demand every second, gates for  requests for demand go on to the next activation; both ways the
//	            tokens 0.1 s after an Ask that failed             new one grants after 0.1 s, at the pace of the limit
//	gate        with its posters; its tokens' places at the       goes with its node, when the last poster has left
//	            channel are free again 1.1 s after their grant
//	Post        a Post that becomes a dead letter, because its    goes on to where the poster is
//	            member was lost or a way was full, is Dropped
//
// All times are from the moment at which the nodes know: ShardsLost is told by each node to its own campaigns (campaign.Local) after its
// directory and transport know of the loss. Where a word is lost all the same, the campaign finds what is unsettled after 60 s of silence.
// What is re-driven is in doubt, so a loss may make recipients unknown whom the provider refuses; a hand-over makes none, but for calls that
// didn't end in the 800 ms.
//
// A node whose lease has lapsed starts no call (gate.Deps.May) and grants no token (channel.Deps.May). A role that nobody carries shows as
// the reason of a running campaign, which looks again every second.
//
// # What is promised
//
// No recipient is missing from the ledger; none is sent a run's message twice as the provider counts it; delivered + failed + unknown +
// suppressed + expired + cancelled + pending is the number accepted. Delivered means that the provider accepted the message.
package actors
