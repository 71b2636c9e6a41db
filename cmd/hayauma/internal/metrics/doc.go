// Package metrics exposes what the daemon does to Prometheus: a registry of its own, read at each scrape. METRICS.md beside this file is the
// catalogue, made from catalogue.go by a test.
//
// Layers count in plain figures (atomic numbers, package meter's histograms) and know nothing of Prometheus; the collectors here read them.
// Histograms have classic buckets, and native ones of powers of two for a Prometheus that asks for them.
//
// # Mailboxes, one series per actor, still bounded
//
// Up to Config.AllActors active actors every one has its series. Above that only these have: plain cells (the daemon's own), the
// [Deepest] deepest mailboxes, and the [Deepest] oldest ones whose oldest message is over [StuckAfter]. One that was shown stays
// until it is drained, or for [KeptFor] when others are deeper, so that labels don't churn; [MostKept] is the most that is ever
// shown above AllActors beside the plain cells. Identities can't create series beyond that: overlong or malformed ones are
// shortened with a hash, and those that are personal data are shown as 12 hex digits of an HMAC. Channels, campaigns, operations and types of
// messages are bounded too: what is beyond is counted together.
//
// # What a scrape costs
//
// Up to Config.LookAtAll actors each scrape looks at all of them. Where there are more it asks the engine for those with a backlog, which
// costs nothing for the others, and takes what is shallow from a survey: a look at all actors, made beside a scrape when the last one is
// 10 s old, for the next scrape. So what waits in shallow mailboxes is told late there, and actor_messages_received_total with
// it; it never goes back. A message that nothing follows is found stuck by the survey.
//
// A scrape never fails because of what actors are called or how many there are. Where the store gives no answer in time its
// figures are left out and journal_errors_total counts it.
package metrics
